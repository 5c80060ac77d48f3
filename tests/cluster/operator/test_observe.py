"""What happened to a run is told: in figures, in Events where somebody may act, and in log lines that machines read."""

import json
import re
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from controller.machine.chain import check
from controller.model.attempt import AttemptKey
from controller.model.record import parse_time
from controller.model.states import Role
from controller.model.trace import attempt_span_id, run_span_id, step_span_id, trace_id
from tests.cluster.control_plane import KubectlFailed
from tests.cluster.operator.conftest import Start
from tests.cluster.operators import Bench, Json, OperatorProcess, orchestration, run, shell_agent, until
from tests.fakes.otlp_collector import OtlpCollector

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


@pytest.mark.requirement("K8S-029")
def test_a_run_is_one_trace_that_its_steps_know(bench: Bench, start: Start) -> None:
    """A step's program is told the span of its attempt, and the collector gets the same one."""
    with OtlpCollector() as collector:
        operator = start(LIBRETTO_OTLP_ENDPOINT=collector.endpoint)
        bench.apply(
            shell_agent("worker", 'echo "\\"$TRACEPARENT\\"" > $LIBRETTO_DIR/output.json'),
            orchestration("two", step("a"), step("b", dependsOn=["a"])),
            run("r", "two"),
        )
        status = bench.until_state("r")
        assert status["state"] == "Succeeded", operator.log()
        until(lambda: len(collector.spans) >= 5, "the trace arrives", operator.log)
    uid = bench.get("run", "r")["metadata"]["uid"]
    spans = {span["name"]: span for span in collector.spans}
    assert {span["trace"] for span in collector.spans} == {trace_id(uid)}
    parents = {span["id"]: span["parent"] for span in collector.spans}
    expected: dict[str, str | None] = {run_span_id(uid): None}
    for name in ("a", "b"):
        expected[step_span_id(uid, name, 0)] = run_span_id(uid)
        expected[attempt_span_id(AttemptKey(uid, name, Role.DO, 1))] = step_span_id(uid, name, 0)
    assert parents == expected
    told = {json.loads(text).get("output") for text in status["contents"].values()}
    assert {f"00-{span['trace']}-{span['id']}-01" for span in (spans["attempt a"], spans["attempt b"])} <= told
    records = [json.loads(text) for text in status["tail"]]
    began = next(parse_time(one["time"]) for one in records if one["kind"] == "RunStarted")
    ended = next(parse_time(one["time"]) for one in records if one["kind"] == "RunSucceeded")
    assert (spans["run two"]["start"], spans["run two"]["end"]) == (began * 1_000_000, ended * 1_000_000)
    assert spans["attempt a"]["k8s.namespace.name"] == bench.namespace
    assert spans["attempt a"]["k8s.job.name"] in {job["metadata"]["name"] for job in bench.all("jobs")}


@pytest.fixture
def no_events(bench: Bench) -> Iterator[None]:
    """A cluster that refuses all Events of the namespace."""
    name = f"no-events-{bench.namespace}"
    version, metadata = "admissionregistration.k8s.io/v1", {"name": name}
    rule = {"apiGroups": ["events.k8s.io"], "apiVersions": ["v1"], "resources": ["events"], "operations": ["*"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": bench.namespace}}
    policy = {
        "apiVersion": version,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": metadata,
        "spec": {
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": here},
            "validations": [{"expression": "false", "message": "no events here"}],
        },
    }
    binding = {
        "apiVersion": version,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": metadata,
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    bench.apply(policy, binding)
    until(lambda: refused(bench), "events are refused")
    yield
    bench.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name)


def refused(bench: Bench) -> bool:
    probe = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "probe"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "test",
        "reportingInstance": "test",
        "action": "Probe",
        "reason": "Probe",
        "type": "Normal",
        "regarding": {"kind": "Namespace", "name": bench.namespace, "namespace": bench.namespace},
    }
    try:
        bench.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(probe))
    except KubectlFailed as error:
        if "no events here" not in str(error):
            raise
        return True
    return False


@pytest.mark.usefixtures("no_events")
@pytest.mark.requirement("K8S-029")
def test_the_ledger_is_complete_where_no_event_may_be_posted(bench: Bench, start: Start) -> None:
    operator = start()
    bench.apply(
        shell_agent("bad", "exit 3"),
        orchestration("failing", step("b", "bad", retry={"maxAttempts": 1})),
        run("r", "failing"),
    )
    status = bench.until_state("r", "Failed")
    until(lambda: figures(operator)["libretto_events_dropped_total{}"] == 2, "both events are given up", operator.log)
    assert events(bench) == []
    report = check(text.encode() for text in status["tail"])
    assert (report.broken, report.head) == (None, status["head"])
    kinds = [link.record.kind for link in report.links]
    assert kinds == ["RunCreated", "RunStarted", "StepStarted", "StepFailed", "RunFailed"]
    assert operator.log().count("events cannot be posted") == 1


def test_a_stall_is_told_once(bench: Bench, operator: OperatorProcess) -> None:
    bench.apply(run("r", "nowhere"))
    until(lambda: len(events(bench)) >= 1, "an event is posted", operator.log)
    (event,) = events(bench)
    assert (event["reason"], event["type"]) == ("Stalled", "Warning")
    assert 'no orchestration "nowhere"' in event["note"]
