"""Attempts to undo: what is repeated, when, and when it is given up."""

import pytest

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.model.states import OutcomeClass, Role, Verb
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "a failed undo is repeated as its step would be": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start         | Running a=Running       | start a#1
        a ok receipt  | Succeeded a=Succeeded   |
        undo          | RollingBack             | -> UndoStarted; undo a#1
        undo a exit 1 |                         | wake 2s
        +2s           |                         | undo a#2
        undo a exit 1 |                         | wake 6s
        +4s           |                         | undo a#3
        undo a exit 1 | Failed (UndoIncomplete) | tell run undo_incomplete error
        """,
    ),
    "an undo that must fail again is not repeated": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start          | Running a=Running       | start a#1
        a ok receipt   | Succeeded a=Succeeded   |
        undo           | RollingBack             | -> UndoStarted; undo a#1
        undo a exit 64 | Failed (UndoIncomplete) | tell run undo_incomplete error
        """,
    ),
    "an attempt to undo takes only the places that every attempt takes": play(
        graph("a", {"a": {"retry": THREE, "slots": (("agent/x", 1),)}}, shared=(("attempts", 2),)),
        """
        start         | Running a=Running       | acquire a#1; start a#1
        a ok receipt  | Succeeded a=Succeeded   | release a#1
        undo          | RollingBack             | -> UndoStarted; acquire undo a#1; undo a#1
        undo a exit 1 |                         | release undo a#1; wake 2s
        +2s           |                         | acquire undo a#2; undo a#2
        undo a ok     | RolledBack a=RolledBack | release undo a#2
        """,
    ),
    "an attempt to undo whose place comes while the run is paused gives it back": play(
        graph("a", shared=(("attempts", 2),)),
        """
        start        | Running                 | acquire a#1
        answer       | a=Running               | start a#1
        a ok receipt | Succeeded a=Succeeded   | release a#1
        undo         | RollingBack             | -> UndoStarted; acquire undo a#1
        suspend      | suspended               | -> RunSuspended
        answer       |                         | release undo a#1
        resume       | resumed                 | -> RunResumed; acquire undo a#1
        answer       |                         | undo a#1
        undo a ok    | RolledBack a=RolledBack | release undo a#1
        """,
        mute=[fx.AcquireSlots],
    ),
    "an attempt to undo waits for its place anew after a restart": play(
        graph("a", shared=(("attempts", 2),)),
        """
        start        | Running                 | acquire a#1
        answer       | a=Running               | start a#1
        a ok receipt | Succeeded a=Succeeded   | release a#1
        undo         | RollingBack             | -> UndoStarted; acquire undo a#1
        restart      |                         | acquire undo a#1
        answer       |                         | undo a#1
        undo a ok    | RolledBack a=RolledBack | release undo a#1
        """,
        mute=[fx.AcquireSlots],
    ),
    "an interrupted undo is repeated at once": play(
        graph("a"),
        """
        start              | Running a=Running       | start a#1
        a ok receipt       | Succeeded a=Succeeded   |
        undo               | RollingBack             | -> UndoStarted; undo a#1
        undo a Interrupted |                         | undo a#2
        undo a ok          | RolledBack a=RolledBack |
        """,
    ),
    "what remained is undone by undo, too": play(
        graph("a"),
        """
        start         | Running a=Running       | start a#1
        a ok receipt  | Succeeded a=Succeeded   |
        undo          | RollingBack             | -> UndoStarted; undo a#1
        undo a exit 1 | Failed (UndoIncomplete) | tell run undo_incomplete error
        undo          | RollingBack             | -> UndoStarted; undo a#2
        undo a ok     | RolledBack a=RolledBack |
        """,
    ),
    "after a restart the undo goes on": play(
        graph("a b"),
        """
        start        | Running a=Running b=Running | start a#1; start b#1
        a ok receipt | a=Succeeded                 |
        b ok receipt | Succeeded b=Succeeded       |
        undo         | RollingBack                 | -> UndoStarted; undo b#1
        restart      |                             |
        undo b ok    | b=RolledBack                | undo a#1
        crash 1      |                             | undo a#1
        undo a ok    | RolledBack a=RolledBack     |
        """,
    ),
    "an undo that nobody has a trace of is lost": play(
        graph("a b", {"*": {"retry": THREE}}),
        """
        start        | Running a=Running b=Running | start a#1; start b#1
        a ok receipt | a=Succeeded                 |
        b ok receipt | Succeeded b=Succeeded       |
        undo         | RollingBack                 | -> UndoStarted; undo b#1
        crash 0      |                             |
        undo b Lost  |                             | wake 2s
        +2s          |                             | undo b#2
        undo b ok    | b=RolledBack                | undo a#1
        undo a ok    | RolledBack a=RolledBack     |
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_an_undo_that_cannot_start_is_kept() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}), mute=[fx.StartUndo])
    world.tell()
    world.end("a", "ok receipt")
    world.command(Verb.UNDO)
    refused = ev.AttemptEnded(0, Role.UNDO, 1, OutcomeClass.REJECTED, "no such program")
    world.tell(refused)
    assert (world.state.run, world.state.reason) == ("Failed", "UndoIncomplete")
    assert (world.records[-2].kind, world.records[-2].attempt) == ("UndoKept", 1)
    assert world.command(Verb.RESUME)[-1] == fx.StartUndo(0, 2, digest("undo", "a"))


def test_an_undo_gives_up_after_eleven_disruptions() -> None:
    world = World(graph("a"))
    world.tell()
    world.end("a", "ok receipt")
    world.command(Verb.UNDO)
    for _ in range(10):
        world.end("a", "Disrupted", Role.UNDO)
        assert world.state.run == "RollingBack"
    world.end("a", "Disrupted", Role.UNDO)
    assert (world.state.run, world.state.reason) == ("Failed", "UndoIncomplete")
    assert world.records[-2].summary == 'the undo of "a" failed: Disrupted'
    assert [one for one in world.effects if isinstance(one, fx.StartUndo)][-1].attempt == 11
    world.command(Verb.RESUME)
    assert world.known("a").undo_attempt == 12
