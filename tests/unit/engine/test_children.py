"""Steps of type orchestration: the child run is the attempt."""

import pytest

from controller.engine import events as ev
from controller.engine.state import ChildRef
from controller.model.states import RunState
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "a child that succeeds is the success of its step": play(
        graph("c b<-c", {"c": {"child": True}}),
        """
        start           | Running c=Running     | child c#1
        c Succeeded run | c=Succeeded b=Running | start b#1
        b ok            | Succeeded b=Succeeded |
        """,
    ),
    "a child that fails is an attempt that failed": play(
        graph("c", {"c": {"child": True, "retry": THREE}}),
        """
        start           | Running c=Running     | child c#1
        c Failed run    | c=Pending             | wake 2s
        +2s             | c=Running             | child c#2
        c Succeeded run | Succeeded c=Succeeded |
        """,
    ),
    "a child that a person aborted is not repeated": play(
        graph("c", {"c": {"child": True, "retry": THREE}}),
        """
        start         | Running c=Running            | child c#1
        c Aborted run | Failed c=Failed (StepFailed) | tell c step_failed warning; tell run run_failed error
        """,
    ),
    "open checkpoints of a child bubble up, and let the parent wait": play(
        graph("c a", {"c": {"child": True}}),
        """
        start               | Running c=Running a=Running | child c#1; start a#1
        gates c review      | AwaitingApproval            |
        gates c review sign |                             |
        gates c sign        |                             |
        gates c             | Running                     |
        gates c sign        | AwaitingApproval            |
        c Succeeded run     | Running c=Succeeded         |
        gates c sign        |                             |
        a ok                | Succeeded a=Succeeded       |
        """,
    ),
    "a checkpoint of the step itself comes after the child": play(
        graph("c", {"c": {"child": True, "gate": GATE}}),
        """
        start           | Running c=Running                   | child c#1
        c Succeeded run | AwaitingApproval c=AwaitingApproval | tell c gate_waiting info
        approve c       | Succeeded c=Succeeded               | -> GateApproved
        """,
    ),
    "aborting the parent ends the child": play(
        graph("c", {"c": {"child": True}}),
        """
        start          | Running c=Running           | child c#1
        gates c review | AwaitingApproval            |
        abort          |                             | stop c#1 Interrupted; -> AbortRequested
        c Aborted run  | Aborted c=Aborted (Aborted) |
        """,
    ),
    "a child is undone as one unit, those of earlier attempts too, the last one first": play(
        graph("a c", {"c": {"child": True, "retry": THREE}}, automatic_undo=True),
        """
        start           | Running a=Running c=Running      | start a#1; child c#1
        c Failed run    | c=Pending                        | wake 2s
        +2s             | c=Running                        | child c#2
        c Succeeded run | c=Succeeded                      |
        a exit 1        | RolledBack a=Failed c=RolledBack | tell a step_failed warning; undo child c; undo child c
        """,
    ),
    "what remains of a child remains of the run": play(
        graph("c", {"c": {"child": True}}),
        """
        start           | Running c=Running       | child c#1
        c Succeeded run | Succeeded c=Succeeded   |
        undo            | Failed (UndoIncomplete) | -> UndoStarted; undo child c; tell run undo_incomplete error
        """,
        undo={"c": "irreversible"},
    ),
    "after a restart a child is asked for again": play(
        graph("c", {"c": {"child": True}}),
        """
        start           | Running c=Running     | child c#1
        restart         |                       | child c#1
        c Succeeded run | Succeeded c=Succeeded |
        """,
    ),
    "the end of an earlier child changes nothing": play(
        graph("c", {"c": {"child": True}}),
        """
        start           | Running c=Running            | child c#1
        c Failed run    | Failed c=Failed (StepFailed) | tell c step_failed warning; tell run run_failed error
        c Succeeded run |                              |
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_children_are_undone_the_last_one_first() -> None:
    world = perform(PLAYS["a child is undone as one unit, those of earlier attempts too, the last one first"])[1]
    assert world.started[-2:] == ["undo child-c-2", "undo child-c-1"]
    assert [record.data for record in world.records if record.kind == "ReceiptUndone"] == [{"child": "child-c-2"}]


def test_a_child_without_a_result_has_not_succeeded() -> None:
    world = World(graph("c", {"c": {"child": True}}))
    world.tell()
    world.tell(ev.ChildEnded(0, 1, RunState.SUCCEEDED, "CHILD", digest(1), digest(2), None, "outputs are gone"))
    assert (world.known("c").state, world.known("c").reason) == (
        "Failed",
        "child run CHILD ended as Succeeded: outputs are gone",
    )
    assert world.known("c").child == ChildRef("CHILD", digest(1), digest(2))
