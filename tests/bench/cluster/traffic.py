"""Who asked the API server for what, and when? Read from its audit log, between two marks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from tests.cluster.control_plane import ControlPlane

STANDING = frozenset({"watch", "leases"})
"""Verbs and resources of requests that a program makes however little there is to do."""


class Request(NamedTuple):
    """One request."""

    user: str
    verb: str
    resource: str
    """With its subresource, e.g. `runs/status`."""
    namespace: str
    name: str
    code: int
    began: float
    """Seconds since the epoch, when the server had received it."""
    ended: float
    """When it had answered."""

    @property
    def milliseconds(self) -> float:
        return 1000 * (self.ended - self.began)


class Traffic:
    """The requests since this object was made."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._start = control_plane.audit_log.stat().st_size

    def requests(self, *, user: str | None = None, namespace: str | None = None) -> list[Request]:
        """Return those of a user about objects of a namespace, in the order in which they were answered."""
        found = []
        for line in self._control_plane.audit(self._start):
            one = _request(line)
            if (user is None or one.user == user) and (namespace is None or one.namespace == namespace):
                found.append(one)
        return found


def work(requests: Iterable[Request]) -> list[Request]:
    """Return what was asked because there was something to do: no watch, and no renewal of the Lease."""
    return [one for one in requests if one.verb not in STANDING and one.resource not in STANDING]


def kinds(requests: Iterable[Request]) -> str:
    """Tell how many requests there were of each kind."""
    counted = Counter(f"{one.verb} {one.resource}" for one in requests)
    return ", ".join(f"{count} {what}" for what, count in counted.most_common())


def reactions(requests: Iterable[Request], node: str = "system:node:instant") -> list[float]:
    """Return for each Job of a chain but the first how many milliseconds after its predecessor's end it was there.

    From the answer to the node, which said that the pod had ended, to the answer to whoever created the next Job: on the
    way the watch is told, somebody thinks, and the Job is stored.
    """
    found: list[float] = []
    end: float | None = None
    for one in sorted(requests, key=lambda one: one.ended):
        if one.user == node and one.resource == "pods/status":
            end = one.ended
        elif one.verb == "create" and one.resource == "jobs" and one.code == 201 and end is not None:
            found.append(1000 * (one.ended - end))
            end = None
    return found


def _request(line: Mapping[str, Any]) -> Request:
    reference = line.get("objectRef") or {}
    parts = [reference.get("resource", ""), reference.get("subresource", "")]
    return Request(
        line["user"]["username"],
        line["verb"],
        "/".join(part for part in parts if part),
        reference.get("namespace", ""),
        reference.get("name", ""),
        (line.get("responseStatus") or {}).get("code", 0),
        _seconds(line["requestReceivedTimestamp"]),
        _seconds(line["stageTimestamp"]),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
