"""finally: once the verdict is known and undo has ended, before the run settles."""

import pytest

from controller.model.graph import RetryPolicy
from tests.unit.engine.graphs import THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "they run after success": play(
        graph("a", finalizers="z"),
        """
        start | Running a=Running     | start a#1
        a ok  | a=Succeeded z=Running | start z#1
        z ok  | Succeeded z=Succeeded |
        """,
    ),
    "they run after failure, once undo has ended": play(
        graph("a b<-a", finalizers="z", automatic_undo=True),
        """
        start        | Running a=Running      | start a#1
        a ok receipt | a=Succeeded b=Running  | start b#1
        b exit 1     | RollingBack b=Failed   | tell b step_failed warning; undo a#1
        undo a ok    | a=RolledBack z=Running | start z#1
        z ok         | RolledBack z=Succeeded |
        """,
    ),
    "they run after an abort": play(
        graph("a", finalizers="z"),
        """
        start         | Running a=Running             | start a#1
        abort         |                               | stop a#1 Interrupted; -> AbortRequested
        a Interrupted | a=Aborted z=Running           | start z#1
        z ok          | Aborted z=Succeeded (Aborted) |
        """,
    ),
    "their failure turns success into failure, and a retry runs them again": play(
        graph("a", finalizers="z y"),
        """
        start    | Running a=Running                    | start a#1
        a ok     | a=Succeeded z=Running y=Running      | start z#1; start y#1
        z exit 1 | z=Failed                             | tell z step_failed warning
        y ok     | Failed y=Succeeded (FinalizerFailed) | tell run run_failed error
        retry    | Running z=Running y=Running          | -> RunReopened; start z#2; start y#2
        z ok     | z=Succeeded                          |
        y ok     | Succeeded y=Succeeded                |
        """,
    ),
    "their failure leaves a failure what it was": play(
        graph("a", finalizers="z"),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | a=Failed z=Running           | tell a step_failed warning; start z#1
        z exit 1 | Failed z=Failed (StepFailed) | tell z step_failed warning; tell run run_failed error
        retry a  | Running a=Running z=Pending  | -> StepReopened; start a#2
        a ok     | a=Succeeded z=Running        | start z#2
        z ok     | Succeeded z=Succeeded        |
        """,
    ),
    "they have attempts like other steps": play(
        graph("a", {"z": {"retry": THREE}}, finalizers="z"),
        """
        start    | Running a=Running     | start a#1
        a ok     | a=Succeeded z=Running | start z#1
        z exit 1 | z=Pending             | wake 2s
        +2s      | z=Running             | start z#2
        z ok     | Succeeded z=Succeeded |
        """,
    ),
    "one may wait for another, however that one ends": play(
        graph("a", finalizers="z y<-z"),
        """
        start    | Running a=Running                    | start a#1
        a ok     | a=Succeeded z=Running                | start z#1
        z exit 1 | z=Failed y=Running                   | tell z step_failed warning; start y#1
        y ok     | Failed y=Succeeded (FinalizerFailed) | tell run run_failed error
        retry z  | Running z=Running y=Pending          | -> RunReopened; start z#2
        z ok     | z=Succeeded y=Running                | start y#2
        y ok     | Succeeded y=Succeeded                |
        """,
    ),
    "an abort while they run ends them, and the run as aborted": play(
        graph("a", finalizers="z y<-z x<-y", max_parallel=1),
        """
        start         | Running a=Running                         | start a#1
        a ok          | a=Succeeded z=Running                     | start z#1
        abort undo    |                                           | refused: the run is ending; undo it when it has settled
        abort         | y=Aborted x=Aborted                       | stop z#1 Interrupted; -> AbortRequested
        z Interrupted | Aborted z=Aborted (Aborted)               |
        undo          | RollingBack z=Running y=Pending x=Pending | -> UndoStarted; start z#2
        """,
    ),
    "they wait while the run is suspended": play(
        graph("a", finalizers="z"),
        """
        start   | Running a=Running     | start a#1
        suspend | suspended             | -> RunSuspended
        a ok    | a=Succeeded           |
        resume  | resumed z=Running     | -> RunResumed; start z#1
        z ok    | Succeeded z=Succeeded |
        """,
    ),
    "they run again after an undo": play(
        graph("a", finalizers="z"),
        """
        start        | Running a=Running      | start a#1
        a ok receipt | a=Succeeded z=Running  | start z#1
        z ok         | Succeeded z=Succeeded  |
        undo         | RollingBack z=Pending  | -> UndoStarted; undo a#1
        undo a ok    | a=RolledBack z=Running | start z#2
        z ok         | RolledBack z=Succeeded |
        """,
    ),
    "a retry of finalizers takes neither modification nor delay, and they are not skipped": play(
        graph("a", {"z": {"retry": RetryPolicy(allow_skip=True)}}, finalizers="z"),
        """
        start            | Running a=Running                 | start a#1
        a ok             | a=Succeeded z=Running             | start z#1
        z exit 1         | Failed z=Failed (FinalizerFailed) | tell z step_failed warning; tell run run_failed error
        retry z patch    |                                   | refused: "z" is a finalizer: it runs again with the others, at once and unchanged
        retry z later 5s |                                   | refused: "z" is a finalizer: it runs again with the others, at once and unchanged
        skip             |                                   | refused: "z" is a finalizer; retry it
        retry z          | Running z=Running                 | -> RunReopened; start z#2
        retry            |                                   | refused: the run is ending: wait until it has settled, then retry
        skip             |                                   | refused: the run is ending: wait until it has settled, then skip
        z ok             | Succeeded z=Succeeded             |
        """,
    ),
    "failFast does not keep them from running": play(
        graph("a b", finalizers="z", fail_fast=True),
        """
        start    | Running a=Running b=Running     | start a#1; start b#1
        a exit 1 | a=Failed                        | tell a step_failed warning
        b ok     | b=Succeeded z=Running           | start z#1
        z ok     | Failed z=Succeeded (StepFailed) | tell run run_failed error
        """,
    ),
    "a run that is out of time runs them too": play(
        graph("a", finalizers="z", timeout_ms=60_000),
        """
        start     | Running a=Running            | start a#1; wake 60s
        +60s      |                              | stop a#1 Timeout
        a Timeout | a=Failed z=Running           | tell a step_failed warning; start z#1
        +60s      |                              |
        z ok      | Failed z=Succeeded (Timeout) | tell run run_failed error
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
