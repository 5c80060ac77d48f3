"""What stands still or drags on in a run? Read off its state, its usual times and the clock; nothing is recorded."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from controller.engine.units import RUN_ITSELF, unit_of
from controller.model.duration import format_duration
from controller.model.states import StepState
from controller.runtime.member import Member

BLOCKED_MS = 300_000
"""Five minutes in which nobody works on what a step waits for (engine.md, alerts: `task_blocked`)."""

SLOW_PHASE = 1.2
"""A phase that takes this many times what its steps usually take in all is slow (engine.md, alerts: `phase_slow`)."""


class Sight(NamedTuple):
    """Something that somebody should hear of when it lasts."""

    type: str
    unit: int
    """Unit that it is about; -1: the run."""
    subject: str
    """Tells sights of one type and unit apart."""
    message: str
    lasts_ms: int
    """How long it must be seen before it is told of; 0: it is old enough."""


def sights(member: Member, usual: Callable[[Member], Mapping[str, int]], now: int) -> Iterator[Sight]:
    """Yield what is to be seen in a run now.

    `usual` gives milliseconds by step, instances under `step[]`; it is only asked where a phase is open for long.
    """
    if member.state.run.settled or member.state.suspended:
        return
    yield from _undecided(member, now)
    yield from _without_slots(member)
    yield from _behind_failures(member)
    yield from _slow_phases(member, usual, now)


def _undecided(member: Member, now: int) -> Iterator[Sight]:
    for unit in sorted(member.state.gates):
        gate = member.state.unit(unit).gate
        if gate is not None and now - gate.opened_at >= BLOCKED_MS:
            name = member.name(unit)
            text = f'"{name}" waits for a decision for more than {_five_minutes()}'
            yield Sight("step_blocked", unit, str(gate.request), text, 0)


def _without_slots(member: Member) -> Iterator[Sight]:
    """Steps that could run but for others that hold all places of their agent, orchestration or namespace."""
    for unit, ask in sorted(member.state.asked.items()):
        if unit >= 0 and ask.stage in ("slots", "undo-slots"):
            text = f'"{member.name(unit)}" waits for a free place of its agent for more than {_five_minutes()}'
            yield Sight("step_blocked", unit, str(ask.attempt), text, BLOCKED_MS)


def _behind_failures(member: Member) -> Iterator[Sight]:
    state = member.state
    for index, record in sorted(state.failures.items()):
        pending = [
            state.graph.steps[one].id
            for one in state.graph.steps[index].successors
            if state.unit(unit_of(one)).state is StepState.PENDING
        ]
        if pending:
            more = f" and {len(pending) - 1} more" if len(pending) > 1 else ""
            failed = state.graph.steps[index].id
            text = f'"{pending[0]}"{more} cannot start for more than {_five_minutes()}: "{failed}" has failed'
            yield Sight("step_blocked", unit_of(index), str(record), text, BLOCKED_MS)


def _slow_phases(member: Member, usual: Callable[[Member], Mapping[str, int]], now: int) -> Iterator[Sight]:
    for phase, progress in sorted(member.state.phases.items()):
        elapsed = now - progress.started_at
        if progress.state != "open" or elapsed < BLOCKED_MS:
            continue
        expected = _expected_ms(member, phase, usual(member))
        if expected is not None and elapsed > SLOW_PHASE * expected:
            described = member.graph.phases[phase]
            text = f'phase "{described.id}" is open for {elapsed // 60_000} min; its steps usually take {expected // 1000} s'
            yield Sight("phase_slow", RUN_ITSELF, described.id, text, 0)


def _expected_ms(member: Member, phase: int, usual: Mapping[str, int]) -> int | None:
    """What the steps of a phase take one after the other; None where one of them is not known yet."""
    total = 0
    for index in member.graph.phases[phase].steps:
        known, step = member.state.unit(unit_of(index)), member.graph.steps[index]
        each = usual.get(f"{step.id}[]" if step.foreach else step.id)
        if known.state is StepState.SKIPPED:
            continue
        if each is None:
            return None
        total += each * max(1, known.instances) if step.foreach else each
    return total


def _five_minutes() -> str:
    return format_duration(BLOCKED_MS)
