"""Attempts of which nobody can tell anything: no policy tries them again, a person may, in the very same pass."""

from controller.engine import events as ev
from controller.model.states import OutcomeClass, Role, StepState, Verb
from tests.unit.engine.graphs import THREE, graph
from tests.unit.engine.world import ANN, World


def unknown(world: World, name: str, role: Role = Role.DO) -> ev.AttemptEnded:
    known = world.known(name)
    attempt = known.attempt if role is Role.DO else known.undo_attempt
    return ev.AttemptEnded(world.unit(name), role, attempt, OutcomeClass.LOST, "no trace", unknown=True)


def test_it_fails_though_attempts_are_left() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}))
    world.tell()
    world.tell(unknown(world, "a"))
    assert (world.known("a").state, world.known("a").reason) == (StepState.FAILED, "OutcomeUnknown")
    assert (world.state.run, world.state.reason) == ("Failed", "OutcomeUnknown")


def test_a_person_who_decides_at_once_comes_before_what_follows_a_failure() -> None:
    """Neither a finalizer nor an automatic undo starts in between."""
    world = World(graph("a", {"a": {"retry": THREE}}, finalizers="z", automatic_undo=True))
    world.tell()
    world.tell(unknown(world, "a"), ev.Commanded(1, Verb.RETRY, ANN, "a"))
    assert (world.state.run, world.known("a").attempt) == ("Running", 2)
    kinds = [record.kind for record in world.records]
    assert kinds[-3:] == ["StepFailed", "StepReopened", "StepStarted"]
    world.end("a")
    assert world.known("z").state == "Running"


def test_an_undo_of_which_nobody_knows_is_kept() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}))
    world.tell()
    world.end("a", "ok receipt")
    world.command(Verb.UNDO)
    assert world.known("a").undo == "Running"
    world.tell(unknown(world, "a", Role.UNDO))
    assert (world.state.run, world.state.reason) == ("Failed", "UndoIncomplete")
    assert "UndoAttemptFailed" not in [record.kind for record in world.records]
