"""Libretto as the README of its chart says: the image from the Dockerfile, both charts, a real kubelet, restricted namespaces."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import images, machine, tenancy
from tests.cluster.charts import CHARTS, NAMESPACE, run
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.image import image
from tests.cluster.node import RealNode
from tests.cluster.operators import Bench

Json = dict[str, Any]

TEAM = "team"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
BUSYBOX = "localhost/busy:1"


class Installed:
    """A cluster with Libretto, and a team's namespace."""

    def __init__(self, cluster: ControlPlane, node: RealNode) -> None:
        self.cluster = cluster
        self.node = node
        self.bench = Bench(cluster, TEAM)
        self._options = (f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}")

    def helm(self, *arguments: str, values: Json | None = None) -> str:
        given = () if values is None else ("--values=-",)
        return run(*arguments, *self._options, *given, input_text=yaml.safe_dump(values or {}))

    def upgrade(self, values: Json) -> None:
        """Change some values, and wait until all of it runs so."""
        chart = str(CHARTS / "libretto")
        self.helm("upgrade", "libretto", chart, "--reuse-values", "--wait", "--timeout=90s", values=values)

    def system(self, *arguments: str, **options: Any) -> str:
        return self.cluster.kubectl("-n", NAMESPACE, *arguments, **options)

    def operators(self) -> list[Json]:
        found: list[Json] = json.loads(self.system("get", "pods", "-o", "json"))["items"]
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def log(self) -> str:
        said = []
        for pod in self.operators():
            try:
                said.append(self.system("logs", pod["metadata"]["name"], "--tail=20"))
            except KubectlFailed as error:
                said.append(str(error))
        return "\n".join(said)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Everything, as the README of the chart says."""
    if machine.skipped():
        pytest.skip("LIBRETTO_SKIP_NODE=1: no real node")
    built = image()
    opened = ControlPlane(tenancy.enter(for_node=True))
    try:
        node = RealNode(opened)
        node.load(built.archive)
        node.load(_busybox(tmp_path_factory.mktemp("images")))
        made = Installed(opened, node)
        made.helm("install", "libretto-crds", str(CHARTS / "libretto-crds"), "--create-namespace")
        for namespace in (NAMESPACE, TEAM):
            if namespace == TEAM:
                opened.kubectl("create", "namespace", TEAM)
            opened.kubectl("label", "namespace", namespace, RESTRICTED)
        reference, _, tag = built.reference.rpartition(":")
        made.helm(
            *("install", "libretto", str(CHARTS / "libretto"), "--wait", "--timeout=90s"),
            values={"image": {"repository": reference, "tag": tag, "pullPolicy": "Never"}},
        )
        yield made
    finally:
        opened.end()


def _busybox(folder: Path) -> Path:
    archive = folder / "busybox.tar"
    images.write_archive(archive, BUSYBOX, images.busybox(), command=["sh"])
    return archive
