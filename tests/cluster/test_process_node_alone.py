"""What the process node does that a real kubelet does not on demand: evictions, instant pods, sudden ends."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.matrix_stage import Cluster, Namespace, begun, condition, until, waits
from tests.cluster.process_node import Instant, ProcessNode

LIVE = "trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done"


class Pods(Namespace):
    """Single pods of a namespace."""

    def start(self, name: str, node: str, script: str = LIVE, **more: Any) -> None:
        container = {"name": "main", "image": "busybox", "command": ["sh", "-c", script], **more}
        spec = {"restartPolicy": "Never", "nodeName": node, "containers": [container]}
        self.create({"kind": "Pod", "metadata": {"name": name}, "spec": spec})

    def await_phase(self, name: str, phase: str) -> Mapping[str, Any]:
        until(lambda: self.pod(name)["status"]["phase"] == phase, f"{name} to be {phase}")
        return self.pod(name)


@pytest.fixture(scope="module")
def pods(control_plane: Cluster) -> Iterator[Pods]:
    made = Pods(control_plane, f"alone-{secrets.token_hex(3)}")
    yield made
    made.finish()


@pytest.fixture
def own_node(control_plane: Cluster) -> Iterator[Callable[..., ProcessNode]]:
    """Nodes that a test may end."""
    nodes: list[ProcessNode] = []

    def make(**settings: Any) -> ProcessNode:
        node = ProcessNode(control_plane, name=f"own-{secrets.token_hex(3)}", private=True, **settings)
        node.start()
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.stop()
        control_plane.kubectl("delete", "node", node.name, "--wait=false")


def test_an_eviction_by_the_node_is_a_disruption(pods: Pods, process_node: ProcessNode) -> None:
    pods.start("evicted", process_node.name)
    pods.await_phase("evicted", "Running")
    process_node.evict(pods.name, "evicted")
    failed = pods.await_phase("evicted", "Failed")
    assert failed["status"]["reason"] == "Evicted"
    assert condition(failed, "DisruptionTarget").get("reason") == "TerminationByKubelet"
    assert failed["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 9


def test_an_unknown_image_cannot_be_pulled(pods: Pods, process_node: ProcessNode) -> None:
    pods.start("unknown", process_node.name, image="example.com/no/such:1")
    until(lambda: waits(pods.pod("unknown")), "a waiting container")
    until(lambda: waiting_for(pods.pod("unknown")) == "ErrImagePull", "an image that cannot be pulled")
    assert pods.pod("unknown")["status"]["phase"] == "Pending"
    pods.kubectl("delete", "pod", "unknown")


def test_instant_pods_succeed_without_a_process(pods: Pods, own_node: Callable[..., ProcessNode]) -> None:
    node = own_node(instant=Instant({"main": "so it ends"}))
    pods.start("instant", node.name, "exit 1")
    ended = pods.await_phase("instant", "Succeeded")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (0, "so it ends")


def test_nothing_is_left_of_a_node_that_is_stopped(pods: Pods, own_node: Callable[..., ProcessNode]) -> None:
    node = own_node()
    mark = secrets.token_hex(8)
    pods.start("left", node.name, f"echo {mark} > /tmp/x; sleep 1000 & sleep 1000 & wait")
    pods.await_phase("left", "Running")
    until(lambda: processes(mark), "the container's process")
    node.stop()
    until(lambda: not processes(mark), "its end")


def test_a_node_that_loses_power_has_lost_its_pods(pods: Pods, own_node: Callable[..., ProcessNode]) -> None:
    node = own_node()
    mark = secrets.token_hex(8)
    pods.start("lost", node.name, f": {mark}; {LIVE}")
    until(lambda: begun(pods.pod("lost")), "the pod to begin")
    node.kill()
    until(lambda: not processes(mark), "the end of its containers")
    assert pods.pod("lost")["status"]["phase"] == "Running"
    node.start()
    ended = pods.await_phase("lost", "Failed")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "ContainerStatusUnknown")


def waiting_for(pod: Mapping[str, Any]) -> str:
    state = pod["status"]["containerStatuses"][0]["state"]
    return str(state.get("waiting", {}).get("reason", ""))


def processes(mark: str) -> list[str]:
    """Processes of this machine with a word in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes():
                found.append(folder.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
