"""Limits across runs, on a real API server: attempts of a namespace at one time, whoever leads, and fair between namespaces."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.operator.conftest import Start
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent, until
from tests.cluster.writing import leave_namespace, make_namespace

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
WAITS = "trap 'exit 3' TERM; sleep 600 & wait"


def step(name: str, agent: str = "worker", **more: object) -> dict[str, object]:
    return {"id": name, "agent": agent, **more}


@pytest.fixture
def other_namespace(cluster: ControlPlane) -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    make_namespace(cluster, name)
    yield name
    leave_namespace(cluster, name)


def test_no_more_attempts_of_a_namespace_than_may_be_and_all_runs_end(bench: Bench, start: Start) -> None:
    """Three runs, one with a list, one with a child: while a leader dies and another one takes over, too."""
    since = json.loads(bench.kubectl("get", "--raw", f"/apis/batch/v1/namespaces/{bench.namespace}/jobs"))
    settings = {"LIBRETTO_MAX_JOBS": "2", "LIBRETTO_MAX_PARALLEL": "10", "LIBRETTO_LEASE_SECONDS": "2"}
    leader = start(**settings)
    child = {"id": "play", "type": "orchestration", "orchestration": {"name": "two"}}
    bench.apply(
        shell_agent("worker", f"sleep 0.5; {ANSWERS}"),
        orchestration("two", step("a"), step("b", dependsOn=["a"])),
        orchestration("list", step("each", foreach="[1, 2, 3, 4]")),
        orchestration("family", child, step("beside")),
        *(run(name, name) for name in ("list", "two", "family")),
    )
    until(lambda: len(bench.all("jobs")) >= 3, "a place was given back and taken", leader.log)
    leader.kill()
    second = start(**settings)
    for name in ("list", "two", "family"):
        assert bench.until_state(name)["state"] == "Succeeded", second.log()
    assert len(bench.all("jobs")) == 4 + 2 + 3
    assert json.loads(bench.get("run", "two")["status"]["tail"][0])["data"]["maxParallel"] == 10
    assert most_alive(bench, since["metadata"]["resourceVersion"]) == 2


def test_a_namespace_with_many_runs_does_not_delay_another(
    bench: Bench, start: Start, cluster: ControlPlane, other_namespace: str
) -> None:
    """Two hundred runs wait for places that never come free; the run of the other namespace came last."""
    other = Bench(cluster, other_namespace)
    bench.apply(shell_agent("worker", WAITS), orchestration("one", step("a")))
    bench.apply(*(run(f"r{number}", "one") for number in range(200)))
    other.apply(shell_agent("worker", ANSWERS), orchestration("one", step("a")), run("r", "one"))
    operator = start(LIBRETTO_MAX_JOBS="2", LIBRETTO_NAMESPACES=f"{bench.namespace},{other_namespace}")
    assert other.until_state("r")["state"] == "Succeeded", operator.log()
    until(lambda: len(bench.all("jobs")) == 2, "two of them run", operator.log)
    states = [(one.get("status") or {}).get("state") for one in bench.all("runs")]
    assert len(states) == 200
    assert "Succeeded" not in states


def test_the_time_in_which_a_step_must_start_outlives_its_operator(bench: Bench, start: Start) -> None:
    leader = start(LIBRETTO_LEASE_SECONDS="2")
    nowhere = {"nodeSelector": {"there-is": "no-such-node"}}
    bench.apply(
        shell_agent("worker", ANSWERS, pod=nowhere),
        orchestration("one", step("a", queueTimeout="6s", retry={"maxAttempts": 1})),
        run("r", "one"),
    )
    until(lambda: len(bench.all("pods")) == 1 and bench.state("r") == "Running", "its pod waits", leader.log)
    leader.kill()
    second = start(LIBRETTO_LEASE_SECONDS="2")
    status = bench.until_state("r")
    assert (status["state"], status["reason"]) == ("Failed", "StepFailed"), second.log()
    assert "did not start in time" in status["message"]
    assert len(bench.all("jobs")) <= 1


def most_alive(bench: Bench, since: str) -> int:
    """Return how many attempts lived at most at one time, by the history that the API server keeps.

    An attempt lives from the creation of its Job until its pod has ended: versions of one server have one order.
    """
    told = [*history(bench, "apis/batch/v1", "jobs", since), *history(bench, "api/v1", "pods", since)]
    alive: set[str] = set()
    over: set[str] = set()
    most = 0
    for event in sorted(told, key=lambda event: int(event["object"]["metadata"]["resourceVersion"])):
        metadata, kind = event["object"]["metadata"], event["object"]["kind"]
        if kind == "Job" and metadata["name"] not in over:
            alive.add(metadata["name"])
        elif kind == "Pod" and event["object"]["status"].get("phase") in ("Succeeded", "Failed"):
            name = metadata["labels"]["batch.kubernetes.io/job-name"]
            over.add(name)
            alive.discard(name)
        most = max(most, len(alive))
    assert not alive
    return most


def history(bench: Bench, group: str, plural: str, since: str) -> Iterator[Json]:
    """Yield what a watch from a version on tells."""
    path = f"/{group}/namespaces/{bench.namespace}/{plural}?watch=1&resourceVersion={since}&timeoutSeconds=1"
    for line in bench.kubectl("get", "--raw", path).splitlines():
        told: dict[str, Any] = json.loads(line)
        yield told
