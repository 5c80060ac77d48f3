"""foreach: one step, many instances."""

import pytest

from controller.engine.events import Hit, Skip
from controller.engine.units import unit_name
from controller.model.graph import RetryPolicy
from controller.model.states import Role
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, Each, graph
from tests.unit.engine.plays import Play, _happen, expected, params, perform, play
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "instances run side by side, and their step succeeds when all have": play(
        graph("a b<-a", {"a": {"foreach": True}}),
        """
        start   | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[1] ok | a[1]=Succeeded                              |
        a[0] ok | a=Succeeded a[0]=Succeeded b=Running        | start b#1
        b ok    | Succeeded b=Succeeded                       |
        """,
    ),
    "an empty list succeeds at once": play(
        graph("a b<-a", {"a": {"foreach": True}}),
        """
        start | Running a=Succeeded b=Running | start b#1
        b ok  | Succeeded b=Succeeded         |
        """,
        lists={"a": 0},
    ),
    "a failed instance fails its step after the others have ended": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running a[2]=Running | start a[0]#1; start a[1]#1; start a[2]#1
        a[0] exit 1 | a[0]=Failed                                              | tell a[0] step_failed warning
        a[2] ok     | a[2]=Succeeded                                           |
        a[1] ok     | Failed a=Failed a[1]=Succeeded (StepFailed)              | tell run run_failed error
        """,
        lists={"a": 3},
    ),
    "instances are repeated one by one": play(
        graph("a", {"a": {"foreach": True, "retry": THREE}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Pending                                | wake 2s
        a[1] ok     | a[1]=Succeeded                              |
        +2s         | a[0]=Running                                | start a[0]#2
        a[0] ok     | Succeeded a=Succeeded a[0]=Succeeded        |
        """,
    ),
    "instances take slots in order": play(
        graph("a b", {"a": {"foreach": True}}, max_parallel=2),
        """
        start   | Running a=Running a[0]=Running b=Running | start b#1; start a[0]#1
        a[0] ok | a[0]=Succeeded a[1]=Running              | start a[1]#1
        a[1] ok | a[1]=Succeeded a[2]=Running              | start a[2]#1
        a[2] ok | a=Succeeded a[2]=Succeeded               |
        b ok    | Succeeded b=Succeeded                    |
        """,
        lists={"a": 3},
    ),
    "retrying one failed instance leaves the others failed": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Failed                                 | tell a[0] step_failed warning
        a[1] exit 1 | Failed a=Failed a[1]=Failed (StepFailed)    | tell a[1] step_failed warning; tell run run_failed error
        retry a[0]  | Running a=Running a[0]=Running              | -> StepReopened; start a[0]#2
        a[0] ok     | Failed a=Failed a[0]=Succeeded (StepFailed) | tell run run_failed error
        retry a[1]  | Running a=Running a[1]=Running              | -> StepReopened; start a[1]#2
        a[1] ok     | Succeeded a=Succeeded a[1]=Succeeded        |
        """,
    ),
    "retrying the step retries all failed instances, after the delay": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start            | Running a=Running a[0]=Running a[1]=Running a[2]=Running | start a[0]#1; start a[1]#1; start a[2]#1
        a[0] exit 1      | a[0]=Failed                                              | tell a[0] step_failed warning
        a[1] exit 1      | a[1]=Failed                                              | tell a[1] step_failed warning
        a[2] ok          | Failed a=Failed a[2]=Succeeded (StepFailed)              | tell run run_failed error
        retry a later 5s | Running a=Pending a[0]=Pending a[1]=Pending              | -> StepReopened; wake 5s
        +5s              | a=Running a[0]=Running a[1]=Running                      | start a[0]#2; start a[1]#2
        a[0] ok          | a[0]=Succeeded                                           |
        a[1] ok          | Succeeded a=Succeeded a[1]=Succeeded                     |
        """,
        lists={"a": 3},
    ),
    "an instance is not retried while its step runs": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Failed                                 | tell a[0] step_failed warning
        retry a[0]  |                                             | refused: "a[0]" is one instance of a step that is Running; only a failed step can be retried
        a[1] ok     | Failed a=Failed a[1]=Succeeded (StepFailed) | tell run run_failed error
        """,
    ),
    "a checkpoint is about the whole list, and modifying it makes all instances anew": play(
        graph("a", {"a": {"foreach": True, "gate": GATE}}),
        """
        start     | Running a=Running a[0]=Running a[1]=Running        | start a[0]#1; start a[1]#1
        a[0] ok   | a[0]=Succeeded                                     |
        a[1] ok   | AwaitingApproval a=AwaitingApproval a[1]=Succeeded | tell a gate_waiting info
        modify a  | Running a=Running a[0]=Running a[1]=Running        | -> GateModified; start a[0]#2; start a[1]#2
        a[0] ok   | a[0]=Succeeded                                     |
        a[1] ok   | AwaitingApproval a=AwaitingApproval a[1]=Succeeded | tell a gate_waiting info
        approve a | Succeeded a=Succeeded                              | -> GateApproved
        """,
    ),
    "a condition and the cache are about the whole step": play(
        graph("a b", {"*": {"foreach": True}}),
        """
        start | Succeeded a=Skipped b=Succeeded |
        """,
        prepare={"a": Skip("ConditionFalse"), "b": Hit(digest("list"), digest("items"), {"run": "OLD"})},
    ),
    "aborting ends instances that never started with their step": play(
        graph("a", {"a": {"foreach": True}}, max_parallel=1),
        """
        start            | Running a=Running a[0]=Running           | start a[0]#1
        abort            |                                          | stop a[0]#1 Interrupted; -> AbortRequested
        a[0] Interrupted | Aborted a=Aborted a[0]=Aborted (Aborted) |
        """,
    ),
    "aborting after an instance failed leaves the step failed": play(
        graph("a", {"a": {"foreach": True}}, max_parallel=1),
        """
        start            | Running a=Running a[0]=Running          | start a[0]#1
        a[0] exit 1      | a[0]=Failed a[1]=Running                | tell a[0] step_failed warning; start a[1]#1
        abort            |                                         | stop a[1]#1 Interrupted; -> AbortRequested
        a[1] Interrupted | Aborted a=Failed a[1]=Aborted (Aborted) |
        """,
    ),
    "failFast keeps the other instances from starting, and they are retried with their step": play(
        graph("b a", {"a": {"foreach": True}}, max_parallel=2, fail_fast=True),
        """
        start    | Running b=Running a=Running a[0]=Running    | start b#1; start a[0]#1
        b exit 1 | b=Failed                                    | tell b step_failed warning
        a[0] ok  | Failed a=Failed a[0]=Succeeded (StepFailed) | tell run run_failed error
        retry a  | Running a=Running a[1]=Running              | -> StepReopened; start a[1]#1
        retry b  | b=Running                                   | -> StepReopened; start b#2
        b ok     | b=Succeeded                                 |
        a[1] ok  | Succeeded a=Succeeded a[1]=Succeeded        |
        """,
    ),
    "a step with failed instances may be skipped as a whole": play(
        graph("a b<-a", {"a": {"foreach": True, "retry": RetryPolicy(allow_skip=True)}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Failed                                 | tell a[0] step_failed warning
        a[1] ok     | Failed a=Failed a[1]=Succeeded (StepFailed) | tell run run_failed error
        skip a[0]   |                                             | refused: "a[0]" is one instance; skip its whole step
        skip a      | Running a=Skipped b=Running                 | -> StepSkipped; start b#1
        retry a[0]  |                                             | refused: "a[0]" is one instance of a step that is Skipped; only a failed step can be retried
        b ok        | Succeeded b=Succeeded                       |
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_what_instances_changed_before_they_were_made_anew_is_undone_too() -> None:
    world = World(graph("a", {"a": {"foreach": True, "gate": GATE, "retry": THREE}}), lists={"a": 3})
    world.tell()
    for name in ("a[0]", "a[1]", "a[2]"):
        world.end(name, "ok receipt")
    world.lists = {"a": 1}
    _happen(world, "modify a")
    assert [world.known(f"a[{one}]").receipts for one in range(3)] == [
        (digest("receipt", f"a[{one}]", 1),) for one in range(3)
    ]
    assert world.known("a").instances == 1
    world.end("a[0]", "exit 1")
    world.later(2000)
    world.end("a[0]", "ok receipt")
    _happen(world, "approve a")
    assert world.known("a[0]").classes == ("Succeeded", "Failed", "Succeeded")
    assert world.known("a[0]").spent == 1
    undone = []
    _happen(world, "undo")
    while world.known_running():
        name = unit_name(world.graph, world.known_running()[0][0])
        undone.append(name)
        world.end(name, "ok", Role.UNDO)
    assert undone == ["a[2]", "a[1]", "a[0]", "a[0]"]
    assert world.state.run == "RolledBack"


def test_children_that_were_made_anew_are_undone_too() -> None:
    each: Each = {"a": {"foreach": True, "gate": GATE, "child": True}}
    world = World(graph("a", each), lists={"a": 1})
    for words in ("start", "a[0] Succeeded run", "modify a", "a[0] Succeeded run", "approve a", "undo"):
        _happen(world, words)
    assert world.started == ["a[0]#1", "a[0]#2", "undo child-a[0]-2", "undo child-a[0]-1"]
    assert world.state.run == "RolledBack"
