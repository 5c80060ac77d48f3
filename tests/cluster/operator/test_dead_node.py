"""A node dies with a step on it: nothing else is started while it may run, the run says so, and goes on once the node is gone."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, until
from tests.cluster.process_node import ProcessNode
from tests.cluster.process_node.settings import PRIVATE

POOL = "libretto.test/pool"
WAITS_THE_FIRST_TIME = '[ "$MODE" = go ] || { sleep 600 & wait; }; echo \'{"answer": 42}\' > output.json'
SILENT = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting"}


@pytest.fixture
def nodes(bench: Bench) -> Iterator[tuple[ProcessNode, ProcessNode]]:
    """Two nodes that take pods of this test only: the first runs, the second is not started yet."""
    pair = (
        ProcessNode(bench.control_plane, name=f"dies-{bench.namespace}", private=True),
        ProcessNode(bench.control_plane, name=f"lives-{bench.namespace}", private=True),
    )
    try:
        _join(bench, pair[0])
        yield pair
    finally:
        for node in pair:
            node.kill()
            bench.kubectl("delete", "node", node.name, "--ignore-not-found", "--wait=false")


def _join(bench: Bench, node: ProcessNode) -> None:
    node.start()
    bench.kubectl("label", "node", node.name, f"{POOL}={bench.namespace}")


def _mode(bench: Bench, word: str) -> None:
    bench.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mode"}, "data": {"mode": word}})


def _silence(bench: Bench, node: ProcessNode) -> None:
    """Say of a node what the node lifecycle controller says of it after 50 seconds."""
    now = bench.kubectl(
        "get", "node", node.name, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].lastHeartbeatTime}'
    )
    patch = {"status": {"conditions": [{**SILENT, "lastHeartbeatTime": now, "lastTransitionTime": now}]}}
    bench.kubectl("patch", "node", node.name, "--subresource=status", "-p", json.dumps(patch))


def _said(bench: Bench) -> str:
    conditions = bench.get("run", "r")["status"].get("conditions") or ()
    return "".join(one["message"] for one in conditions if one["type"] == "NodeUnreachable")


@pytest.mark.requirement("K8S-014")
def test_a_step_on_a_dead_node_waits_says_so_and_goes_on(
    bench: Bench, operator: OperatorProcess, nodes: tuple[ProcessNode, ProcessNode]
) -> None:
    dying, living = nodes
    _mode(bench, "wait")
    gone_at_once = {
        "key": "node.kubernetes.io/unreachable",
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": 0,
    }
    pod = {
        "nodeSelector": {POOL: bench.namespace},
        "tolerations": [gone_at_once, {"key": PRIVATE, "operator": "Exists", "effect": "NoSchedule"}],
        "env": [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "mode", "key": "mode"}}}],
    }
    process = {"argv": ["sh", "-c", WAITS_THE_FIRST_TIME], "gracePeriod": "1s"}
    agent = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": "worker"},
        "spec": {"process": process, "pod": pod},
    }
    bench.apply(agent, orchestration("one", {"id": "a", "agent": "worker"}), run("r", "one"))
    until(lambda: any(pod["status"].get("phase") == "Running" for pod in bench.all("pods")), "it runs", bench.tell("r"))
    _join(bench, living)
    _mode(bench, "go")
    dying.kill()
    _silence(bench, dying)
    until(lambda: bool(_said(bench)), "the run says that a node is silent", bench.tell("r"))
    assert f"node {dying.name} does not answer" in _said(bench)
    until(lambda: "NodeUnreachable" in bench.kubectl("events", "--for", "run/r"), "and an event", operator.log)
    # Its program may still run: a second one must not be there.
    (stuck,) = bench.all("pods")
    assert stuck["metadata"]["deletionTimestamp"]
    assert bench.state("r") == "Running"
    bench.kubectl("taint", "nodes", dying.name, "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
    status = bench.until_state("r", seconds=120)
    assert (status["state"], _said(bench)) == ("Succeeded", ""), operator.log()
    assert len(bench.all("jobs")) == 1, "the same attempt"
