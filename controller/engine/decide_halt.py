"""Ending a run before all is done: what runs is asked to stop, what waits for a person is closed."""

from controller.engine.draft import Draft
from controller.engine.effects import StopStep
from controller.engine.units import unit_name
from controller.model.record import Actor
from controller.model.states import OutcomeClass, Role, StepState


def stop_all(d: Draft, why: OutcomeClass) -> None:
    """Ask everything that runs to end."""
    for unit in sorted(d.state.holding):
        known = d.state.unit(unit)
        if known.state is StepState.RUNNING:
            d.ask(StopStep(unit, Role.DO, known.attempt, why))


def close_gates(d: Draft, actor: Actor) -> None:
    """Close every open checkpoint: the run ends before anybody decided."""
    for unit in sorted(d.state.gates):
        name = unit_name(d.state.graph, unit)
        summary = f'the run ended before "{name}" was decided'
        d.record("StepAborted", unit, actor=actor, summary=summary, data={"reason": "Aborted"})
