"""What is stopped or taken away on a real API server: nothing goes on, and nothing begins again that must not."""

import json
from collections.abc import Sequence

import pytest

from tests.cluster.operators import Bench, Json, OperatorProcess, orchestration, run, shell_agent, until

LASTS = "trap 'exit 143' TERM; while :; do sleep 0.05; done"


def abort(bench: Bench) -> None:
    uid = bench.get("run", "r")["metadata"]["uid"]
    spec = {"runRef": {"name": "r", "uid": uid}, "verb": "abort", "comment": "enough"}
    body = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Intervention",
        "metadata": {"generateName": "stop-"},
        "spec": spec,
    }
    bench.kubectl("create", "-f", "-", input=json.dumps(body))


def evict(bench: Bench, pod: str) -> None:
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    path = f"/api/v1/namespaces/{bench.namespace}/pods/{pod}/eviction"
    bench.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(eviction))


def runs(bench: Bench) -> Sequence[str]:
    """The pods whose program runs."""
    return [
        pod["metadata"]["name"]
        for pod in bench.all("pods")
        if any("running" in one["state"] for one in pod["status"].get("containerStatuses", ()))
    ]


@pytest.mark.requirement("K8S-012")
def test_a_run_whose_pod_fits_nowhere_can_be_aborted(bench: Bench, operator: OperatorProcess) -> None:
    nowhere = {"nodeSelector": {"libretto.dev/none": "such"}}
    bench.apply(
        shell_agent("worker", LASTS, pod=nowhere), orchestration("one", {"id": "a", "agent": "worker"}), run("r", "one")
    )
    until(lambda: bool(bench.all("pods")), "its pod waits", operator.log)
    abort(bench)
    assert bench.until_state("r", seconds=30)["state"] == "Aborted", operator.log()
    until(lambda: not bench.all("pods"), "nothing waits any more", operator.log)


def test_an_aborted_run_is_not_brought_back_by_an_eviction(bench: Bench, operator: OperatorProcess) -> None:
    bench.apply(shell_agent("worker", LASTS), orchestration("one", {"id": "a", "agent": "worker"}), run("r", "one"))
    until(lambda: bool(runs(bench)), "its program runs", operator.log)
    evict(bench, runs(bench)[0])
    abort(bench)
    assert bench.until_state("r", seconds=30)["state"] == "Aborted", operator.log()
    until(lambda: not runs(bench), "nothing runs", operator.log)


def test_a_program_that_may_run_once_is_not_started_again(bench: Bench, operator: OperatorProcess) -> None:
    step: Json = {"id": "a", "agent": "worker", "launch": "AtMostOnce"}
    bench.apply(shell_agent("worker", LASTS), orchestration("one", step), run("r", "one"))
    until(lambda: bool(runs(bench)), "its program runs", operator.log)
    evict(bench, runs(bench)[0])
    status = bench.until_state("r", seconds=30)
    assert status["state"] == "Failed", operator.log()
    assert "OutcomeUnknown" in " ".join(status["tail"])
    assert not runs(bench)
