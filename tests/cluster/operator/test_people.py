"""What people decide and command on a cluster: who may, what counts, and what follows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cluster.control_plane import KubectlFailed
from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"

Json = dict[str, Any]


def allow(bench: Bench, role: str, *users: str) -> None:
    given = [f"--user={user}" for user in users]
    bench.kubectl("create", "rolebinding", f"{role}-{users[0]}", f"--clusterrole={role}", *given)


def approval(bench: Bench, name: str, **changes: Any) -> Json:
    """Return a decision on the open gate of a run."""
    found = bench.get("run", name)
    gate = found["status"]["gates"][0]
    spec = {
        "runRef": {"name": name, "uid": found["metadata"]["uid"]},
        "gate": gate["gate"],
        "digest": gate["digest"],
        "request": gate["request"],
        "decision": "approve",
        **changes,
    }
    return _object("Approval", name, spec)


def command(bench: Bench, name: str, verb: str, **more: Any) -> Json:
    uid = bench.get("run", name)["metadata"]["uid"]
    return _object("Intervention", name, {"runRef": {"name": name, "uid": uid}, "verb": verb, **more})


def _object(kind: str, name: str, spec: Json) -> Json:
    metadata = {"generateName": f"{name}-"}
    return {"apiVersion": "libretto.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def create(bench: Bench, one: Json, user: str | None = None, groups: tuple[str, ...] = ()) -> str:
    """Create an object as somebody; return its name."""
    told = bench.kubectl("create", "-f", "-", "-o", "name", input=json.dumps(one), user=user, groups=groups)
    return told.strip().rpartition("/")[2]


def answered(bench: Bench, kind: str, name: str) -> Json:
    until(lambda: bench.get(kind, name).get("status") is not None, f"{name} is answered")
    status: Json = bench.get(kind, name)["status"]
    return status


def gated(bench: Bench, name: str) -> None:
    steps: list[Json] = [
        {"id": "a", "agent": "worker", "checkpointAfter": {"question": "fine"}},
        {"id": "b", "agent": "worker", "dependsOn": ["a"]},
    ]
    bench.apply(shell_agent("worker", ANSWERS), orchestration("gated", *steps), run(name, "gated"))
    bench.until_state(name, "AwaitingApproval")


@pytest.mark.requirement("K8S-016", "K8S-018")
def test_only_what_is_about_this_gate_counts(bench: Bench, operator: OperatorProcess) -> None:
    gated(bench, "r")
    allow(bench, "libretto-approver", "mara")
    with pytest.raises(KubectlFailed, match='must be you: "mara", not "joe"'):
        create(bench, approval(bench, "r", approver={"name": "joe"}), "mara")
    with pytest.raises(KubectlFailed, match="orbidden"):
        create(bench, approval(bench, "r"), "joe")
    other = "blake3:" + "1" * 64
    for wrong in ({"digest": other}, {"request": 0}, {"runRef": {"name": "r", "uid": "another"}}):
        create(bench, approval(bench, "r", **wrong), "mara")
    right = create(bench, approval(bench, "r", comment="checked"), "mara")
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", operator.log()
    decided = [json.loads(text) for text in status["tail"] if '"GateApproved"' in text]
    assert [(one["actor"], one["summary"]) for one in decided] == [({"type": "person", "id": "mara"}, "checked")]
    assert answered(bench, "approval", right)["record"] == decided[0]["seq"]


@pytest.mark.requirement("K8S-017")
def test_a_quorum_of_others(bench: Bench, operator: OperatorProcess) -> None:
    needs = {"count": 2, "groups": ["sre"], "separateRequester": True}
    steps: list[Json] = [{"id": "a", "agent": "worker", "checkpointAfter": {"question": "fine", "approvers": needs}}]
    bench.apply(shell_agent("worker", ANSWERS), orchestration("gated", *steps))
    allow(bench, "libretto-approver", "mara", "joe", "ann", "eve")
    allow(bench, "libretto-edit", "mara")
    create_run = run("r", "gated")
    bench.kubectl("create", "-f", "-", input=json.dumps(create_run), user="mara", groups=("sre",))
    bench.until_state("r", "AwaitingApproval")
    assert bench.get("run", "r")["spec"]["requestedBy"]["username"] == "mara"
    create(bench, approval(bench, "r"), "mara", ("sre",))  # asked for the run
    create(bench, approval(bench, "r"), "eve")  # not of the group
    create(bench, approval(bench, "r"), "joe", ("sre",))
    create(bench, approval(bench, "r"), "joe", ("sre",))  # the same person again
    until(lambda: operator.probe("livez")[0] == 200, "it lives")
    assert bench.state("r") == "AwaitingApproval"
    # Objects are dated to the second, and who comes last is who decides.
    newest = max(one["metadata"]["creationTimestamp"] for one in bench.all("approvals"))
    until(lambda: datetime.now(UTC) - datetime.fromisoformat(newest) > timedelta(seconds=1), "another second begins")
    create(bench, approval(bench, "r"), "ann", ("sre",))
    status = bench.until_state("r")
    decided = next(json.loads(text) for text in status["tail"] if '"GateApproved"' in text)
    assert (decided["actor"]["id"], decided["data"]["others"]) == ("ann", ["joe"])


def test_suspend_is_a_wish_and_goes_on_when_it_is_taken_back(bench: Bench, operator: OperatorProcess) -> None:
    steps: list[Json] = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "worker", "dependsOn": ["a"]}]
    bench.apply(shell_agent("worker", "sleep 2; " + ANSWERS), orchestration("two", *steps), run("r", "two"))
    until(lambda: len(bench.all("jobs")) == 1, "the first step runs", operator.log)
    bench.kubectl("patch", "run", "r", "--type=merge", "-p", '{"spec":{"suspend":true}}')
    until(lambda: bench.get("run", "r")["status"].get("suspended") is True, "it stands still", operator.log)
    until(lambda: bench.get("run", "r")["status"]["steps"] == "1/2", "what ran has ended", operator.log)
    assert len(bench.all("jobs")) == 1
    bench.kubectl("patch", "run", "r", "--type=merge", "-p", '{"spec":{"suspend":false}}')
    assert bench.until_state("r")["state"] == "Succeeded"


def test_retry_skip_and_undo(bench: Bench, operator: OperatorProcess) -> None:
    script = "if [ -e /tmp/never ]; then exit 0; fi; exit 65"
    allowed = {"allowSkip": True}
    steps: list[Json] = [
        {"id": "a", "agent": "worker"},
        {"id": "b", "agent": "bad", "dependsOn": ["a"], "retry": allowed},
    ]
    bench.apply(shell_agent("worker", ANSWERS), shell_agent("bad", script), orchestration("two", *steps))
    bench.apply(run("r", "two"))
    assert bench.until_state("r")["state"] == "Failed"
    early = create(bench, command(bench, "r", "retry", step="b", attempt=2))
    assert answered(bench, "intervention", early)["refusal"] == (
        'attempt 2 of "b" is not the present one, which is 1: look at it again'
    )
    first = create(bench, command(bench, "r", "retry", step="b", attempt=1))
    assert "record" in answered(bench, "intervention", first)
    until(lambda: len(bench.all("jobs", "libretto.dev/step=b")) == 2, "it was tried again", operator.log)
    bench.until_state("r", "Failed")
    late = create(bench, command(bench, "r", "retry", step="b", attempt=1))
    assert "which is 2" in answered(bench, "intervention", late)["refusal"]
    second = create(bench, command(bench, "r", "skip", step="b", args={"output": {"replaced": True}}))
    assert "record" in answered(bench, "intervention", second)
    assert bench.until_state("r", "Succeeded")["steps"] == "2/2"
    nonsense = create(bench, command(bench, "r", "retry", step="b"))
    assert "refusal" in answered(bench, "intervention", nonsense)


def test_a_rerun_repeats_with_what_is_done(bench: Bench, operator: OperatorProcess) -> None:
    steps: list[Json] = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "worker", "dependsOn": ["a"]}]
    bench.apply(shell_agent("worker", ANSWERS), orchestration("two", *steps), run("r", "two"))
    bench.until_state("r")
    asked = create(bench, command(bench, "r", "rerun", args={"fromStep": "b"}))
    name = answered(bench, "intervention", asked)["run"]
    status = bench.until_state(name)
    assert (status["state"], status["progress"]["succeeded"]) == ("Succeeded", 2), operator.log()
    assert [
        job["metadata"]["labels"]["libretto.dev/step"] for job in bench.all("jobs", f"libretto.dev/run={name}")
    ] == ["b"]


def test_a_child_run_and_its_gate(bench: Bench, operator: OperatorProcess) -> None:
    inner = orchestration("inner", {"id": "x", "agent": "worker", "checkpointAfter": {"question": "fine"}})
    step = {"id": "child", "type": "orchestration", "orchestration": {"name": "inner"}}
    bench.apply(shell_agent("worker", ANSWERS), inner, orchestration("outer", step), run("r", "outer"))
    status = bench.until_state("r", "AwaitingApproval")
    assert status["gates"][0]["gate"] == "child/x"
    create(bench, approval(bench, "r"))
    assert bench.until_state("r")["state"] == "Succeeded", operator.log()
    child = next(one for one in bench.all("runs") if one["spec"].get("parent"))
    assert child["status"]["state"] == "Succeeded"
    assert child["metadata"]["ownerReferences"][0]["name"] == "r"
