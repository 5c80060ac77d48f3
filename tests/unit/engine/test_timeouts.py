"""Timeouts of steps and runs. (Of phases: test_phases; of checkpoints: test_gates; of attempts: the runner.)"""

import pytest

from controller.engine import effects as fx
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "a step that takes too long is stopped, and fails when it has ended": play(
        graph("a b<-a", {"a": {"timeout_ms": 60_000, "retry": THREE}}),
        """
        start     | Running a=Running            | start a#1; wake 60s
        +60s      |                              | stop a#1 Timeout
        a Timeout | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "the clock of a step runs over all its attempts and waits": play(
        graph("a", {"a": {"timeout_ms": 3_000, "retry": THREE}}),
        """
        start    | Running a=Running            | start a#1; wake 3s
        +2s      |                              |
        a exit 1 | a=Pending                    |
        +1s      | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "an attempt that ends well after all is a success": play(
        graph("a", {"a": {"timeout_ms": 60_000}}),
        """
        start | Running a=Running     | start a#1; wake 60s
        +60s  |                       | stop a#1 Timeout
        a ok  | Succeeded a=Succeeded |
        """,
    ),
    "an attempt that ends by itself meanwhile is not repeated": play(
        graph("a", {"a": {"timeout_ms": 60_000, "retry": THREE}}),
        """
        start    | Running a=Running            | start a#1; wake 60s
        +60s     |                              | stop a#1 Timeout
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "a retry by a person sets the clock back": play(
        graph("a", {"a": {"timeout_ms": 60_000}}),
        """
        start     | Running a=Running            | start a#1; wake 60s
        +60s      |                              | stop a#1 Timeout
        a Timeout | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        +100s     |                              |
        retry     | Running a=Running            | -> StepReopened; start a#2; wake 220s
        +59s      |                              |
        +1s       |                              | stop a#2 Timeout
        a Timeout | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "a step that starts after its time is stopped at once": play(
        graph("a", {"a": {"timeout_ms": 3_000, "retry": THREE}}),
        """
        start     | Running                      | start a#1
        answer    | a=Running                    | wake 3s
        a exit 1  | a=Pending                    | wake 2s
        +2s       |                              | start a#2; wake 3s
        +1s       |                              |
        answer    | a=Running                    | stop a#2 Timeout
        a Timeout | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        """,
        mute=[fx.StartStep],
    ),
    "what waits for slots when its time is over fails at once": play(
        graph("a", {"a": {"timeout_ms": 3_000, "retry": THREE, "slots": (("agent/x", 1),)}}),
        """
        start    | Running                      | acquire a#1
        answer   | a=Running                    | start a#1; wake 3s
        a exit 1 | a=Pending                    | release a#1; wake 2s
        +2s      |                              | acquire a#2; wake 3s
        +1s      | Failed a=Failed (StepFailed) | release a#2; tell a step_failed warning; tell run run_failed error
        """,
        mute=[fx.AcquireSlots],
    ),
    "a foreach step that takes too long ends its instances": play(
        graph("a", {"a": {"foreach": True, "timeout_ms": 60_000}}, max_parallel=1),
        """
        start        | Running a=Running a[0]=Running           | start a[0]#1; wake 60s
        +60s         | a[1]=Failed a[2]=Failed                  | stop a[0]#1 Timeout; tell a[1] step_failed warning; tell a[2] step_failed warning
        a[0] Timeout | Failed a=Failed a[0]=Failed (StepFailed) | tell a[0] step_failed warning; tell run run_failed error
        """,
        lists={"a": 3},
    ),
    "a run that takes too long ends what runs and starts nothing more": play(
        graph("a b<-a c", timeout_ms=60_000, max_parallel=1),
        """
        start     | Running a=Running         | start a#1; wake 60s
        +60s      |                           | stop a#1 Timeout
        a Timeout | Failed a=Failed (Timeout) | tell a step_failed warning; tell run run_failed error
        retry     | Running a=Running         | -> StepReopened; start a#2; wake 120s
        a ok      | a=Succeeded b=Running     | start b#1
        b ok      | b=Succeeded c=Running     | start c#1
        c ok      | Succeeded c=Succeeded     |
        """,
    ),
    "an open checkpoint of a run that takes too long is closed, and opened anew by a retry": play(
        graph("a b<-a", {"a": {"gate": GATE}}, timeout_ms=60_000),
        """
        start     | Running a=Running                   | start a#1; wake 60s
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        +60s      | Failed a=Failed (Timeout)           | tell run run_failed error
        approve a |                                     | refused: the run ended before anybody decided
        retry     | Running a=Running                   | -> StepReopened; start a#2; wake 120s
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a | Running a=Succeeded b=Running       | -> GateApproved; start b#1
        b ok      | Succeeded b=Succeeded               |
        """,
    ),
    "a step that ends well after the time of its run was over passes no checkpoint": play(
        graph("a b<-a", {"a": {"gate": GATE}}, timeout_ms=60_000),
        """
        start     | Running a=Running                   | start a#1; wake 60s
        +60s      |                                     | stop a#1 Timeout
        a ok      | Failed a=Failed (Timeout)           | tell run run_failed error
        retry     | Running a=Running                   | -> StepReopened; start a#2; wake 120s
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a | Running a=Succeeded b=Running       | -> GateApproved; start b#1
        b ok      | Succeeded b=Succeeded               |
        """,
    ),
    "a run that is out of time is undone where that is automatic": play(
        graph("a b<-a", timeout_ms=60_000, automatic_undo=True),
        """
        start        | Running a=Running       | start a#1; wake 60s
        a ok receipt | a=Succeeded b=Running   | start b#1
        +60s         |                         | stop b#1 Timeout
        b Timeout    | RollingBack b=Failed    | tell b step_failed warning; undo a#1
        +100s        |                         |
        undo a ok    | RolledBack a=RolledBack |
        """,
    ),
    "a retry sets the clock of the run back": play(
        graph("a b", timeout_ms=60_000),
        """
        start     | Running a=Running b=Running     | start a#1; start b#1; wake 60s
        a exit 1  | a=Failed                        | tell a step_failed warning
        b ok      | Failed b=Succeeded (StepFailed) | tell run run_failed error
        +100s     |                                 |
        retry     | Running a=Running               | -> StepReopened; start a#2; wake 160s
        +59s      |                                 |
        +1s       |                                 | stop a#2 Timeout
        a Timeout | Failed a=Failed (Timeout)       | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "what waited when a run was halted waits again, with the clock of its step set back": play(
        graph("a b", {"b": {"retry": THREE, "timeout_ms": 30_000}}, fail_fast=True),
        """
        start     | Running a=Running b=Running  | start a#1; start b#1; wake 30s
        b exit 1  | b=Pending                    | wake 2s
        a exit 1  | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        +100s     |                              |
        retry a   | Running a=Running            | -> StepReopened; start a#2; wake 2s
        +0s       | b=Running                    | start b#2; wake 130s
        +29s      |                              |
        a ok      | a=Succeeded                  |
        +1s       |                              | stop b#2 Timeout
        b Timeout | Failed b=Failed (StepFailed) | tell b step_failed warning; tell run run_failed error
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
