"""Why has a step not begun, and what must happen first? Read off the state; nothing is decided here."""

from collections.abc import Iterator
from typing import NamedTuple

from controller.engine.bookkeeping import SATISFIES
from controller.engine.decide_halt import halted
from controller.engine.state import State
from controller.engine.units import index_of, instance_of, unit_of
from controller.model.graph import GraphStep
from controller.model.states import RunState, StepState

MOST_CHAINS = 8
"""Chains that are followed to their ends: a step of a wide graph may have thousands, and nobody reads them."""


class Dependency(NamedTuple):
    """A step that it depends on has not come to its end."""

    unit: int
    state: StepState


class Barrier(NamedTuple):
    """Its phase has not begun, for an earlier one has not ended."""

    phase: int
    """Phase of the step."""
    behind: tuple[int, ...]
    """Phases that must end first."""
    units: tuple[int, ...]
    """Steps in them that have not come to their end."""


class NoSlot(NamedTuple):
    """As many steps run as may."""

    phase: int
    """Whose limit it is; -1: the run's."""
    limit: int
    holders: tuple[int, ...]


class RetryTime(NamedTuple):
    """Its next attempt has a time."""

    at: int
    attempt: int


class Suspended(NamedTuple):
    """The run is paused."""


class NotStarted(NamedTuple):
    """The run itself has not begun."""


class Ending(NamedTuple):
    """Nothing starts any more: the run is over or being ended."""

    word: str


class Unfinished(NamedTuple):
    """It is a `finally` step: they run once all others have ended."""


class WholeStep(NamedTuple):
    """It is an instance, and its step has something in its way."""

    unit: int


Obstacle = Dependency | Barrier | NoSlot | RetryTime | Suspended | NotStarted | Ending | Unfinished | WholeStep


def obstacles(state: State, unit: int, now: int) -> tuple[Obstacle, ...]:
    """Return what keeps a Pending unit from starting, nearest first; nothing: it may start.

    Slots that span runs are not known to the state, so they are not among them.
    """
    if state.unit(unit).state is not StepState.PENDING:
        return ()
    return tuple(_obstacles(state, unit, state.graph.steps[index_of(unit)], now))


def _obstacles(state: State, unit: int, step: GraphStep, now: int) -> Iterator[Obstacle]:
    whole = unit_of(step.index)
    if unit != whole and state.unit(whole).state is StepState.PENDING:
        yield WholeStep(whole)
        return
    yield from _dependencies(state, step)
    if step.finalizer and not state.verdict and not state.run.settled:
        yield Unfinished()
    barrier = _barrier(state, step)
    if barrier is not None:
        yield barrier
    known = state.unit(unit)
    if known.retry_at > now:
        yield RetryTime(known.retry_at, known.attempt + 1)
    yield from _around(state, step, blocked=bool(barrier) or any(_dependencies(state, step)))


def _dependencies(state: State, step: GraphStep) -> Iterator[Dependency]:
    for index in step.dependencies:
        known = state.unit(unit_of(index))
        if known.state not in SATISFIES:
            yield Dependency(unit_of(index), known.state)


def _barrier(state: State, step: GraphStep) -> Barrier | None:
    if step.phase < 0 or step.phase in state.phases:
        return None
    here = max(state.entry, 0)
    if state.graph.phases[step.phase].entry <= here:
        return None
    behind = tuple(phase for phase in state.graph.entries[here] if _open(state, phase))
    return Barrier(step.phase, behind, tuple(unit for phase in behind for unit in _unsettled(state, phase)))


def _open(state: State, phase: int) -> bool:
    progress = state.phases.get(phase)
    return progress is None or progress.state == "open" or progress.left > 0


def _unsettled(state: State, phase: int) -> Iterator[int]:
    for index in state.graph.phases[phase].steps:
        if state.unit(unit_of(index)).state not in SATISFIES:
            yield unit_of(index)


def _around(state: State, step: GraphStep, *, blocked: bool) -> Iterator[Obstacle]:
    """What lies in the run rather than in the step."""
    if state.run is RunState.PENDING:
        yield NotStarted()
    elif state.run.settled:
        # A run that failed stands still because of the very step that stands in the way: that is said once.
        if not blocked or state.run is not RunState.FAILED:
            yield Ending(state.run)
    elif state.run is RunState.ROLLING_BACK and not step.finalizer:
        yield Ending(state.run)
    elif halted(state) and not step.finalizer:
        yield Ending(state.halt.word if state.halt is not None else "FailFast")
    elif not blocked:
        yield from _slots(state, step)
    if state.suspended:
        yield Suspended()


def _slots(state: State, step: GraphStep) -> Iterator[NoSlot]:
    if len(state.holding) >= state.graph.max_parallel:
        yield NoSlot(-1, state.graph.max_parallel, tuple(sorted(state.holding)))
        return
    limit = state.graph.phases[step.phase].max_parallel if step.phase >= 0 else None
    if limit is not None and state.phase_holding.get(step.phase, 0) >= limit:
        yield NoSlot(step.phase, limit, tuple(sorted(unit for unit, of in state.holding.items() if of == step.phase)))


def chains(state: State, unit: int) -> tuple[tuple[int, ...], ...]:
    """Return what a Pending unit waits for in the end: per step that is no mere waiter itself, the shortest way to it.

    Each chain begins with a step that the unit waits for directly. At most MOST_CHAINS.
    """
    found: list[tuple[int, ...]] = []
    seen = {unit}
    ways: list[tuple[int, ...]] = [(one,) for one in _waits_for(state, unit)]
    while ways and len(found) < MOST_CHAINS:
        longer: list[tuple[int, ...]] = []
        for way in ways:
            if way[-1] in seen:
                continue
            seen.add(way[-1])
            further = [(*way, one) for one in _waits_for(state, way[-1])]
            longer += further
            if not further:
                found.append(way)
        ways = longer
    return tuple(found[:MOST_CHAINS])


def _waits_for(state: State, unit: int) -> Iterator[int]:
    if state.unit(unit).state is not StepState.PENDING:
        return
    whole = unit_of(index_of(unit))
    if instance_of(unit) >= 0 and state.unit(whole).state is StepState.PENDING:
        yield whole
        return
    step = state.graph.steps[index_of(unit)]
    dependencies = [one.unit for one in _dependencies(state, step)]
    yield from dependencies
    barrier = _barrier(state, step)
    if barrier is not None:
        yield from (one for one in barrier.units if one not in dependencies)
