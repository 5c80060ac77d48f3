"""Phases: one entry after the other, barriers between them, conditions, limits, clocks."""

import pytest

from controller.model.graph import RetryPolicy
from tests.unit.engine.graphs import graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "a phase begins when all of the one before has come to its end": play(
        graph("p: a b; q: c; r: d"),
        """
        start | Running a=Running b=Running | start a#1; start b#1
        a ok  | a=Succeeded                 |
        b ok  | b=Succeeded c=Running       | start c#1
        c ok  | c=Succeeded d=Running       | start d#1
        d ok  | Succeeded d=Succeeded       |
        """,
    ),
    "inside a phase only dependencies order": play(
        graph("p: a b<-a c"),
        """
        start | Running a=Running c=Running | start a#1; start c#1
        a ok  | a=Succeeded b=Running       | start b#1
        c ok  | c=Succeeded                 |
        b ok  | Succeeded b=Succeeded       |
        """,
    ),
    "phases of one entry run side by side, and the next entry waits for all of them": play(
        graph("p: a; q: b || r: c || s: d; t: e"),
        """
        start | Running a=Running                         | start a#1
        a ok  | a=Succeeded b=Running c=Running d=Running | start b#1; start c#1; start d#1
        b ok  | b=Succeeded                               |
        d ok  | d=Succeeded                               |
        c ok  | c=Succeeded e=Running                     | start e#1
        e ok  | Succeeded e=Succeeded                     |
        """,
    ),
    "a condition that is false skips its phase, and nothing of it is called": play(
        graph("p: a; q: b c; r: d<-b", phases={"q": {"conditional": True}}),
        """
        start | Running a=Running                         | start a#1
        a ok  | a=Succeeded b=Skipped c=Skipped d=Running | start d#1
        d ok  | Succeeded d=Succeeded                     |
        """,
        phases={"q": False},
    ),
    "a condition that is true plays its phase": play(
        graph("p: a; q: b; r: d", phases={"q": {"conditional": True}}),
        """
        start | Running a=Running     | start a#1
        a ok  | a=Succeeded b=Running | start b#1
        b ok  | b=Succeeded d=Running | start d#1
        d ok  | Succeeded d=Succeeded |
        """,
        phases={"q": True},
    ),
    "a condition that cannot be evaluated fails the run before anything of the phase starts": play(
        graph("p: a; q: b c; r: d", phases={"q": {"conditional": True}}, finalizers="z"),
        """
        start | Running a=Running                 | start a#1
        a ok  | a=Succeeded z=Running             | start z#1
        z ok  | Failed z=Succeeded (PhaseRefused) | tell run run_failed error
        retry |                                   | refused: no step has failed, so there is nothing to retry
        """,
        phases={"q": "no such step"},
    ),
    "a failure keeps later phases from beginning": play(
        graph("p: a b; q: c"),
        """
        start    | Running a=Running b=Running     | start a#1; start b#1
        a exit 1 | a=Failed                        | tell a step_failed warning
        b ok     | Failed b=Succeeded (StepFailed) | tell run run_failed error
        """,
    ),
    "a retry of the failed step lets the later phases begin": play(
        graph("p: a b; q: c"),
        """
        start    | Running a=Running b=Running     | start a#1; start b#1
        a exit 1 | a=Failed                        | tell a step_failed warning
        b ok     | Failed b=Succeeded (StepFailed) | tell run run_failed error
        retry    | Running a=Running               | -> StepReopened; start a#2
        a ok     | a=Succeeded c=Running           | start c#1
        c ok     | Succeeded c=Succeeded           |
        """,
    ),
    "a phase has slots of its own": play(
        graph("p: a b c", phases={"p": {"max_parallel": 2}}),
        """
        start | Running a=Running b=Running | start a#1; start b#1
        a ok  | a=Succeeded c=Running       | start c#1
        b ok  | b=Succeeded                 |
        c ok  | Succeeded c=Succeeded       |
        """,
    ),
    "the first ready step in order starts first, over all phases side by side": play(
        graph("p: a b || q: c d", max_parallel=3, phases={"p": {"max_parallel": 1}}),
        """
        start | Running a=Running c=Running d=Running | start a#1; start c#1; start d#1
        c ok  | c=Succeeded                           |
        a ok  | a=Succeeded b=Running                 | start b#1
        d ok  | d=Succeeded                           |
        b ok  | Succeeded b=Succeeded                 |
        """,
    ),
    "at most three phases run at one time": play(
        graph("p: a || q: b || r: c || s: d || t: e", max_parallel=3),
        """
        start | Running a=Running b=Running c=Running | start a#1; start b#1; start c#1
        b ok  | b=Succeeded d=Running                 | start d#1
        a ok  | a=Succeeded e=Running                 | start e#1
        c ok  | c=Succeeded                           |
        d ok  | d=Succeeded                           |
        e ok  | Succeeded e=Succeeded                 |
        """,
    ),
    "a phase that takes too long ends as failed, with all that is not done in it": play(
        graph("p: a b c<-b d; q: e", phases={"p": {"timeout_ms": 60_000}}),
        """
        start     | Running a=Running b=Running d=Running | start a#1; start b#1; start d#1; wake 60s
        d ok      | d=Succeeded                           |
        +60s      | c=Failed                              | tell run phase_slow warning; stop a#1 Timeout; stop b#1 Timeout; tell c step_failed warning
        a Timeout | a=Failed                              | tell a step_failed warning
        b ok      | Failed b=Succeeded (StepFailed)       | tell run run_failed error
        """,
    ),
    "a step that failed with its phase is retried in its turn, with the clock of the phase set back": play(
        graph("p: a b<-a", phases={"p": {"timeout_ms": 60_000}}),
        """
        start   | Running a=Running     | start a#1; wake 60s
        +60s    | b=Failed              | tell run phase_slow warning; stop a#1 Timeout; tell b step_failed warning
        retry b | b=Pending             | -> StepReopened; wake 120s
        a ok    | a=Succeeded b=Running | start b#1
        +30s    |                       |
        b ok    | Succeeded b=Succeeded |
        """,
    ),
    "after a failure the clock of a phase starts anew": play(
        graph("p: a b", phases={"p": {"timeout_ms": 60_000}}),
        """
        start     | Running a=Running b=Running     | start a#1; start b#1; wake 60s
        a exit 1  | a=Failed                        | tell a step_failed warning
        +10s      |                                 |
        b exit 1  | Failed b=Failed (StepFailed)    | tell b step_failed warning; tell run run_failed error
        +500s     |                                 |
        retry a   | Running a=Running               | -> StepReopened; start a#2; wake 570s
        +50s      |                                 |
        a ok      | Failed a=Succeeded (StepFailed) | tell run run_failed error
        retry b   | Running b=Running               | -> StepReopened; start b#2; wake 620s
        +59s      |                                 |
        +1s       |                                 | tell run phase_slow warning; stop b#2 Timeout
        b Timeout | Failed b=Failed (StepFailed)    | tell b step_failed warning; tell run run_failed error
        """,
    ),
    "a phase without steps passes": play(
        graph("p: a; q: ; r: b"),
        """
        start | Running a=Running     | start a#1
        a ok  | a=Succeeded b=Running | start b#1
        b ok  | Succeeded b=Succeeded |
        """,
    ),
    "a suspended run stands between two phases": play(
        graph("p: a; q: b", phases={"q": {"conditional": True}}),
        """
        start   | Running a=Running     | start a#1
        suspend | suspended             | -> RunSuspended
        a ok    | a=Succeeded           |
        resume  | resumed b=Running     | -> RunResumed; start b#1
        b ok    | Succeeded b=Succeeded |
        """,
    ),
    "skipping a failed step lets the phase end": play(
        graph("p: a; q: b", {"a": {"retry": RetryPolicy(allow_skip=True)}}),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        skip     | Running a=Skipped b=Running  | -> StepSkipped; start b#1
        b ok     | Succeeded b=Succeeded        |
        """,
    ),
}

PROVES: dict[str, pytest.MarkDecorator] = {
    "a phase begins when all of the one before has come to its end": pytest.mark.requirement("ENG-033", "ENG-065"),
    "a condition that is true plays its phase": pytest.mark.requirement("ENG-034"),
    "a condition that is false skips its phase, and nothing of it is called": pytest.mark.requirement("ENG-035"),
    "phases of one entry run side by side, and the next entry waits for all of them": pytest.mark.requirement(
        "ENG-036", "ENG-037"
    ),
    "a failure keeps later phases from beginning": pytest.mark.requirement("CMP-016"),
}


@pytest.mark.parametrize("one", params(PLAYS, PROVES))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
