"""An attempt that no ledger knows and no start will find: it becomes the run's own where it can be, else it is ended."""

import pytest

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.model.graph import Graph
from controller.model.states import OutcomeClass, Role
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import restarted
from tests.unit.engine.world import World


def strayed(
    world: World, name: str, attempt: int = 1, role: Role = Role.DO, *, running: bool = True
) -> list[fx.Effect]:
    told = world.tell(ev.Strayed(world.unit(name), role, attempt, digest("input"), running))
    return [effect for effect in told if isinstance(effect, fx.StopStep)]


TAKEN_OVER = {
    "of a run that is suspended": (graph("a"), ["start", "suspend"], "a"),
    "of a run that fails fast": (
        graph("a b c", fail_fast=True, max_parallel=2),
        ["start", "answer", "answer", "a exit 1"],
        "c",
    ),
    "that waits for its time": (graph("a", {"a": {"retry": THREE}}), ["start", "answer", "a exit 1"], "a"),
}


@pytest.mark.parametrize(("of", "words", "name"), TAKEN_OVER.values(), ids=TAKEN_OVER)
def test_what_could_be_started_next_is_taken_over(of: Graph, words: list[str], name: str) -> None:
    world = restarted(of, *words)
    attempt = world.known(name).attempt + 1
    assert strayed(world, name, attempt) == []
    (record,) = [one for one in world.records if one.step == name and one.attempt == attempt]
    assert (record.kind, record.data) == ("StepStarted", {"adopted": True})
    assert world.unit(name) in world.state.holding


def test_of_a_run_that_is_being_ended_it_is_taken_over_and_ended_with_it() -> None:
    world = restarted(graph("a b"), "start", "answer", "abort")
    assert strayed(world, "b") == [fx.StopStep(world.unit("b"), Role.DO, 1, OutcomeClass.INTERRUPTED)]
    assert (world.records[-1].kind, world.records[-1].step) == ("StepStarted", "b")
    world.end("a", "Interrupted")
    assert world.state.run == "Running"
    world.end("b", "Interrupted")
    assert world.state.run == "Aborted"


ENDED = {
    "beyond the slots of the run": (graph("a b", max_parallel=1), ["start", "answer"], "b"),
    "of a run that has settled": (graph("a b", fail_fast=True, max_parallel=1), ["start", "answer", "a exit 1"], "b"),
    "whose dependency is tried again": (graph("a b<-a", {"a": {"retry": THREE}}), ["start", "answer", "a Lost"], "b"),
    "of a phase that has not begun": (graph("p: a; q: b"), ["start"], "b"),
    "of an instance without a list": (graph("c a<-c", {"a": {"foreach": True}}), ["start"], "a[0]"),
    "of a finalizer while steps may move": (graph("a", finalizers="z"), ["start"], "z"),
    "of a step that waits for approval": (graph("a", {"a": {"gate": GATE}}), ["start", "answer", "a ok"], "a"),
}


@pytest.mark.parametrize(("of", "words", "name"), ENDED.values(), ids=ENDED)
def test_what_nothing_leads_to_is_ended_and_its_number_used_up(of: Graph, words: list[str], name: str) -> None:
    world = restarted(of, *words)
    number, state = world.known(name).attempt + 1, world.known(name).state
    stop = fx.StopStep(world.unit(name), Role.DO, number, OutcomeClass.INTERRUPTED)
    assert strayed(world, name, number) == [stop]
    record = world.records[-1]
    assert (record.kind, record.step, record.attempt) == ("StrayFound", name, number)
    assert (record.input_digest, record.data) == (digest("input"), {"role": "do"})
    assert "was found and ended" in (record.summary or "")
    assert (world.known(name).attempt, world.known(name).state) == (number, state)
    assert strayed(world, name, number) == [stop]
    assert [one.kind for one in world.records].count("StrayFound") == 1


def test_the_next_attempt_bears_another_number() -> None:
    world = restarted(graph("a b<-a"), "start", "answer")
    strayed(world, "b")
    world.end("a")
    assert world.state.asked[world.unit("b")].attempt == 2


def test_an_earlier_attempt_that_runs_on_is_ended() -> None:
    world = restarted(graph("a", {"a": {"retry": THREE}}), "start", "answer", "a Lost", "+2s", "answer")
    assert world.known("a").attempt == 2
    assert strayed(world, "a", 1) == [fx.StopStep(world.unit("a"), Role.DO, 1, OutcomeClass.INTERRUPTED)]
    assert (world.known("a").attempt, world.known("a").state) == (2, "Running")


def test_one_that_has_ended_is_not_stopped_but_told() -> None:
    world = restarted(graph("a b<-a"), "start", "answer")
    assert strayed(world, "b", running=False) == []
    assert (world.records[-1].kind, world.known("b").attempt) == ("StrayFound", 1)
    assert (world.records[-1].summary or "").endswith("was found")


def test_one_that_has_ended_waits_for_a_slot_to_be_recorded() -> None:
    """It ran before those that have the slots now: the start finds it."""
    world = restarted(graph("a b", max_parallel=1), "start", "answer")
    before = world.records
    assert strayed(world, "b", running=False) == []
    assert world.records == before


def test_the_step_s_own_attempt_is_no_stray() -> None:
    world = restarted(graph("a b"), "start", "answer")
    world.tell()
    before = world.records
    assert strayed(world, "a") == []
    assert strayed(world, "b") == [], "it is asked for: the start will find it"
    assert world.records == before


def test_an_attempt_to_undo_in_its_turn_is_taken_over_and_any_other_ended() -> None:
    words = ["start", "answer", "a ok receipt", "answer", "b ok receipt"]
    world = restarted(graph("a b<-a"), *words, "undo", "suspend")
    assert strayed(world, "b", role=Role.UNDO) == []
    assert (world.records[-1].kind, world.records[-1].step) == ("UndoAttempted", "b")
    assert strayed(world, "b", role=Role.UNDO) == []
    assert strayed(world, "a", role=Role.UNDO) == [fx.StopStep(world.unit("a"), Role.UNDO, 1, OutcomeClass.INTERRUPTED)]
    assert (world.records[-1].kind, world.records[-1].data) == ("StrayFound", {"role": "undo"})
    assert (world.known("a").undo_attempt, world.known("a").attempt) == (1, 1)
