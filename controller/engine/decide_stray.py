"""An attempt runs, or ran, that nothing will start: a leader that nobody followed any more made it. It is taken over or ended."""

from controller.engine.bookkeeping import has_slot, is_running
from controller.engine.decide_start import adopt, in_turn
from controller.engine.decide_undo import undo_launched
from controller.engine.draft import Draft
from controller.engine.effects import StopStep
from controller.engine.events import Launched, Strayed
from controller.engine.units import unit_name
from controller.model.states import OutcomeClass, Role

UNNUMBERED = 0
"""Attempt of an ask that comes before the attempt has its number."""


def strayed(d: Draft, event: Strayed) -> None:
    """Take the attempt for the step's own where it can be; else end it, and let no later attempt bear its number."""
    unit, role, attempt = event.unit, event.role, event.attempt
    known = d.state.unit(unit)
    ask = d.state.asked.get(unit)
    if is_running(known, role, attempt) or (ask is not None and ask.attempt in (attempt, UNNUMBERED)):
        return  # it is no stray any more, or will be found by the start that is on its way
    before = d.state.chain.next
    if role is Role.UNDO:
        undo_launched(d, Launched(unit, role, attempt, event.input_digest, adopted=True))
    elif attempt > known.attempt and in_turn(d.state, unit):
        if has_slot(d.state, unit):
            adopt(d, unit, attempt, event.input_digest)
        elif not event.running:
            return  # it had a slot before those that have them now: the start that waits for one will find it
    if d.state.chain.next == before:
        _end(d, event)


def _end(d: Draft, event: Strayed) -> None:
    unit, role, attempt = event.unit, event.role, event.attempt
    latest = d.state.unit(unit).undo_attempt if role is Role.UNDO else d.state.unit(unit).attempt
    if not event.running and attempt <= latest:
        return  # its end is told in the ledger
    if (unit, role, attempt) not in d.state.strays:
        name = unit_name(d.state.graph, unit)
        summary = f'an attempt of "{name}" that this run had not recorded was found{" and ended" * event.running}'
        data = {"role": role}
        d.record("StrayFound", unit, attempt=attempt, input_digest=event.input_digest, summary=summary, data=data)
    if event.running:
        d.ask(StopStep(unit, role, attempt, OutcomeClass.INTERRUPTED))
