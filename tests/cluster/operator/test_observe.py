"""What happened to a run is told: in figures, in Events where somebody may act, and in log lines that machines read."""

import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.operator.conftest import Start
from tests.cluster.operators import Bench, Json, OperatorProcess, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"


def step(name: str, agent: str = "worker", **more: object) -> dict[str, object]:
    return {"id": name, "agent": agent, **more}


def figures(operator: OperatorProcess) -> dict[str, float]:
    code, text = operator.probe("metrics")
    assert code == 200
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def events(bench: Bench) -> list[Json]:
    """The Events that Libretto posted, the oldest first."""
    mine = [
        one for one in bench.all("events.v1.events.k8s.io") if one["reportingController"] == "libretto.dev/operator"
    ]
    return sorted(mine, key=lambda one: str(one["eventTime"]))


def lines(operator: OperatorProcess) -> list[Json]:
    return [json.loads(line) for line in operator.log().splitlines()]


@pytest.mark.requirement("K8S-029")
def test_a_chain_leaves_figures_and_no_events(bench: Bench, start: Start) -> None:
    operator = start(LIBRETTO_LOG_FORMAT="json")
    bench.apply(
        shell_agent("worker", ANSWERS),
        orchestration("chain", step("a"), step("b", dependsOn=["a"]), step("c", dependsOn=["b"])),
        run("r", "chain"),
    )
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", operator.log()
    seen = figures(operator)
    expected = {
        "libretto_leader{shard=0}": 1,
        "libretto_runs{state=Succeeded}": 1,
        "libretto_runs{state=Running}": 0,
        "libretto_queue_depth{shard=0}": 0,
        "libretto_fenced_writes_total{}": 0,
        "libretto_reconcile_total{kind=Run,result=error}": 0,
        "orchestration_runs_total{definition=chain,status=started}": 1,
        "orchestration_runs_total{definition=chain,status=completed}": 1,
        "orchestration_run_duration_seconds_count{definition=chain,status=completed}": 1,
        "libretto_api_requests_total{code=201,resource=jobs,verb=create}": 3,
    }
    assert {name: seen.get(name) for name in expected} == expected
    for name in ("a", "b", "c"):
        assert seen[f"orchestration_step_duration_seconds_count{{definition=chain,status=completed,step={name}}}"] == 1
        assert seen[f"orchestration_step_queue_seconds_count{{definition=chain,step={name}}}"] == 1
    kinds = {re.findall(r"kind=(\w+)", name)[0] for name in seen if name.startswith("libretto_cache_age")}
    assert kinds == {"Run", "Orchestration", "Agent", "Approval", "Intervention", "Job", "Pod"}
    assert max(value for name, value in seen.items() if name.startswith("libretto_cache_age")) < 600

    assert events(bench) == []

    told = [(line["event"], line["namespace"], line["run"]) for line in lines(operator) if "event" in line]
    assert told == [("RunStarted", bench.namespace, "r"), ("RunSucceeded", bench.namespace, "r")]


@pytest.mark.requirement("K8S-029")
def test_a_gate_and_a_failure_have_events(bench: Bench, start: Start) -> None:
    operator = start(LIBRETTO_LOG_FORMAT="json")
    gate = step("a", checkpointAfter={"question": "Is it good?"})
    bench.apply(
        shell_agent("worker", ANSWERS),
        shell_agent("bad", "exit 3"),
        orchestration("gated", gate),
        orchestration("failing", step("b", "bad", retry={"maxAttempts": 1})),
        run("waits", "gated"),
        run("fails", "failing"),
    )
    bench.until_state("waits", "AwaitingApproval")
    bench.until_state("fails", "Failed")
    until(lambda: len(events(bench)) >= 3, "events are posted", operator.log)
    told = {(one["regarding"]["name"], one["reason"]): one for one in events(bench)}
    assert set(told) == {("waits", "ApprovalNeeded"), ("fails", "StepFailed"), ("fails", "RunFailed")}
    opened = told["waits", "ApprovalNeeded"]
    assert (opened["note"], opened["type"]) == ('"a" waits for a decision: Is it good?', "Normal")
    assert opened["related"]["name"] in {job["metadata"]["name"] for job in bench.all("jobs")}
    assert opened["regarding"]["uid"] == bench.get("run", "waits")["metadata"]["uid"]
    assert (told["fails", "StepFailed"]["note"], told["fails", "StepFailed"]["type"]) == (
        '"b" failed: exit 3',
        "Warning",
    )
    assert "ApprovalNeeded" in bench.kubectl("events", "--for", "run/waits")

    failed = next(line for line in lines(operator) if line.get("event") == "StepFailed")
    fields = {name: failed[name] for name in ("level", "run", "namespace", "step", "attempt", "record")}
    expected = {"level": "warning", "run": "fails", "namespace": bench.namespace, "step": "b", "attempt": 1}
    assert fields == {**expected, "record": 3}
