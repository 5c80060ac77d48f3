"""How do several test workers share one process node? The supervisor owns it; they ask.

A node of one's own, which a test may end, is `ProcessNode(control_plane, name=..., private=True)`.
"""

from collections.abc import Sequence
from pathlib import Path

from tests.cluster.certificates import Authority
from tests.cluster.control_plane import ControlPlane
from tests.cluster.plan import Plan
from tests.cluster.process_node import ProcessNode

_NAME = "process"


class SharedProcessNode:
    """The process node of a cluster; ends with it."""

    name = _NAME

    def __init__(self, control_plane: ControlPlane) -> None:
        self._tenancy = control_plane.tenancy
        self._tenancy.ask("process_node")

    def evict(self, namespace: str, pod: str, *, grace: float | None = None) -> None:
        """Evict a pod as the kubelet does under memory pressure; `grace` in seconds instead of the pod's own."""
        self._tenancy.ask("evict", namespace=namespace, pod=pod, grace=grace)


class OwnedProcessNode:
    """The supervisor's side."""

    def __init__(self, plan: Plan) -> None:
        self.server = plan.server
        self._authority = Authority(plan.certificates)
        self._node: ProcessNode | None = None

    @property
    def ca(self) -> Path:
        return self._authority.certificate

    def client_certificate(self, user: str, groups: Sequence[str]) -> tuple[Path, Path]:
        return self._authority.client(user, groups)

    def start(self) -> None:
        """Start it, if nobody has."""
        if self._node is None:
            node = ProcessNode(self, name=_NAME)
            node.start()
            self._node = node

    def evict(self, namespace: str, pod: str, grace: float | None) -> None:
        if self._node is None:
            raise RuntimeError("this cluster has no process node")
        self._node.evict(namespace, pod, grace=grace)

    def stop(self) -> None:
        if self._node:
            self._node.kill()
