"""Which pods were asked to end and do not? Those of nodes that answer nobody: their programs may still run.

The API server lets a pod go only when its kubelet says that it has ended. A node that is silent says nothing, so nothing takes
the pod's place, which is right, and nobody learns why, which is not.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from controller.adapters.cluster.jobs import pod_status
from controller.model.attempt import AttemptKey

Json = dict[str, Any]

MARGIN_MS = 10_000
"""How much later than a pod's grace ends a kubelet that lives says that it has ended."""


class Late(NamedTuple):
    """A pod that was asked to end."""

    at: int
    """Milliseconds since the epoch when it should be gone."""
    pod: str
    node: str


class Overdue:
    """The pods of a tree that were asked to end and have not."""

    def __init__(self) -> None:
        self._known: dict[AttemptKey, Late] = {}

    def look(self, key: AttemptKey, pods: Sequence[Json]) -> None:
        """Note how the pods of an attempt stand; none: of an attempt that has ended."""
        late = min((found for found in map(_late, pods) if found is not None), default=None)
        if late is None:
            self._known.pop(key, None)
        else:
            self._known[key] = late

    def until_next(self, now: int) -> int | None:
        """Return in how many milliseconds another one is overdue; None: none will be."""
        return min((late.at - now for late in self._known.values() if late.at > now), default=None)

    def told(self, now: int) -> str:
        """Return in words what is overdue and what a person can do about it; empty: nothing is."""
        found = sorted((late, key) for key, late in self._known.items() if late.at <= now)
        if not found:
            return ""
        (_, pod, node), key = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return (
            f'pod {pod} of "{key.step}"{more} was asked to end and has not: node {node} does not answer, and what it runs may '
            f"still run, so nothing takes its place. Once that node is off: kubectl delete node {node}, or kubectl taint "
            f"nodes {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute"
        )


def _late(pod: Json) -> Late | None:
    metadata, node = pod["metadata"], (pod.get("spec") or {}).get("nodeName")
    asked = pod_status.time_of(metadata.get("deletionTimestamp"))
    if asked is None or node is None or pod_status.phase(pod) in pod_status.TERMINAL:
        return None
    return Late(asked + MARGIN_MS, metadata["name"], node)
