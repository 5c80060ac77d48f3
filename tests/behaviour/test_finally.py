"""What do `finally` steps know, and what do they get?"""

from typing import Any

import pytest

from controller.model.states import Verb, Verdict
from tests.behaviour.stage import Stage, facts

TELLS = {"verdict": "{{ run.verdict }}", "reason": "{{ run.reason }}", "failed": "{{ run.failedSteps }}"}


def end(**more: Any) -> dict[str, Any]:
    return {"id": "end", "agent": "worker", "input": {"payload": TELLS}, **more}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{"id": "a"}], {"verdict": "Succeeded", "reason": None, "failed": []}),
        (
            [{"id": "a", "input": {"payload": {"exit": [64]}}}, {"id": "b"}, {"id": "c", "dependsOn": ["a"]}],
            {"verdict": "Failed", "reason": "StepFailed", "failed": ["a"]},
        ),
        (
            [{"id": "a", "checkpointAfter": {"question": "?"}}],
            {"verdict": "Aborted", "reason": "Rejected", "failed": []},
        ),
    ],
)
def test_a_finalizer_is_told_the_verdict_and_who_failed(
    stage: Stage, steps: list[dict[str, Any]], told: dict[str, Any]
) -> None:
    stage.orchestration("one", steps, **{"finally": [end()]})
    played = stage.play("one", decide=lambda _: Verdict.REJECT)
    assert played.state == told["verdict"]
    assert played.output("end")["given"]["payload"] == told


def test_it_sees_outputs_and_artifacts_of_what_ended_and_nothing_of_what_did_not(stage: Stage) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "good", "input": {"payload": {"say": 7, "leave": {"good.txt": "G"}}}},
        {"id": "bad", "input": {"payload": {"say": 8, "leave": {"bad.txt": "B"}, "exit": [64]}}},
        {"id": "never", "dependsOn": ["bad"]},
    ]
    payload = {"good": "{{ steps.good }}", "bad": "{{ steps.bad }}", "never": "{{ steps.never }}"}
    inputs = [{"step": "good"}, {"step": "bad"}, {"step": "never"}]
    stage.orchestration("one", steps, **{"finally": [end(input={"payload": payload}, inputs=inputs)]})
    played = stage.play("one")
    assert played.output("end")["given"]["payload"] == {"good": 7, "bad": None, "never": None}
    assert played.output("end")["files"] == {"good/good.txt": "G"}
    assert [one["from"] for one in facts(played.of("end", "StepStarted")[0])["handoffs"]] == ["good"]


@pytest.mark.parametrize(("condition", "runs"), [("steps.a == null", True), ("steps.a != null", False)])
def test_a_condition_decides_by_what_the_steps_came_to(stage: Stage, condition: str, *, runs: bool) -> None:
    step = {"id": "a", "input": {"payload": {"exit": [64]}}}
    stage.orchestration("one", [step], **{"finally": [end(when=condition)]})
    played = stage.play("one")
    assert played.steps()["end"] == ("Succeeded" if runs else "Skipped")
    assert ("end do 1" in played.calls) is runs


def test_it_runs_once_more_after_a_retry_and_after_an_undo(stage: Stage) -> None:
    change = {"put": "a", "receipt": {"changes": ["a"], "undo": {"input": {"drop": "a"}}}}
    steps = [{"id": "a", "input": {"payload": change}}, {"id": "b", "input": {"payload": {"exit": [64]}}}]
    stage.orchestration("one", steps, **{"finally": [end()]})
    played = stage.play("one", commands=[Verb.RETRY, Verb.UNDO])
    assert [call for call in played.calls if call.startswith("end")] == ["end do 1", "end do 2", "end do 3"]
    assert played.output("end")["given"]["payload"]["verdict"] == "RolledBack"
    assert played.state == "RolledBack"
