"""Ending a run before all is done: what runs is asked to stop, what is on its way taken back, what waits is closed."""

from controller.engine.bookkeeping import forget
from controller.engine.draft import Draft
from controller.engine.effects import ReleaseSlots, StopStep
from controller.engine.queues import enqueue
from controller.engine.state import State
from controller.engine.units import index_of, unit_name
from controller.model.record import Actor
from controller.model.states import OutcomeClass, Role, StepState

LAUNCHING = frozenset({"persist", "start"})
"""Stages in which a step may be running already although nobody said so yet."""


def halted(state: State) -> bool:
    """Return whether nothing new may start: the run is being ended, or fails fast."""
    return state.halt is not None or (state.graph.fail_fast and state.fresh_failures > 0)


def held(state: State, unit: int) -> bool:
    """Return whether a unit must not start although it was asked for: the run changed its mind."""
    if state.graph.steps[index_of(unit)].finalizer:
        return state.suspended or state.halt is not None
    return state.suspended or halted(state)


def withdraw(d: Draft, unit: int) -> None:
    """Take back what was asked for a step that has not started: its slots, and those that span runs."""
    ask, step = d.state.asked[unit], d.state.graph.steps[index_of(unit)]
    if d.state.graph.slots_of(step, Role.DO) and ask.stage != "prepare":
        d.ask(ReleaseSlots(unit, ask.attempt))
    d.state = enqueue(forget(d.state, unit), unit)


def stop_all(d: Draft, why: OutcomeClass) -> None:
    """Ask everything that runs to end, and take back what only waits for slots."""
    for unit in sorted(d.state.holding):
        known, ask = d.state.unit(unit), d.state.asked.get(unit)
        if known.state is StepState.RUNNING:
            d.ask(StopStep(unit, Role.DO, known.attempt, why))
        elif ask is not None and ask.stage not in LAUNCHING:
            withdraw(d, unit)


def close_gates(d: Draft, actor: Actor) -> None:
    """Close every open checkpoint of a run that ends: nobody decided. A run that fails can be retried, so can its step."""
    halt = d.state.halt
    assert halt is not None  # only a run that ends closes its gates
    for unit in sorted(d.state.gates):
        name = unit_name(d.state.graph, unit)
        summary = f'the run ended before "{name}" was decided'
        kind = "StepFailed" if halt.fails else "StepAborted"
        d.record(kind, unit, actor=actor, summary=summary, data={"reason": halt.word})
