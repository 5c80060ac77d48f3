"""Which run of a tree is an approval or intervention about? The one that it names, or the child whose gate it names."""

from collections.abc import Iterable, Mapping
from typing import Any

from controller.adapters.cluster.run_object import key_uid, parent_uid

Json = dict[str, Any]


def about(named: Json, submission: Json, tree: Iterable[Json]) -> str:
    """Return the key uid of the run that a submission is about, given the Run object that it names and all of its tree.

    A gate `step/childstep` is followed from parent to child: to the child that was there when somebody decided. The next
    attempt's may ask the very same, with equal digest and request, but nobody was asked about it yet. Where no such child
    is there, it is the named run's to answer.
    """
    gate = submission["spec"].get("gate") if submission["kind"] == "Approval" else None
    if gate is None or "/" not in gate:
        return key_uid(named)
    made = submission["metadata"]["creationTimestamp"]
    found, children, again = key_uid(named), _children(tree), False
    for step in gate.split("/")[:-1]:
        attempts = children.get((found, step), [])
        # What only one run ever asked may be decided before it does.
        certain = [] if again else attempts[:1]
        # The API server dates by the second: in doubt somebody decided before.
        later = [one for one in attempts[len(certain) :] if one["metadata"]["creationTimestamp"] < made]
        if not certain and not later:
            return key_uid(named)
        found, again = key_uid([*certain, *later][-1]), again or len(attempts) > 1
    return found


def _children(tree: Iterable[Json]) -> Mapping[tuple[str | None, str], list[Json]]:
    """Return the children of each parent and step, those of its first attempt first."""
    found: dict[tuple[str | None, str], list[Json]] = {}
    for one in sorted((one for one in tree if parent_uid(one) is not None), key=_attempt):
        found.setdefault((parent_uid(one), one["spec"]["parent"]["step"]), []).append(one)
    return found


def _attempt(one: Json) -> int:
    return int(one["spec"]["parent"]["attempt"])
