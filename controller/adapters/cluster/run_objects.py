"""Which Run objects are in a namespace? Each is asked for once, until somebody looks afresh or a watch brings it anew."""

import re
from collections.abc import Callable
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import ROOT_UID, label_value
from controller.adapters.cluster.pages import whole
from controller.adapters.cluster.resources import RUNS
from controller.adapters.cluster.run_object import key_uid, root_uid
from controller.errors import NotFound

Json = dict[str, Any]

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class RunObjects:
    """Run objects by the uid that the engine knows."""

    def __init__(self, client: Client, namespace: str, named: Callable[[str, str], None]) -> None:
        """`named` is told the uid and the name of every run that is met."""
        self._client = client
        self.namespace = namespace
        self._named = named
        self._known: dict[str, Json] = {}
        self._trees: set[str] = set()
        """Roots whose descendants are known."""
        self._everything = False

    def take(self, run: Json) -> None:
        """Take up a run as somebody else read it."""
        uid = key_uid(run)
        self._known[uid] = run
        self._named(uid, run["metadata"]["name"])

    def drop(self, run: Json) -> None:
        """Take a run as deleted."""
        self._known.pop(key_uid(run), None)

    def complete(self, root: str) -> None:
        """Note that a tree is known: from now on somebody takes up what changes of it."""
        self._trees.add(root)

    def all(self) -> list[Json]:
        """Return all runs, newest first."""
        if not self._everything:
            for run in self._listed(""):
                self.take(run)
            self._everything = True
        return sorted(self._known.values(), key=_age, reverse=True)

    def known(self, uid: str) -> Json | None:
        """Return the run of that uid if it was met already."""
        return self._known.get(uid)

    def named(self, name: str) -> Json | None:
        """Return the run of that name."""
        known = next((one for one in self._known.values() if one["metadata"]["name"] == name), None)
        if known is not None or not _NAME.fullmatch(name):
            return known
        try:
            found = fiber.wait(self._client.get(RUNS, self.namespace, name))
        except NotFound:
            return None
        self.take(found)
        return found

    def find(self, uid: str) -> Json | None:
        """Return the run of that uid."""
        if uid not in self._known:
            self.all()
        return self._known.get(uid)

    def owner_of(self, uid: str) -> Json:
        """Return the object of a run. Raises NotFound."""
        found = self.find(uid)
        if found is None:
            raise NotFound(f"run {uid} is gone")
        return found

    def tree(self, root: str) -> list[Json]:
        """Return a root and all that descends from it, oldest first."""
        if root not in self._trees and not self._everything:
            for run in self._listed(f"{ROOT_UID}={label_value(root)}"):
                self.take(run)
            self._trees.add(root)
        return sorted((one for one in self._known.values() if root_uid(one) == root), key=_age)

    def refresh(self, uid: str) -> Json:
        """Read a run again. Raises NotFound."""
        name = self.owner_of(uid)["metadata"]["name"]
        found = fiber.wait(self._client.get(RUNS, self.namespace, name))
        self.take(found)
        return found

    def _listed(self, labels: str) -> list[Json]:
        return fiber.wait(whole(self._client.list, RUNS, self.namespace, labels=labels)).items


def _age(one: Json) -> tuple[str, str, str]:
    """Objects are dated to the second; their runs began to the millisecond."""
    began = (one.get("status") or {}).get("startedAt") or "9"
    return one["metadata"]["creationTimestamp"], began, one["metadata"]["name"]
