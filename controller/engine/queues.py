"""Queues inside the state: what may start (per phase), and timers. Pure, O(log n), entries may be stale."""

from typing import NamedTuple

from controller.engine.state import State, Unit
from controller.engine.units import index_of
from controller.machine import heap
from controller.model.states import StepState

NO_PHASE = -1
FINALIZERS = -2

RETRY, GATE, STEP, PHASE, RUN = range(5)
"""Kinds of timers."""


def phase_of(state: State, unit: int) -> int:
    """Return the key of the ready queue that the unit waits in."""
    step = state.graph.steps[index_of(unit)]
    return FINALIZERS if step.finalizer else step.phase


def enqueue(state: State, unit: int) -> State:
    """Return the state with the unit among those that may start."""
    key = phase_of(state, unit)
    return state._replace(ready=state.ready.set(key, heap.push(state.ready.get(key), unit)))


def may_start(state: State, unit: int) -> bool:
    """Return whether a queued entry is not stale: the unit is still waiting for nothing but a slot."""
    known = state.unit(unit)
    return known.state is StepState.PENDING and unit not in state.asked


class Timer(NamedTuple):
    """A time at which something is due."""

    time: int
    kind: int
    unit: int


def set_timer(state: State, time: int, kind: int, unit: int) -> State:
    """Return the state with a timer."""
    return state._replace(timers=heap.push(state.timers, time << 32 | (unit + 1) << 3 | kind))


def peek_timer(state: State) -> tuple[Timer | None, State]:
    """Return the earliest timer that still means something, and the state without the stale ones before it."""
    timers = state.timers
    while timers is not None:
        timer = _unpack(timers[1])
        if _means_something(state, timer):
            return timer, state if timers is state.timers else state._replace(timers=timers)
        _, timers = heap.pop(timers)
    return None, state._replace(timers=None) if state.timers is not None else state


def drop_timer(state: State) -> State:
    """Return the state without its earliest timer."""
    return state._replace(timers=heap.pop(state.timers)[1])


def _unpack(value: int) -> Timer:
    return Timer(value >> 32, value & 7, (value >> 3 & 0x1FFFFFFF) - 1)


def _means_something(state: State, timer: Timer) -> bool:
    if timer.kind == RUN:
        limit = state.graph.timeout_ms or 0
        return (
            not state.run.settled
            and state.halt is None
            and not state.verdict
            and state.started_at + limit == timer.time
        )
    if timer.kind == PHASE:
        progress = state.phases.get(timer.unit)
        limit = state.graph.phases[timer.unit].timeout_ms or 0
        return progress is not None and progress.state == "open" and progress.started_at + limit == timer.time
    unit = state.unit(timer.unit)
    if timer.kind == GATE:
        return unit.state is StepState.AWAITING_APPROVAL and timer.unit in state.gates
    if timer.kind == RETRY:
        return unit.state is StepState.PENDING and unit.retry_at == timer.time
    return (
        not unit.expired and unit.started_at > 0 and unit.state in _UNSETTLED and not _timeout_moved(state, timer, unit)
    )


_UNSETTLED = (StepState.PENDING, StepState.RUNNING)


def _timeout_moved(state: State, timer: Timer, unit: Unit) -> bool:
    limit = state.graph.steps[index_of(timer.unit)].timeout_ms
    return limit is None or unit.started_at + limit != timer.time
