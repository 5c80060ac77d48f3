"""Which run of a tree is an approval or intervention about? The one that it names, or the child whose gate it names."""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.adapters.cluster.run_object import key_uid, parent_uid

Json = dict[str, Any]


def about(named: Json, submission: Json, tree: Iterable[Json]) -> str:
    """Return the key uid of the run that a submission is about, given the Run object that it names and all of its tree.

    A gate `step/childstep` is followed from parent to child, whether `status.gates` has room for it or not. Where no such
    child is there, it is the named run's to answer.
    """
    gate = submission["spec"].get("gate") if submission["kind"] == "Approval" else None
    if gate is None or "/" not in gate:
        return key_uid(named)
    for one in (named.get("status") or {}).get("gates") or ():
        if one["gate"] == gate:
            return str(one["run"])
    found, children = key_uid(named), _children(tree)
    for step in gate.split("/")[:-1]:
        if (found, step) not in children:
            return key_uid(named)
        found = key_uid(children[found, step])
    return found


def _children(tree: Iterable[Json]) -> Mapping[tuple[str | None, str], Json]:
    """Return the present child of each parent and step: that of the last attempt."""
    found = [one for one in tree if parent_uid(one) is not None]
    found.sort(key=lambda one: one["spec"]["parent"]["attempt"])
    return {(parent_uid(one), one["spec"]["parent"]["step"]): one for one in found}
