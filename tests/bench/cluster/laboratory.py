"""Where is a cluster measured? On a control plane that nobody else uses, with a node whose pods end at once."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.bench.figures import Measured
from tests.bench.workshop import Workshop
from tests.cluster import binaries, definitions, tenancy
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.operators import OperatorProcess, grant, run
from tests.cluster.process_node import Instant, ProcessNode
from tests.cluster.process_node.node import NodeFailed
from tests.cluster.waiting import until

Json = dict[str, Any]

SYSTEM = "libretto-system"
"""Namespace of the Lease, as installed by the chart: the fence of the admission policies is in force."""

OUTPUT = {"v": 1, "output": '{"x":1}'}
INSTANT = Instant(messages={"courier": json.dumps(OUTPUT, separators=(",", ":"))})
STANDING = Instant(seconds=3600)
"""Pods that run until somebody ends them."""


class Laboratory:
    """A control plane with the project's definitions, and whatever runs on it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.control_plane = ControlPlane(tenancy.enter())
        self._nodes: dict[str, ProcessNode] = {}
        try:
            definitions.install(self.control_plane)
            grant(self.control_plane, SYSTEM)
            until(self._takes_runs, "runs are taken", 60)
            self._add("instant", INSTANT)
        except BaseException:
            self.close()
            raise

    @classmethod
    @contextmanager
    def open(cls, workshop: Workshop) -> Iterator[Self]:
        """Start one, after building what it needs; in the end nothing is left of it."""
        workshop.say("a control plane starts")
        made = cls(workshop.folder("cluster"))
        try:
            yield made
        finally:
            made.close()

    def close(self) -> None:
        """End everything of it."""
        for node in self._nodes.values():
            node.kill()
        self.control_plane.end()

    def kubectl(self, *args: str, **options: Any) -> str:
        return self.control_plane.kubectl(*args, **options)

    def namespace(self, name: str) -> str:
        """Return a new namespace, in which pods can be; it goes with the laboratory."""
        self.kubectl("create", "namespace", name)
        until(lambda: "default" in self.kubectl("get", "serviceaccounts", "-n", name, "-o", "name"), "its account", 30)
        return name

    @contextmanager
    def operator(self, namespace: str, settings: Mapping[str, str] | None = None) -> Iterator[OperatorProcess]:
        """An operator that leads, for one namespace."""
        given = {"LIBRETTO_LEASE_NAMESPACE": SYSTEM, **(settings or {})}
        if given["LIBRETTO_LEASE_NAMESPACE"] != SYSTEM:
            grant(self.control_plane, given["LIBRETTO_LEASE_NAMESPACE"])
        made = OperatorProcess(self.control_plane, self._folder, namespace, given)
        try:
            yield made.start()
            made.stop()
        finally:
            made.kill()

    def standing_node(self) -> str:
        """Return the name of a node whose pods do not end."""
        if "standing" not in self._nodes:
            self._add("standing", STANDING)
        return "standing"

    def _takes_runs(self) -> bool:
        """Admission policies need a moment to learn of a new kind."""
        text = json.dumps(run("probe", "none"))
        try:
            self.kubectl("create", "--dry-run=server", "-n", "default", "-f", "-", input=text)
        except KubectlFailed:
            return False
        return True

    def _add(self, name: str, instant: Instant) -> None:
        node = self._nodes[name] = ProcessNode(self.control_plane, name=name, instant=instant)
        node.start()


def measured(title: str, how: str, measure: Callable[[], Measured]) -> Measured:
    """Measure, or say why this machine cannot."""
    try:
        return measure()
    except (binaries.BinariesMissing, NodeFailed, tenancy.ClusterFailed) as problem:
        return Measured(title, how, [], missing=[str(problem)])
