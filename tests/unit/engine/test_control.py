"""Abort, suspend, resume: what people do to a run as a whole."""

import pytest

from controller.engine import effects as fx
from controller.model.graph import RetryPolicy
from tests.unit.engine.graphs import graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "aborting stops what runs and starts nothing more": play(
        graph("a b<-a c d", max_parallel=2),
        """
        start         | Running a=Running c=Running | start a#1; start c#1
        abort         |                             | stop a#1 Interrupted; stop c#1 Interrupted; -> AbortRequested
        abort         |                             | refused: the run is being aborted already
        a Interrupted | a=Aborted                   |
        c exit 1      | Aborted c=Aborted (Aborted) |
        abort         |                             | refused: the run is Aborted already
        resume        |                             | refused: the run is Aborted: there is nothing to resume
        suspend       |                             | refused: the run is Aborted: there is nothing to pause
        retry         |                             | refused: a run that is Aborted has no step to retry
        """,
    ),
    "what ends well meanwhile has succeeded": play(
        graph("a b<-a"),
        """
        start | Running a=Running             | start a#1
        abort |                               | stop a#1 Interrupted; -> AbortRequested
        a ok  | Aborted a=Succeeded (Aborted) |
        """,
    ),
    "aborting a failed run makes it final": play(
        graph("a"),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        abort    | Aborted (Aborted)            | -> RunAborted
        retry    |                              | refused: a run that is Aborted has no step to retry
        undo     | RolledBack                   | -> UndoStarted
        """,
    ),
    "a run can be aborted before it begins": play(
        graph("a"),
        """
        suspend | suspended                 | -> RunSuspended
        start   |                           |
        abort   | Aborted resumed (Aborted) | -> AbortRequested
        """,
    ),
    "aborting ends a suspension, for there is nothing to wait for": play(
        graph("a", finalizers="z"),
        """
        start         | Running a=Running             | start a#1
        suspend stop  | suspended                     | stop a#1 Interrupted; -> RunSuspended
        a Interrupted | a=Pending                     |
        abort         | resumed z=Running             | -> AbortRequested; start z#1
        z ok          | Aborted z=Succeeded (Aborted) |
        """,
    ),
    "suspending lets what runs end, and starts nothing": play(
        graph("a b<-a"),
        """
        start   | Running a=Running     | start a#1
        suspend | suspended             | -> RunSuspended
        suspend |                       | -> RunSuspended
        a ok    | a=Succeeded           |
        resume  | resumed b=Running     | -> RunResumed; start b#1
        resume  |                       | -> StepStarted
        b ok    | Succeeded b=Succeeded |
        """,
    ),
    "suspending with stop charges no attempt": play(
        graph("a"),
        """
        start         | Running a=Running     | start a#1
        suspend stop  | suspended             | stop a#1 Interrupted; -> RunSuspended
        a Interrupted | a=Pending             |
        resume        | resumed a=Running     | -> RunResumed; start a#2
        a ok          | Succeeded a=Succeeded |
        """,
    ),
    "a retry in a suspended run waits for it to be resumed": play(
        graph("a b"),
        """
        start    | Running a=Running b=Running | start a#1; start b#1
        a exit 1 | a=Failed                    | tell a step_failed warning
        suspend  | suspended                   | -> RunSuspended
        retry    | a=Pending                   | -> StepReopened
        resume   | resumed a=Running           | -> RunResumed; start a#2
        a ok     | a=Succeeded                 |
        b ok     | Succeeded b=Succeeded       |
        """,
    ),
    "a run that fails is not suspended any more": play(
        graph("a"),
        """
        start    | Running a=Running                    | start a#1
        suspend  | suspended                            | -> RunSuspended
        a exit 1 | Failed resumed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry    | Running a=Running                    | -> StepReopened; start a#2
        a ok     | Succeeded a=Succeeded                |
        """,
    ),
    "what waits for slots that span runs gives up its place when the run is aborted": play(
        graph("a b", {"a": {"slots": (("agent/x", 1),)}}),
        """
        start         | Running b=Running           | acquire a#1; start b#1
        abort         |                             | release a#1; stop b#1 Interrupted; -> AbortRequested
        answer        |                             |
        b Interrupted | Aborted b=Aborted (Aborted) |
        """,
        mute=[fx.AcquireSlots],
    ),
    "slots that are granted to a suspended run are given back": play(
        graph("a", {"a": {"slots": (("agent/x", 1),)}}),
        """
        start   | Running               | acquire a#1
        suspend | suspended             | -> RunSuspended
        answer  |                       | release a#1
        resume  | resumed               | -> RunResumed; acquire a#1
        answer  | a=Running             | start a#1
        a ok    | Succeeded a=Succeeded | release a#1
        """,
        mute=[fx.AcquireSlots],
    ),
    "a place that every attempt takes is taken and given back by each": play(
        graph("a b<-a", {"b": {"child": True}}, shared=(("attempts", 2),)),
        """
        start           | Running a=Running     | acquire a#1; start a#1
        a ok            | a=Succeeded b=Running | release a#1; child b#1
        b Succeeded run | Succeeded b=Succeeded |
        """,
    ),
    "a list takes a place for each instance and none for itself": play(
        graph("a", {"a": {"foreach": True}}, shared=(("attempts", 2),), max_parallel=1),
        """
        start   | Running a=Running a[0]=Running    | acquire a[0]#1; start a[0]#1
        a[0] ok | a[0]=Succeeded a[1]=Running       | release a[0]#1; acquire a[1]#1; start a[1]#1
        a[1] ok | Succeeded a=Succeeded a[1]=Succeeded | release a[1]#1
        """,
    ),
    "a start that was under way when the run was aborted is stopped": play(
        graph("a"),
        """
        start         | Running                     | start a#1
        abort         |                             | -> AbortRequested
        answer        | a=Running                   | stop a#1 Interrupted
        a Interrupted | Aborted a=Aborted (Aborted) |
        """,
        mute=[fx.StartStep],
    ),
    "what was found ready in a run that is being aborted is not started": play(
        graph("a b"),
        """
        start  | Running           |
        abort  | Aborted (Aborted) | -> AbortRequested
        answer |                   |
        answer |                   |
        """,
        mute=[fx.PrepareStep],
    ),
    "what is being prepared has no slots to give back": play(
        graph("a b", {"a": {"slots": (("agent/x", 1),)}}, max_parallel=1),
        """
        start        | Running   |
        suspend stop | suspended | -> RunSuspended
        resume       | resumed   | -> RunResumed
        """,
        mute=[fx.PrepareStep],
    ),
    "an intent that became durable in a run that is being aborted is not carried out": play(
        graph("a", {"a": {"at_most_once": True, "slots": (("agent/x", 1),)}}),
        """
        start  | Running           | acquire a#1; persist a
        abort  |                   | -> AbortRequested
        answer | Aborted (Aborted) | release a#1
        """,
        mute=[fx.Persist],
    ),
    "an intent that became durable in a suspended run is carried out": play(
        graph("a", {"a": {"at_most_once": True}}),
        """
        start   | Running                       | persist a
        suspend | suspended                     | -> RunSuspended
        answer  | a=Running                     | start a#1
        a ok    | Succeeded resumed a=Succeeded |
        """,
        mute=[fx.Persist],
    ),
    "outputs that come when the run is being aborted are not used": play(
        graph("a", outputs=True),
        """
        start  | Running a=Running | start a#1
        a ok   | a=Succeeded       |
        abort  |                   | -> AbortRequested
        answer | Aborted (Aborted) |
        """,
        mute=[fx.ComputeOutputs],
    ),
    "a person may skip a step that waits for its next attempt": play(
        graph("a b<-a", {"a": {"retry": RetryPolicy(3, allow_skip=True)}}),
        """
        start         | Running a=Running     | start a#1
        skip a        |                       | refused: "a" is Running; only a failed step can be skipped
        a exit 1      | a=Pending             | wake 2s
        skip a output | a=Skipped b=Running   | -> StepSkipped; start b#1
        b ok          | Succeeded b=Succeeded |
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
