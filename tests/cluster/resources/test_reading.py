"""What people and their tools see without `-o yaml`: columns, conditions to wait for, fields to select by."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.resources.stage import DIGEST, GROUP, OPERATOR, Object, Server

NOW = "2026-11-20T12:04:31Z"


def condition(kind: str, status: str, reason: str = "Because") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": NOW, "message": "why"}


def table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in text.splitlines()]


@pytest.mark.requirement("K8S-003")
def test_runs(cluster: ControlPlane, namespace: str, new_run: Callable[..., Object]) -> None:
    run = new_run()
    run.status(state="Running")
    run.status(state="AwaitingApproval", steps="4/7", step="summary", waitsFor="approval", version="1.2.0")
    head, row = table(cluster.kubectl("get", "runs", "-n", namespace))
    assert head == ["NAME", "ORCHESTRATION", "STATE", "STEPS", "STEP", "WAITS FOR", "AGE"]
    assert row[:-1] == [run.name, "quarterly", "AwaitingApproval", "4/7", "summary", "approval"]
    run.status(state="Failed", reason="StepFailed", waitsFor=None)
    head, row = table(cluster.kubectl("get", "orun", "-n", namespace, "-o", "wide"))
    assert head[-2:] == ["REASON", "VERSION"]
    assert row[-2:] == ["StepFailed", "1.2.0"]


@pytest.mark.requirement("K8S-003")
def test_definitions_and_decisions(cluster: ControlPlane, server: Server, namespace: str) -> None:
    steps = {"steps": [{"id": "a", "agent": "x"}]}
    made: dict[str, dict[str, Any]] = {
        "Orchestration": steps,
        "Agent": {"image": {"name": "x:1"}},
        "Approval": {
            "runRef": {"name": "q3", "uid": "u"},
            "gate": "summary",
            "digest": DIGEST,
            "request": 3,
            "decision": "reject",
        },
        "Intervention": {"runRef": {"name": "q3", "uid": "u"}, "verb": "retry", "step": "a"},
    }
    written: dict[str, dict[str, Any]] = {
        "Orchestration": {
            "conditions": [condition("Ready", "False", "InvalidDefinition")],
            "version": "1.0.0",
            "steps": 1,
        },
        "Agent": {"conditions": [condition("Ready", "True", "Checked")], "runsAs": "image"},
        "Approval": {"refusal": "the gate is closed", "answeredAt": NOW},
        "Intervention": {"record": 41, "answeredAt": NOW},
    }
    for kind, spec in made.items():
        person = {"approver": {"name": "admin"}} if kind == "Approval" else {}
        person = {"actor": {"name": "admin"}} if kind == "Intervention" else person
        answer = server.create(namespace, kind, {**spec, **person}, name="one")
        assert answer.ok, answer.message
        user = OPERATOR if kind in {"Approval", "Intervention"} else None
        groups = ("system:masters",) if user else ()
        path = f"{GROUP}/namespaces/{namespace}/{kind.lower()}s/one/status"
        answer = server.request("PATCH", path, {"status": written[kind]}, "application/merge-patch+json", user, groups)
        assert answer.ok, answer.message

    def shown(kind: str) -> tuple[list[str], list[str]]:
        head, row = table(cluster.kubectl("get", kind, "-n", namespace))
        return head[:-1], row[:-1]

    assert shown("orch") == (
        ["NAME", "READY", "REASON", "VERSION", "STEPS"],
        ["one", "False", "InvalidDefinition", "1.0.0", "1"],
    )
    assert shown("oagent") == (["NAME", "READY", "REASON", "RUNS AS"], ["one", "True", "Checked", "image"])
    assert shown("oappr") == (
        ["NAME", "RUN", "GATE", "DECISION", "APPROVER", "RECORD", "REFUSED"],
        ["one", "q3", "summary", "reject", "admin", "the gate is closed"],
    )
    assert shown("ointv") == (
        ["NAME", "RUN", "VERB", "STEP", "ACTOR", "RECORD", "REFUSED"],
        ["one", "q3", "retry", "a", "admin", "41"],
    )
    everything = cluster.kubectl("get", "libretto", "-n", namespace, "-o", "name")
    assert {line.partition("/")[0] for line in everything.split()} == {f"{kind.lower()}.libretto.dev" for kind in made}


@pytest.mark.requirement("K8S-004")
def test_tools_wait_for_conditions_and_states(
    cluster: ControlPlane, namespace: str, new_run: Callable[..., Object]
) -> None:
    run = new_run()
    run.status(state="Running", conditions=[condition("Succeeded", "Unknown"), condition("Finished", "False")])
    with pytest.raises(Exception, match="timed out"):
        cluster.kubectl("wait", f"run/{run.name}", "-n", namespace, "--for=condition=Succeeded", "--timeout=1s")
    run.status(state="Succeeded", conditions=[condition("Succeeded", "True"), condition("Finished", "True")])
    for what in ("condition=Succeeded", "condition=Finished", "jsonpath={.status.state}=Succeeded"):
        cluster.kubectl("wait", f"run/{run.name}", "-n", namespace, f"--for={what}", "--timeout=10s")


@pytest.mark.requirement("K8S-004")
def test_fields_select(cluster: ControlPlane, server: Server, namespace: str, new_run: Callable[..., Object]) -> None:
    waiting, running, other = new_run(), new_run(), new_run()
    running.status(state="Running")
    other.status(state="Running")
    other.status(state="Failed")

    def selected(kind: str, selector: str) -> set[str]:
        found = cluster.kubectl("get", kind, "-n", namespace, "-o", "name", f"--field-selector={selector}")
        return {line.partition("/")[2] for line in found.split()}

    assert selected("runs", "status.state=Running") == {running.name}
    assert selected("runs", "status.state!=Running") == {waiting.name, other.name}
    assert len(selected("runs", "spec.orchestrationRef.name=quarterly")) == 3
    assert selected("runs", "spec.orchestrationRef.name=else") == set()
    for name in ("q3", "q4"):
        spec = {"runRef": {"name": name, "uid": "u"}, "verb": "abort", "actor": {"name": "admin"}}
        assert server.create(namespace, "Intervention", spec, name=f"of-{name}").ok
    assert selected("interventions", "spec.runRef.name=q4") == {"of-q4"}
