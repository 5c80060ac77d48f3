"""After a crash: what is adopted, what is lost, what is asked for again; and ledgers that do not fold."""

import pytest

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.decide_attempt import child_digest
from controller.engine.evolve import fold
from controller.engine.wanted import intents, running
from controller.model.graph import Graph
from controller.model.states import OutcomeClass, Role
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, Each, graph
from tests.unit.engine.plays import Play, _happen, expected, params, perform, play, restarted
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "what still runs is adopted, what is gone is lost": play(
        graph("a b", {"*": {"retry": THREE}}),
        """
        start   | Running a=Running b=Running | start a#1; start b#1
        crash 1 |                             | start b#1
        a ok    | a=Succeeded                 |
        b Lost  | b=Pending                   | wake 2s
        +2s     | b=Running                   | start b#2
        b ok    | Succeeded b=Succeeded       |
        """,
    ),
    "a stop that may not have arrived is asked for again": play(
        graph("a b", {"a": {"timeout_ms": 60_000}}),
        """
        start         | Running a=Running b=Running | start a#1; start b#1; wake 60s
        +60s          |                             | stop a#1 Timeout
        restart       |                             | stop a#1 Timeout
        abort         |                             | stop a#1 Interrupted; stop b#1 Interrupted; -> AbortRequested
        restart       |                             | stop a#1 Timeout; stop b#1 Interrupted
        a Timeout     | a=Aborted                   |
        restart       |                             | stop b#1 Interrupted
        b Interrupted | Aborted b=Aborted (Aborted) |
        """,
    ),
    "so it is when the run took too long": play(
        graph("a b", {"b": {"gate": GATE}}, timeout_ms=60_000),
        """
        start     | Running a=Running b=Running         | start a#1; start b#1; wake 60s
        b ok      | AwaitingApproval b=AwaitingApproval | tell b gate_waiting info
        +60s      | Running b=Failed                    | stop a#1 Timeout
        restart   |                                     | stop a#1 Timeout
        a Timeout | Failed a=Failed (Timeout)           | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "checkpoints that should have been closed are closed": play(
        graph("a b c", {"*": {"gate": GATE}}),
        """
        start         | Running a=Running b=Running c=Running | start a#1; start b#1; start c#1
        a ok          | AwaitingApproval a=AwaitingApproval   | tell a gate_waiting info
        b ok          | b=AwaitingApproval                    | tell b gate_waiting info
        reject a      | Running a=Aborted b=Aborted           | -> GateRejected; stop c#1 Interrupted
        crash 1       |                                       | stop c#1 Interrupted
        c Interrupted | Aborted c=Aborted (Rejected)          |
        """,
    ),
    "instances that have all ended are combined": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start   | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] ok | a[0]=Succeeded                              |
        a[1] ok | a[1]=Succeeded                              |
        restart |                                             |
        answer  | Succeeded a=Succeeded                       |
        """,
        mute=[fx.CombineInstances],
    ),
    "instances of which one failed fail their step": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Failed                                 | tell a[0] step_failed warning
        a[1] ok     | Failed a=Failed a[1]=Succeeded (StepFailed) | tell run run_failed error
        crash 2     |                                             | tell run run_failed error
        """,
    ),
    "a phase that was being skipped is skipped": play(
        graph("p: a b c; q: d", phases={"p": {"conditional": True}}),
        """
        start   | Running a=Skipped b=Skipped c=Skipped d=Running | start d#1
        crash 3 |                                                 | start d#1
        d ok    | Succeeded d=Succeeded                           |
        """,
        phases={"p": False},
    ),
    "a suspended run stays suspended": play(
        graph("a b<-a"),
        """
        start   | Running a=Running     | start a#1
        suspend | suspended             | -> RunSuspended
        restart |                       |
        a ok    | a=Succeeded           |
        resume  | resumed b=Running     | -> RunResumed; start b#1
        b ok    | Succeeded b=Succeeded |
        """,
    ),
    "a retry keeps its time": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start    | Running a=Running     | start a#1
        a exit 1 | a=Pending             | wake 2s
        +1s      |                       |
        restart  |                       |
        +1s      | a=Running             | start a#2
        a ok     | Succeeded a=Succeeded |
        """,
    ),
    "finalizers go on": play(
        graph("a", finalizers="z", outputs=True),
        """
        start   | Running a=Running     | start a#1
        a ok    | a=Succeeded z=Running | start z#1
        crash 1 |                       | start z#1
        z ok    | Succeeded z=Succeeded |
        """,
    ),
    "an abort while finalizers run goes on": play(
        graph("a", finalizers="z y", max_parallel=1),
        """
        start         | Running a=Running           | start a#1
        a ok          | a=Succeeded z=Running       | start z#1
        abort         | y=Aborted                   | stop z#1 Interrupted; -> AbortRequested
        crash 1       |                             | stop z#1 Interrupted
        z Interrupted | Aborted z=Aborted (Aborted) |
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_outputs_outlive_a_crash() -> None:
    world = perform(PLAYS["finalizers go on"])[1]
    assert world.records[-1].kind == "RunSucceeded"
    assert world.records[-1].output_digest == digest("outputs")


def found(world: World, name: str, attempt: int = 1, role: Role = Role.DO) -> None:
    world.tell(ev.Launched(world.unit(name), role, attempt, digest("input"), adopted=True))


def test_an_attempt_that_the_ledger_does_not_know_takes_its_slot_before_anything_starts() -> None:
    world = restarted(graph("a b", max_parallel=1), "start")
    found(world, "b")
    assert world.records[2].kind == "StepStarted"
    assert (world.records[2].step, world.records[2].data) == ("b", {"adopted": True})
    assert set(world.state.holding) == {world.unit("b")}
    assert world.known("a").state == "Pending"


OUT_OF_TURN = {
    "a run that has not begun": (graph("a"), [], "a"),
    "a dependency that has not ended": (graph("a b<-a"), ["start"], "b"),
    "a phase that has not begun": (graph("p: a; q: b"), ["start"], "b"),
    "an instance of a step without a list": (graph("a", {"a": {"foreach": True}}), [], "a[0]"),
    "a finalizer while steps may move": (graph("a", finalizers="z"), ["start"], "z"),
    "a finalizer that waits for another": (graph("", finalizers="z y<-z"), ["start"], "y"),
    "no slot is free": (graph("a b", max_parallel=1), ["start", "answer"], "b"),
    "no slot of its phase is free": (
        graph("p: a b", phases={"p": {"max_parallel": 1}}),
        ["start", "answer"],
        "b",
    ),
    "a run that has settled": (graph("a b", fail_fast=True, max_parallel=1), ["start", "answer", "a exit 1"], "b"),
    "a run whose verdict is known": (
        graph("a b", fail_fast=True, max_parallel=1, finalizers="z"),
        ["start", "answer", "a exit 1"],
        "b",
    ),
}


@pytest.mark.parametrize(("of", "words", "name"), OUT_OF_TURN.values(), ids=OUT_OF_TURN)
def test_what_led_to_an_attempt_must_be_recorded_first(of: Graph, words: list[str], name: str) -> None:
    world = restarted(of, *words)
    found(world, name)
    assert world.known(name).attempt == 0


IN_TURN = {
    "a ready step": (graph("a"), ["start"], "a"),
    "a step of an open phase": (graph("p: a; q: b"), ["start", "answer", "a ok"], "b"),
    "an instance": (graph("a", {"a": {"foreach": True}}), ["start"], "a[1]"),
    "a finalizer": (graph("a", finalizers="z y<-z"), ["start", "answer", "a ok"], "z"),
    "one slot is left": (graph("a b", max_parallel=2), ["start", "answer"], "b"),
    "one slot of its phase is left": (graph("p: a b", phases={"p": {"max_parallel": 2}}), ["start", "answer"], "b"),
    "a run that waits for approval": (graph("a b", {"a": {"gate": GATE}}), ["start", "answer", "a ok"], "b"),
}


@pytest.mark.parametrize(("of", "words", "name"), IN_TURN.values(), ids=IN_TURN)
def test_an_attempt_in_its_turn_is_adopted(of: Graph, words: list[str], name: str) -> None:
    world = restarted(of, *words)
    found(world, name)
    assert (world.known(name).state, world.known(name).attempt) == ("Running", 1)


def test_an_old_attempt_is_not_adopted() -> None:
    world = restarted(graph("a", {"a": {"retry": THREE}}), "start", "answer", "a exit 1")
    found(world, "a", 1)
    assert world.known("a").state == "Pending"
    found(world, "a", 2)
    assert world.known("a").attempt == 2


def test_only_the_undo_whose_turn_it_is_is_adopted() -> None:
    words = ["start", "answer", "a ok receipt", "answer", "b ok receipt"]
    world = restarted(graph("a b<-a"), *words, "undo")
    for name in ("a", "b"):
        found(world, name, 1, Role.UNDO)
    assert (world.known("a").undo_attempt, world.known("b").undo_attempt) == (0, 1)
    assert world.records[-1].data == {"adopted": True}
    assert list(running(world.state)) == [(world.unit("b"), Role.UNDO, 1)]
    settled = restarted(graph("a b<-a"), *words)
    found(settled, "b", 1, Role.UNDO)
    assert settled.known("b").undo == "Idle"


def test_what_the_runner_must_know() -> None:
    each: Each = {"b": {"foreach": True}, "c": {"child": True}, "d": {"gate": GATE}}
    world = World(graph("a b c d", each))
    world.tell()
    world.end("d")
    names = [(name, Role.DO, 1) for name in ("a", "b[0]", "b[1]")]
    assert list(running(world.state)) == [(world.unit(name), role, attempt) for name, role, attempt in names]


def test_intents_without_a_trace() -> None:
    each: Each = {"*": {"at_most_once": True}, "c": {"foreach": True}, "d": {"at_most_once": False}}
    world = World(graph("a b c d", each), mute=[fx.StartStep])
    world.tell()
    assert list(intents(world.state)) == [(world.unit(name), 1) for name in ("a", "b", "c[0]", "c[1]")]
    world.answer(1)
    assert [unit for unit, _ in intents(world.state)] == [world.unit(name) for name in ("b", "c[0]", "c[1]")]
    lost = ev.AttemptEnded(world.unit("b"), Role.DO, 1, OutcomeClass.LOST, "no trace")
    world.tell(lost)
    assert (world.known("b").state, world.known("b").reason) == ("Failed", "OutcomeUnknown")
    assert [unit for unit, _ in intents(world.state)] == [world.unit(name) for name in ("c[0]", "c[1]")]


def test_a_lost_intent_keeps_its_number() -> None:
    world = World(graph("a", {"a": {"at_most_once": True}}), mute=[fx.StartStep])
    world.tell()
    world.state = fold(world.graph, "RUN", [link.content for link in world.links])
    world.tell(ev.AttemptEnded(0, Role.DO, 1, OutcomeClass.LOST, "no trace"))
    assert world.state.reason == "OutcomeUnknown"
    _happen(world, "retry")
    assert [record.attempt for record in world.records if record.kind == "IntentRecorded"] == [1, 2]


def test_a_child_has_one_name() -> None:
    assert child_digest("RUN", "a", 1) == child_digest("RUN", "a", 1)
    names = {child_digest(*given) for given in [("RUN", "a", 1), ("RUN", "a", 2), ("RUN", "b", 1), ("OTHER", "a", 1)]}
    assert len(names) == 4
    assert all(len(name) == 26 and name == name.upper() for name in names)


def test_what_could_start_waits_for_attempts_from_before_the_crash() -> None:
    prepare = {"a": ev.Postponed(), "b": ev.Postponed()}
    world = World(graph("a b", max_parallel=1), prepare=prepare)
    assert world.tell() == [fx.PrepareStep(0, 1), fx.PrepareStep(world.unit("b"), 1)]
    assert (world.state.run, dict(world.state.holding), dict(world.state.asked)) == ("Running", {}, {})
    assert list(world.state.postponed) == [world.unit("a"), world.unit("b")]
    assert world.tell() == []
    prepare.clear()
    asked = world.tell(ev.Proceeded())
    assert asked == [fx.PrepareStep(0, 1), fx.StartStep(0, 1, digest("input", "a"), None, None)]
    assert list(world.state.postponed) == []
    world.end("a")
    world.end("b")
    assert world.state.run == "Succeeded"
