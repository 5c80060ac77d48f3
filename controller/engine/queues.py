"""Queues inside the state: what may start (per phase), and timers. Pure, O(log n), entries may be stale."""

from typing import NamedTuple

from controller.engine.state import State
from controller.engine.transitions import UndoState
from controller.engine.units import index_of, instance_of, unit_of
from controller.machine import heap
from controller.model.states import RunState, StepState

NO_PHASE = -1
FINALIZERS = -2

RETRY, GATE, STEP, PHASE, RUN, UNDO = range(6)
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
    if state.unit(unit).state is not StepState.PENDING or unit in state.asked:
        return False
    if instance_of(unit) >= 0:
        # Its entry may stem from before its step was reopened, or from a longer list.
        whole = state.unit(unit_of(index_of(unit)))
        return whole.state is StepState.RUNNING and instance_of(unit) < whole.instances
    # A step that failed with its phase may have been retried before its turn.
    return reached(state, index_of(unit))


def reached(state: State, index: int) -> bool:
    """Return whether all that a step depends on has come to its end."""
    return not state.unmet.get(index, state.graph.steps[index].needs)


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
    """Timers of what stands still mean nothing: they are set anew when a settled run is moved on."""
    limit: int | None
    if timer.kind in (PHASE, RUN) and not (_plays(state) and state.halt is None):
        return False
    if timer.kind == RUN:
        return _due(state.started_at, state.graph.timeout_ms, timer)
    if timer.kind == PHASE:
        progress, limit = state.phases.get(timer.unit), state.graph.phases[timer.unit].timeout_ms
        return (
            progress is not None
            and progress.state == "open"
            and not progress.expired
            and _due(progress.started_at, limit, timer)
        )
    unit, step = state.unit(timer.unit), state.graph.steps[index_of(timer.unit)]
    if timer.kind == UNDO:
        return state.run is RunState.ROLLING_BACK and unit.undo is UndoState.IDLE and unit.undo_retry_at == timer.time
    if timer.kind == GATE:
        return (
            timer.unit in state.gates
            and unit.gate is not None
            and step.gate is not None
            and _due(unit.gate.opened_at, step.gate.timeout_ms, timer)
        )
    if not (bool(state.verdict) if step.finalizer else _plays(state)):
        return False
    if timer.kind == RETRY:
        return unit.state is StepState.PENDING and unit.retry_at == timer.time
    return (
        not unit.expired
        and unit.started_at > 0
        and unit.state in (StepState.PENDING, StepState.RUNNING)
        and _due(unit.started_at, step.timeout_ms, timer)
    )


def _plays(state: State) -> bool:
    """Whether ordinary steps may still move."""
    return state.run in (RunState.RUNNING, RunState.AWAITING_APPROVAL) and not state.verdict


def _due(since: int, limit: int | None, timer: Timer) -> bool:
    return limit is not None and since + limit == timer.time
