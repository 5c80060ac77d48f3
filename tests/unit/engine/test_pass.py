"""The pass as a generator, the cut into writes, and answers that nobody waits for any more."""

import pytest

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.passes import Passed, run_pass, writes
from controller.engine.reduce import create
from controller.machine.chain import Chain, Link
from controller.model.attempt import Result
from controller.model.record import CONTROLLER, Record
from controller.model.states import OutcomeClass, Role, RunState, Verb
from tests.fakes.clock import START
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, OPTIONAL, THREE, graph
from tests.unit.engine.plays import _happen
from tests.unit.engine.world import ANN, World


def test_batches_of_effects_are_answered_within_the_pass() -> None:
    state = create(graph("a"), "RUN", digest("parameters"), ANN, START).state
    played = run_pass(state, [], START)
    first = next(played)
    assert first.effects == (fx.PrepareStep(0, 1),)
    assert [link.record.kind for link in first.links] == ["RunStarted"]
    second = played.send([ev.Prepared(0, ev.Ready(digest("input")))])
    assert second.effects == (fx.StartStep(0, 1, digest("input"), None, None),)
    assert second.links == ()
    third = played.send([ev.Launched(0, Role.DO, 1, digest("input"))])
    assert (third.effects, [link.record.kind for link in third.links]) == ((), ["StepStarted"])
    with pytest.raises(StopIteration) as stopped:
        played.send([])
    assert stopped.value.value == Passed(third.state, (), None)


def test_only_the_earliest_time_is_asked_for_and_never_as_an_effect() -> None:
    world = World(graph("a b", {"a": {"timeout_ms": 9_000}, "b": {"timeout_ms": 5_000}}))
    assert not any(isinstance(effect, fx.WakeAt) for effect in world.tell())
    assert world.wake_at == START + 5_000
    world.end("b")
    assert world.wake_at == START + 9_000
    world.end("a")
    assert world.wake_at is None


def test_nothing_happens_when_nothing_happened() -> None:
    world = World(graph("a"))
    world.tell()
    before = world.state
    assert world.tell() == []
    assert world.state == before


def cut(*records: tuple[str, str | None, str | None]) -> list[list[str]]:
    """Cut records of (kind, step, state after)."""
    links: list[Link] = []
    chain = Chain()
    for kind, step, target in records:
        link, chain = chain.link(Record(0, "", kind, CONTROLLER, 0, step=step, target=target))
        links.append(link)
    return [[link.record.kind for link in written] for written in writes(links)]


def test_a_write_crosses_one_edge_of_the_run() -> None:
    edge, step, fact = ("E", None, "Running"), ("S", "a", "Running"), ("F", None, None)
    assert cut() == []
    assert cut(fact) == [["F"]]
    assert cut(edge) == [["E"]]
    assert cut(fact, step, step) == [["F", "S", "S"]]
    assert cut(fact, edge, step, fact) == [["F", "E", "S", "F"]]
    assert cut(edge, edge) == [["E"], ["E"]]
    assert cut(edge, step, edge, step, edge) == [["E", "S"], ["E", "S"], ["E"]]


def test_a_run_that_is_done_at_once_takes_two_writes() -> None:
    world = World(graph("a"), prepare={"a": ev.Hit(digest("x"), digest("y"), {"run": "OLD"})})
    world.tell()
    written = [[link.record.kind for link in part] for part in writes(world.links)]
    assert written == [["RunCreated", "RunStarted", "StepSucceeded"], ["RunSucceeded"]]


STALE = {
    "preparation": ev.Prepared(0, ev.Ready(digest("input"))),
    "a slot": ev.SlotGranted(0),
    "a durable intent": ev.Persisted(0),
    "a start": ev.Launched(0, Role.DO, 1, digest("input")),
    "the start of an undo": ev.Launched(0, Role.UNDO, 1, digest("input")),
    "an attempt that is no stray": ev.Strayed(0, Role.DO, 1, digest("input"), running=False),
    "an end": ev.AttemptEnded(0, Role.DO, 2, OutcomeClass.FAILED, "exit 1", 1),
    "the end of an undo": ev.AttemptEnded(0, Role.UNDO, 1, OutcomeClass.FAILED, "exit 1", 1),
    "a list": ev.Combined(0, Result(digest("list"))),
    "a child": ev.ChildEnded(0, 2, RunState.SUCCEEDED, "C", digest(1), digest(2), Result(digest(3))),
    "an undone child": ev.ChildUndone(0, complete=True),
    "an undo": ev.UndoPrepared(0, "run", digest("undo")),
    "a kept change": ev.UndoPrepared(0, "keep", None, "irreversible"),
    "outputs": ev.OutputsComputed(digest("outputs")),
    "a phase": ev.PhaseDecided(0, enabled=True),
    "a timer": ev.Woken(),
}


@pytest.mark.parametrize("stage", ["a runs", "a waits for its time", "all is over"])
@pytest.mark.parametrize("event", STALE.values(), ids=STALE)
def test_an_answer_that_nobody_waits_for_changes_nothing(event: ev.Event, stage: str) -> None:
    world = World(graph("p: a b", {"a": {"retry": THREE}}))
    world.tell()
    if stage != "a runs":
        world.end("a", "exit 1")
    if stage == "all is over":
        world.end("b", "exit 1")
        world.later(2000)
        world.end("a")
    before = world.state
    assert world.tell(event) == []
    assert world.state == before


def test_outputs_that_cannot_be_made_fail_the_run() -> None:
    world = World(graph("a", outputs=True), mute=[fx.ComputeOutputs])
    world.tell()
    assert fx.ComputeOutputs() in world.end("a")
    world.tell(ev.OutputsComputed(None, "no such step"))
    assert (world.state.run, world.state.reason, world.state.message) == ("Failed", "OutputsInvalid", "no such step")
    assert (world.state.outputs, world.records[-1].output_digest) == (None, None)
    assert not world.state.asked


def test_outputs_of_a_child_are_always_made() -> None:
    alone, child = World(graph("a")), World(graph("a"), parent="ABOVE")
    for world in (alone, child):
        world.play()
    assert (alone.state.outputs, child.state.outputs) == (None, digest("outputs"))


def test_a_run_in_which_nothing_can_move_is_deadlocked() -> None:
    drawn = graph("a b")
    knot = tuple(step if step.id == "a" else type(step)(id="b", index=1, needs=1) for step in drawn.steps)
    world = World(drawn._replace(steps=knot), watched=False)
    world.tell()
    world.end("a")
    assert (world.state.run, world.state.reason) == ("Failed", "Deadlocked")
    assert world.records[-1].summary == "nothing can move and nothing is awaited"


def test_an_empty_run_succeeds() -> None:
    world = World(graph(""))
    world.tell()
    assert world.state.run == "Succeeded"


def test_what_people_are_told() -> None:
    world = World(graph("a b", {"a": {"gate": GATE}, "b": {"gate": OPTIONAL, "retry": THREE}}))
    told: list[fx.Notify] = []
    for words in ("start", "a ok", "b exit 1", "+2s", "b exit 1", "+4s", "b exit 1", "approve a"):
        told += [effect for effect in _happen(world, words) if isinstance(effect, fx.Notify)]
    assert told == [
        fx.Notify("gate_waiting", "info", '"a" waits: sure?', 0),
        fx.Notify("retry_exhausted", "warning", 'step "b" failed: exit 1', world.unit("b")),
        fx.Notify("run_failed", "error", 'the run failed (StepFailed): step "b" failed', -1),
    ]


def test_a_decision_is_answered_with_its_record() -> None:
    world = World(graph("a", {"a": {"gate": GATE}}))
    world.tell()
    world.end("a")
    (answer,) = [one for one in _happen(world, "approve a") if isinstance(one, fx.AnswerDecision)]
    assert answer.id == 1
    assert answer.record is not None
    assert world.records[answer.record].kind == "GateApproved"
    assert answer.refusal is None
    unknown = world.tell(ev.GateDecided(2, "x", digest(1), 0, "approve", ANN))  # type: ignore[arg-type]
    assert unknown == [fx.AnswerDecision(2, None, 'there is no step "x"')]
    assert world.command(Verb.SUSPEND)[-1] == fx.AnswerDecision(
        2, None, "the run is Succeeded: there is nothing to pause"
    )


def test_an_attempt_that_cannot_start_is_repeated_if_it_may_be() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}), mute=[fx.StartStep])
    world.tell()
    world.tell(ev.AttemptEnded(0, Role.DO, 1, OutcomeClass.PUBLISH_FAILED, "the store is away"))
    assert (world.known("a").state, world.known("a").attempt, world.known("a").spent) == ("Pending", 1, 1)
    assert world.later(2000)[-1] == fx.StartStep(0, 2, digest("input", "a"), None, None)
    world.tell(ev.AttemptEnded(0, Role.DO, 2, OutcomeClass.REJECTED, "no such program"))
    assert world.state.run == "Failed"
    assert world.command(Verb.RETRY)[-1] == fx.StartStep(0, 3, digest("input", "a"), None, None)


def test_an_attempt_may_end_before_anybody_said_that_it_began() -> None:
    world = World(graph("a"), mute=[fx.StartStep])
    world.tell()
    world.tell(ev.AttemptEnded(0, Role.DO, 1, None, result=Result(digest("output"))))
    assert (world.known("a").state, world.known("a").attempt) == ("Succeeded", 1)
