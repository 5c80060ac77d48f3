"""What follows when an attempt fails: another one when its time has come, then a failed run that tells people."""

from typing import Any

import pytest

from controller.model.states import Verb
from tests.behaviour.stage import Stage, facts

THREE = {"maxAttempts": 3, "initialDelayMs": 250, "backoffMultiplier": 1.5}


def fails(*codes: int, **more: Any) -> dict[str, Any]:
    return {"id": "work", "input": {"payload": {"exit": list(codes)}}, **more}


@pytest.mark.requirement("DEF-049", "ENG-067", "ENG-073", "ENG-074")
def test_retries_come_by_themselves_when_their_time_has_come(stage: Stage) -> None:
    stage.orchestration(
        "one", [fails(1, 75), {"id": "next", "dependsOn": ["work"]}], errorHandling={"onStepFailure": THREE}
    )
    played = stage.play("one")
    assert played.state == "Succeeded"
    moves = [(record.source, record.target) for record in played.of("work")]
    assert moves == [
        ("Pending", "Running"),
        ("Running", "Pending"),
        ("Pending", "Running"),
        ("Running", "Pending"),
        ("Pending", "Running"),
        ("Running", "Succeeded"),
    ]
    failed, started = played.of("work", "AttemptFailed"), played.of("work", "StepStarted")
    for number, delay in enumerate((250, 375)):
        due = facts(failed[number])["retryAt"]
        assert due == failed[number].time + delay
        assert started[number + 1].time >= due
    assert played.calls == ["work do 1", "work do 2", "work do 3", "next do 1"]


@pytest.mark.requirement("DEF-050", "DEF-051")
def test_when_attempts_are_used_up_the_run_fails_and_a_person_can_go_on(stage: Stage) -> None:
    stage.orchestration("one", [fails(1, 1, 1)], errorHandling={"onStepFailure": THREE})
    played = stage.play("one", commands=[Verb.RETRY])
    assert played.calls == ["work do 1", "work do 2", "work do 3", "work do 4"]
    kinds = [record.kind for record in played.records]
    assert kinds.index("RunFailed") < kinds.index("RunReopened") < kinds.index("RunSucceeded")
    assert facts(played.records[kinds.index("RunFailed")])["reason"] == "StepFailed"


@pytest.mark.requirement("DEF-047")
@pytest.mark.parametrize("notify", [True, False])
def test_a_failure_notifies_people_where_that_is_said(stage: Stage, *, notify: bool) -> None:
    handling = {"onStepFailure": {"notifyHuman": notify}}
    stage.orchestration("one", [fails(64)], errorHandling=handling)
    played = stage.play("one")
    told = [(alert.type, alert.level, alert.step) for alert in played.alerts]
    assert told == [("step_failed", "error" if notify else "warning", "work"), ("run_failed", "error", None)]
    assert played.alerts[0].message == 'step "work" failed: exit code 64'


@pytest.mark.requirement("ENG-019")
def test_each_condition_has_its_alert(stage: Stage) -> None:
    used_up = {"maxAttempts": 2, "initialDelayMs": 250}
    steps = [
        {**fails(1, 1), "id": "tired", "retry": used_up},
        {"id": "broken", "contract": {"schema": {"type": "string"}}},
        {"id": "late", "contract": {"due": "0s"}},
        {"id": "gated", "checkpointAfter": {"question": "Go on?", "required": False, "autoTimeout": 1}},
        {**fails(77), "id": "poor"},
    ]
    stage.orchestration("one", steps)
    played = stage.play("one")
    assert {(alert.type, alert.level, alert.step) for alert in played.alerts} == {
        ("retry_exhausted", "warning", "tired"),
        ("validation_failed", "error", "broken"),
        ("late_output", "warning", "late"),
        ("gate_waiting", "info", "gated"),
        ("step_failed", "warning", "poor"),
        ("run_failed", "error", None),
    }
