"""Small facts that hang on one record each: what is remembered, handed on or left out."""

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.changes import undoable
from controller.engine.units import unit_name
from controller.model.states import OutcomeClass, Role
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import _happen
from tests.unit.engine.world import World


def played(world: World, *script: str) -> list[fx.Effect]:
    """Play some lines and return what the last one asked for."""
    asked: list[fx.Effect] = []
    for words in script:
        asked = _happen(world, words)
    return asked


def test_a_modification_at_a_checkpoint_reaches_the_next_attempt() -> None:
    world = World(graph("a", {"a": {"gate": GATE}}))
    asked = played(world, "start", "a ok", "modify a patch")
    assert fx.PrepareStep(0, 2, (digest("patch"),), repeated=True) in asked
    assert world.known("a").patches == (digest("patch"),)
    asked = played(world, "a ok", "modify a")
    assert fx.PrepareStep(0, 3, (digest("patch"),), repeated=True) in asked


def test_what_remains_of_a_child_is_said_in_its_own_words() -> None:
    world = World(graph("c", {"c": {"child": True}}), undo={"c": "1 change remains"})
    played(world, "start", "c Succeeded run", "undo")
    assert [one.summary for one in world.records if one.kind == "UndoKept"] == ["1 change remains"]


def test_why_a_foreach_step_ended_before_its_instances() -> None:
    for words, end, reason in (("abort", "Interrupted", "Aborted"), ("+60s", "ok", "Timeout")):
        world = World(graph("a", {"a": {"foreach": True}}, max_parallel=1, timeout_ms=60_000))
        played(world, "start", words, f"a[0] {end}")
        assert world.known("a").reason == reason
        assert next(one for one in world.records if one.step == "a" and one.target in ("Aborted", "Failed")).data == {
            "reason": reason
        }


def test_a_step_that_starts_after_the_time_of_its_phase_is_stopped_at_once() -> None:
    world = World(graph("p: a b", phases={"p": {"timeout_ms": 5_000}}), mute=[fx.StartStep])
    played(world, "start", "answer 1", "+5s")
    assert played(world, "answer") == [fx.StopStep(0, Role.DO, 1, OutcomeClass.TIMEOUT)]
    assert [one.summary for one in world.records if one.kind == "StepExpired"] == ['phase "p" took longer than 5s'] * 2


def test_a_receipt_that_changed_nothing_makes_way_for_the_one_before_it() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}), undo={"a": "nothing"})
    played(world, "start", "a exit 1 receipt", "+2s", "a ok receipt")
    world.undo = {}
    world.mute = {fx.PrepareUndo}
    played(world, "undo")
    world.tell(ev.UndoPrepared(0, "nothing"))
    undone = world.records[-1]
    assert (undone.kind, undone.step, undone.summary) == ("ReceiptUndone", "a", "nothing was changed")
    assert undone.data == {"receipt": digest("receipt", "a", 2)}
    assert world.known("a").receipts == (digest("receipt", "a", 1),)
    world.mute = set()
    played(world, "answer", "undo a ok")
    assert world.state.run == "RolledBack"


def test_what_came_from_elsewhere_was_not_changed_here() -> None:
    for seed in (True, False):
        hit = ev.Hit(digest("output"), digest("input"), {"run": "OLD"}, seed=seed)
        world = World(graph("a", {"a": {"reversible": False}}), prepare={"a": hit})
        played(world, "start", "undo")
        assert world.state.run == "RolledBack"


def test_warnings_about_a_reused_output_are_recorded() -> None:
    hit = ev.Hit(digest("output"), digest("input"), {"run": "OLD"}, warnings=("late: 5s",))
    world = World(graph("a"), prepare={"a": hit})
    played(world, "start")
    assert next(one for one in world.records if one.kind == "StepSucceeded").warnings == ["late: 5s"]


def test_violations_of_an_attempt_are_recorded_however_its_run_ends() -> None:
    for words, kind in (([], "StepFailed"), (["abort"], "StepAborted"), (["+60s"], "StepFailed")):
        world = World(graph("a", timeout_ms=60_000))
        played(world, "start", *words)
        world.tell(ev.AttemptEnded(0, Role.DO, 1, OutcomeClass.CONTRACT_VIOLATED, "wrong", violations=("$.x",)))
        ended = next(one for one in world.records if one.target in ("Failed", "Aborted") and one.step == "a")
        assert (ended.kind, ended.violations) == (kind, ["$.x"])


def test_a_list_is_named_again_when_its_instances_are_retried() -> None:
    world = World(graph("a", {"a": {"foreach": True}}))
    played(world, "start", "a[0] exit 1", "a[1] ok", "retry")
    expanded = [one for one in world.records if one.kind == "StepExpanded"]
    assert [one.input_digest for one in expanded] == [digest("items", "a")] * 2
    assert [one.data for one in expanded] == [{"instances": 2}] * 2


def test_the_output_of_a_foreach_step_is_kept_for_the_cache() -> None:
    world = World(graph("a", {"a": {"foreach": True}}), lists={"a": 1})
    assert fx.KeepResult(0, digest("list", 0)) in played(world, "start", "a[0] ok")


def test_a_running_child_is_known_by_its_run() -> None:
    world = World(graph("c", {"c": {"child": True, "retry": THREE}}))
    played(world, "start")
    child = world.known("c").child
    assert child is not None
    assert (child.run, child.head, child.semantic) == ("child-c-1", None, None)
    played(world, "c Failed run", "+2s")
    child, (earlier,) = world.known("c").child, world.known("c").earlier_children
    assert child is not None
    assert (earlier.run, earlier.head, child.run, child.head) == ("child-c-1", digest("head"), "child-c-2", None)


def test_what_an_undo_would_look_at() -> None:
    world = World(graph("a b c d", {"c": {"foreach": True}}), undo={"a": "keep irreversible"})
    played(
        world,
        "start",
        "d exit 1",
        "a ok receipt",
        "b ok",
        "c[0] ok receipt",
        "c[1] ok receipt",
        "retry",
        "d ok receipt",
    )
    named = [unit_name(world.graph, unit) for unit in undoable(world.state)]
    assert named == ["d", "c[1]", "c[0]", "a"]
    played(world, "undo", "undo d ok", "undo c[1] ok", "undo c[0] ok")
    assert [unit_name(world.graph, unit) for unit in undoable(world.state)] == ["a"]
    assert undoable(World(graph("a")).state) == []


def test_a_resumed_undo_has_all_its_attempts_again() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}))
    played(world, "start", "a ok receipt", "undo", "undo a exit 1", "+2s", "undo a exit 1", "+4s", "undo a exit 1")
    assert (world.state.reason, world.known("a").undo_spent) == ("UndoIncomplete", 2)
    played(world, "resume", "undo a exit 1", "+2s", "undo a exit 1", "+4s", "undo a ok")
    assert world.state.run == "RolledBack"
