"""What must be asked for after a restart: from the state, never from edges that nobody remembers."""

from collections.abc import Iterator

from controller.engine.decide_halt import close_gates
from controller.engine.decide_outcome import instances_ended
from controller.engine.draft import Draft
from controller.engine.effects import StartChild, StopStep
from controller.engine.events import Restarted
from controller.engine.state import State, Unit
from controller.engine.units import index_of, unit_of
from controller.model.record import CONTROLLER
from controller.model.states import OutcomeClass, Role, StepState


def running(state: State) -> Iterator[tuple[int, Role, int]]:
    """Yield (unit, role, attempt) of every attempt that the ledger says runs, or whose intent it holds.

    The runner must know each of them; what it does not know is Lost.
    """
    for unit in sorted(state.frontier):
        known = state.unit(unit)
        if known.state is StepState.RUNNING and known.instances < 0 and not state.graph.steps[index_of(unit)].child:
            yield unit, Role.DO, known.attempt
    if state.undoing >= 0:
        yield state.undoing, Role.UNDO, state.unit(state.undoing).undo_attempt


def intents(state: State) -> Iterator[tuple[int, int]]:
    """Yield (unit, attempt) of recorded intents (`AtMostOnce`) without a start."""
    for index, step in enumerate(state.graph.steps):
        if step.at_most_once:
            for unit, known in _units_of(state, index):
                if known.intent and known.state is StepState.PENDING:
                    yield unit, known.intent


def _units_of(state: State, index: int) -> Iterator[tuple[int, Unit]]:
    whole = unit_of(index)
    known = state.unit(whole)
    yield whole, known
    for one in range(max(known.instances, 0)):
        yield unit_of(index, one), state.unit(unit_of(index, one))


def restarted(d: Draft, _: Restarted) -> None:
    """Ask again for what was asked for and not answered when the process went away."""
    if d.state.halt is not None:
        close_gates(d, CONTROLLER)
    for unit in sorted(d.state.frontier):
        known = d.state.unit(unit)
        if known.state is not StepState.RUNNING:
            continue
        step = d.state.graph.steps[index_of(unit)]
        if known.instances >= 0:
            if not known.open_instances:
                instances_ended(d, unit)
        elif d.state.halt is not None or known.expired:
            late = known.expired or (d.state.halt is not None and d.state.halt.fails)
            why = OutcomeClass.TIMEOUT if late else OutcomeClass.INTERRUPTED
            d.ask(StopStep(unit, Role.DO, known.attempt, why))
        elif step.child and known.input is not None:
            d.ask(StartChild(unit, known.attempt, known.input))
