"""Undo: what was changed is taken back, last change first, and what remains is listed."""

import pytest

from controller.model.graph import RetryPolicy
from controller.model.states import Role, Verb
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "a failed run is undone on its own, last change first, one at a time": play(
        graph("a b<-a c<-b", automatic_undo=True),
        """
        start        | Running a=Running       | start a#1
        a ok receipt | a=Succeeded b=Running   | start b#1
        b ok receipt | b=Succeeded c=Running   | start c#1
        c exit 1     | RollingBack c=Failed    | tell c step_failed warning; undo b#1
        undo b ok    | b=RolledBack            | undo a#1
        undo a ok    | RolledBack a=RolledBack |
        """,
    ),
    "without that it waits for a person": play(
        graph("a b<-a"),
        """
        start        | Running a=Running            | start a#1
        a ok receipt | a=Succeeded b=Running        | start b#1
        b exit 1     | Failed b=Failed (StepFailed) | tell b step_failed warning; tell run run_failed error
        undo         | RollingBack                  | -> UndoStarted; undo a#1
        undo a ok    | RolledBack a=RolledBack      |
        """,
    ),
    "a failed attempt may have changed something too": play(
        graph("a b", automatic_undo=True),
        """
        start            | Running a=Running b=Running | start a#1; start b#1
        a ok receipt     | a=Succeeded                 |
        b exit 1 receipt | RollingBack b=Failed        | tell b step_failed warning; undo b#1
        undo b ok        | b=RolledBack                | undo a#1
        undo a ok        | RolledBack a=RolledBack     |
        """,
    ),
    "so may an earlier attempt of a step that waits for the next": play(
        graph("a b", {"a": {"retry": THREE}}),
        """
        start            | Running a=Running b=Running | start a#1; start b#1
        a exit 1 receipt | a=Pending                   | wake 2s
        abort undo       |                             | stop b#1 Interrupted; -> AbortRequested
        b Interrupted    | RollingBack b=Aborted       | undo a#1
        undo a ok        | RolledBack a=RolledBack     |
        """,
    ),
    "and a step that a person skipped after it had failed": play(
        graph("a", {"a": {"retry": RetryPolicy(allow_skip=True)}}),
        """
        start            | Running a=Running            | start a#1
        a exit 1 receipt | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        skip             | Succeeded a=Skipped          | -> StepSkipped
        undo             | RollingBack                  | -> UndoStarted; undo a#1
        undo a ok        | RolledBack a=RolledBack      |
        """,
    ),
    "several receipts of one step are undone one by one, the last one first": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start            | Running a=Running       | start a#1
        a exit 1 receipt | a=Pending               | wake 2s
        +2s              | a=Running               | start a#2
        a ok receipt     | Succeeded a=Succeeded   |
        undo             | RollingBack             | -> UndoStarted; undo a#1
        undo a ok        |                         | undo a#2
        undo a ok        | RolledBack a=RolledBack |
        """,
    ),
    "later generations are undone before earlier ones, later steps before earlier ones, later instances too": play(
        graph("a b d<-b", {"d": {"foreach": True}}),
        """
        start            | Running a=Running b=Running                     | start a#1; start b#1
        a exit 1 receipt | a=Failed                                        | tell a step_failed warning
        b ok receipt     | b=Succeeded d=Running d[0]=Running d[1]=Running | start d[0]#1; start d[1]#1
        d[0] ok receipt  | d[0]=Succeeded                                  |
        d[1] ok receipt  | Failed d=Succeeded d[1]=Succeeded (StepFailed)  | tell run run_failed error
        retry            | Running a=Running                               | -> StepReopened; start a#2
        a ok receipt     | Succeeded a=Succeeded                           |
        undo             | RollingBack                                     | -> UndoStarted; undo a#1
        undo a ok        |                                                 | undo a#2
        undo a ok        | a=RolledBack                                    | undo d[1]#1
        undo d[1] ok     | d[1]=RolledBack                                 | undo d[0]#1
        undo d[0] ok     | d[0]=RolledBack                                 | undo b#1
        undo b ok        | RolledBack b=RolledBack                         |
        """,
    ),
    "what cannot be undone is kept and said, and the rest is undone": play(
        graph("a b c"),
        """
        start        | Running a=Running b=Running c=Running | start a#1; start b#1; start c#1
        a ok receipt | a=Succeeded                           |
        b ok receipt | b=Succeeded                           |
        c ok receipt | Succeeded c=Succeeded                 |
        undo         | RollingBack                           | -> UndoStarted; undo c#1
        undo c ok    | c=RolledBack                          | undo a#1
        undo a ok    | Failed a=RolledBack (UndoIncomplete)  | tell run undo_incomplete error
        """,
        undo={"b": "keep its receipt says irreversible"},
    ),
    "what changed nothing needs no undo": play(
        graph("a b"),
        """
        start        | Running a=Running b=Running | start a#1; start b#1
        a ok receipt | a=Succeeded                 |
        b ok receipt | Succeeded b=Succeeded       |
        undo         | RollingBack                 | -> UndoStarted; undo b#1
        undo b ok    | RolledBack b=RolledBack     |
        """,
        undo={"a": "nothing"},
    ),
    "a declared irreversible step is looked at even without a receipt": play(
        graph("a b", {"a": {"reversible": False}, "b": {"undo": True}}),
        """
        start     | Running a=Running b=Running          | start a#1; start b#1
        a ok      | a=Succeeded                          |
        b ok      | Succeeded b=Succeeded                |
        undo      | RollingBack                          | -> UndoStarted; undo b#1
        undo b ok | Failed b=RolledBack (UndoIncomplete) | tell run undo_incomplete error
        """,
        undo={"a": "keep its definition says irreversible"},
    ),
    "a run that was aborted can be undone": play(
        graph("a b"),
        """
        start         | Running a=Running b=Running | start a#1; start b#1
        a ok receipt  | a=Succeeded                 |
        abort         |                             | stop b#1 Interrupted; -> AbortRequested
        b Interrupted | Aborted b=Aborted (Aborted) |
        undo          | RollingBack                 | -> UndoStarted; undo a#1
        undo a ok     | RolledBack a=RolledBack     |
        """,
    ),
    "aborting with undo does both": play(
        graph("a b"),
        """
        start         | Running a=Running b=Running | start a#1; start b#1
        a ok receipt  | a=Succeeded                 |
        abort undo    |                             | stop b#1 Interrupted; -> AbortRequested
        b Interrupted | RollingBack b=Aborted       | undo a#1
        undo a ok     | RolledBack a=RolledBack     |
        """,
    ),
    "a rejected output is undone like any other": play(
        graph("a", {"a": {"gate": GATE}}),
        """
        start        | Running a=Running                   | start a#1
        a ok receipt | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        reject a     | Aborted a=Aborted (Rejected)        | -> GateRejected
        undo         | RollingBack                         | -> UndoStarted; undo a#1
        undo a ok    | RolledBack a=RolledBack             |
        """,
    ),
    "while it is undone, a run can be paused, and its undo with it": play(
        graph("a b"),
        """
        start              | Running a=Running b=Running | start a#1; start b#1
        a ok receipt       | a=Succeeded                 |
        b ok receipt       | Succeeded b=Succeeded       |
        undo               | RollingBack                 | -> UndoStarted; undo b#1
        suspend stop       | suspended                   | stop undo b#1 Interrupted; -> RunSuspended
        undo b Interrupted |                             |
        resume             | resumed                     | -> RunResumed; undo b#2
        undo b ok          | b=RolledBack                | undo a#1
        undo a ok          | RolledBack a=RolledBack     |
        """,
    ),
    "nothing else is possible meanwhile": play(
        graph("a"),
        """
        start        | Running a=Running       | start a#1
        a ok receipt | Succeeded a=Succeeded   |
        undo         | RollingBack             | -> UndoStarted; undo a#1
        abort        |                         | refused: the run is RollingBack already
        retry        |                         | refused: a run that is RollingBack has no step to retry
        skip         |                         | refused: a run that is RollingBack has no step to skip
        undo         |                         | refused: the run is being undone already
        undo a ok    | RolledBack a=RolledBack |
        undo         |                         | refused: everything was undone already
        abort        |                         | refused: the run is RolledBack already
        retry        |                         | refused: a run that is RolledBack has no step to retry
        resume       |                         | refused: the run is RolledBack: there is nothing to resume
        suspend      |                         | refused: the run is RolledBack: there is nothing to pause
        """,
    ),
}

PROVES: dict[str, pytest.MarkDecorator] = {
    "a failed run is undone on its own, last change first, one at a time": pytest.mark.requirement(
        "CMP-022", "CMP-023"
    ),
    "what cannot be undone is kept and said, and the rest is undone": pytest.mark.requirement("CMP-024"),
}


@pytest.mark.parametrize("one", params(PLAYS, PROVES))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_what_remains_is_listed() -> None:
    world = World(graph("a b"), undo={"a": "keep its undo expired", "b": "keep irreversible"})
    world.tell()
    world.end("a", "ok receipt")
    world.end("b", "ok receipt")
    world.command(Verb.UNDO)
    assert world.records[-1].data == {"reason": "UndoIncomplete", "remains": ["b", "a"]}
    assert world.records[-1].summary == "2 changes remain"
    assert [one.summary for one in world.records if one.kind == "UndoKept"] == ["irreversible", "its undo expired"]


def test_an_undo_is_recorded_with_its_receipt() -> None:
    world = World(graph("a"))
    world.tell()
    world.end("a", "ok receipt")
    world.command(Verb.UNDO)
    world.end("a", "ok 3s", Role.UNDO)
    undone = world.records[-2]
    assert (undone.kind, undone.step, undone.source, undone.target) == ("StepUndone", "a", "Succeeded", "RolledBack")
    assert (undone.attempt, undone.duration_ms) == (1, 3000)
    assert undone.data == {"receipt": digest("receipt", "a", 1)}
    assert world.known("a").undo_reason == "undone"
