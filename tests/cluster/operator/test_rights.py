"""Does the operator have the rights that it uses, and no others? What the audit log shows, against what the chart grants."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.operator.conftest import Start
from tests.cluster.operator.test_people import command, create
from tests.cluster.operators import ACCOUNT, Bench, granted, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
LARGE = (
    "mkdir -p $LIBRETTO_DIR/artifacts; head -c 3000 /dev/zero | tr '\\0' x > $LIBRETTO_DIR/artifacts/big.txt; "
    + ANSWERS
)

ELSEWHERE: dict[tuple[str, str], str] = {
    ("delete", "pods"): "test_runs: a program that ignores everything",
    ("delete", "runs"): "test_housekeeping: a time to live that is over",
    ("delete", "configmaps"): "test_housekeeping: snapshots and kept results",
    ("delete", "approvals"): "test_housekeeping: a decision about a run that is gone",
    ("delete", "interventions"): "test_housekeeping: a command about a run that is gone",
    ("list", "configmaps"): "test_housekeeping; shards of a run that is taken over",
    ("patch", "runs/status"): "test_runs: a run that waits for what it needs",
    ("update", "configmaps"): "a kept result that is replaced",
    ("patch", "configmaps"): "a blob that gets another owner",
    ("create", "events"): "test_observe: gates and failures",
    ("patch", "events"): "test_observe: a series of one Event",
    ("list", "events"): "test_refused_pods: why a Job has no pod",
    ("get", "jobs"): "test_crashes: a Job that is there already is adopted",
    ("delete", "jobs"): "test_rights: a Job without a pod",
    ("get", "runs"): "test_outages: a run that somebody else wrote",
    **{
        ("get", kind): "tests/unit/wiring/cluster/test_resync: an object that a watch did not tell of"
        for kind in ("orchestrations", "agents", "approvals", "interventions")
    },
}
"""Rights that this test's runs do not use: which other test does."""


def grants() -> set[tuple[str, str]]:
    """Return verb and resource of everything that the chart grants."""
    found = set()
    for one in granted():
        for rule in one.get("rules") or ():
            found |= {(verb, resource) for verb in rule["verbs"] for resource in rule["resources"]}
    return found


def used(bench: Bench, start: int) -> Iterator[tuple[str, str]]:
    for event in bench.control_plane.audit(start):
        reference = event.get("objectRef")
        if event["user"]["username"] == ACCOUNT and reference is not None:
            name = "/".join(part for part in (reference["resource"], reference.get("subresource")) if part)
            yield event["verb"], name


@pytest.mark.requirement("K8S-023")
def test_what_the_chart_grants_is_what_is_used(bench: Bench, start: Start) -> None:
    begin = bench.control_plane.audit_log.stat().st_size
    operator = start()
    inner = orchestration("inner", {"id": "x", "agent": "large"})
    steps = [
        {"id": "child", "type": "orchestration", "orchestration": {"name": "inner"}},
        {"id": "a", "agent": "large", "checkpointAfter": {"question": "fine"}},
    ]
    bench.apply(shell_agent("large", LARGE), inner, orchestration("outer", *steps), run("r", "outer"))
    bench.until_state("r", "AwaitingApproval")
    found = bench.get("run", "r")
    gate = found["status"]["gates"][0]
    spec = {"runRef": {"name": "r", "uid": found["metadata"]["uid"]}, "gate": gate["gate"], "digest": gate["digest"]}
    spec |= {"request": gate["request"], "decision": "approve"}
    body = {"apiVersion": "libretto.dev/v1alpha1", "kind": "Approval", "metadata": {"generateName": "r-"}, "spec": spec}
    bench.kubectl("create", "-f", "-", input=json.dumps(body))
    assert bench.until_state("r")["state"] == "Succeeded", operator.log()
    slow = "trap 'exit 3' TERM; sleep 600 & wait"
    bench.apply(shell_agent("slow", slow), orchestration("one", {"id": "a", "agent": "slow"}), run("s", "one"))
    until(
        lambda: any(pod["status"].get("phase") == "Running" for pod in bench.all("pods", "libretto.dev/run=s")), "runs"
    )
    create(bench, command(bench, "s", "abort"))
    assert bench.until_state("s")["state"] == "Aborted"
    seen = set(used(bench, begin))
    refused = [
        event
        for event in bench.control_plane.audit(begin)
        if event["user"]["username"] == ACCOUNT and event["responseStatus"]["code"] == 403
        if "must be you" not in json.dumps(event.get("responseStatus"))
        if (event.get("objectRef") or {}).get("resource") not in ("approvals", "interventions")
    ]
    assert refused == []
    allowed = grants()
    assert seen - allowed - {("get", "keys")} == set()
    assert allowed - seen - set(ELSEWHERE) == set()
