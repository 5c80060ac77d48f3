"""What would follow? Which steps a checkpoint holds back, what a retry would keep, what an undo would take back."""

from collections.abc import Iterator

from controller.engine.bookkeeping import SATISFIES
from controller.engine.state import State
from controller.engine.transitions import STEP, UndoState
from controller.engine.units import index_of, unit_of
from controller.machine import heap
from controller.model.states import StepState

_MASK = (1 << 32) - 1


def released(state: State, unit: int) -> tuple[int, ...]:
    """Return the Pending steps that wait for this one, directly or not, in FIFO order; `finally` steps left out."""
    steps = state.graph.steps
    step = steps[index_of(unit)]
    waiting: set[int] = set()
    found = [step.index]
    while found:
        for index in steps[found.pop()].successors:
            if index not in waiting and not steps[index].finalizer:
                waiting.add(index)
                found.append(index)
    if step.phase >= 0:
        entry = state.graph.phases[step.phase].entry
        for phase in state.graph.phases:
            if phase.entry > entry:
                waiting.update(phase.steps)
    return tuple(unit_of(index) for index in sorted(waiting) if _state(state, index) is StepState.PENDING)


def unreached(state: State) -> tuple[int, ...]:
    """Return the ordinary steps that have not begun, in FIFO order."""
    return tuple(_ordinary(state, frozenset({StepState.PENDING})))


def kept(state: State) -> tuple[int, ...]:
    """Return the ordinary steps whose outputs a retry reuses, in FIFO order."""
    return tuple(_ordinary(state, SATISFIES))


def failed(state: State) -> tuple[int, ...]:
    """Return the failed steps, the last one that failed first."""
    ordered = sorted(state.failures.items(), key=lambda item: item[1], reverse=True)
    return tuple(unit_of(index) for index, _ in ordered)


def undo_order(state: State) -> tuple[int, ...]:
    """Return the units that an undo would look at, in its order: last changed first.

    Whether a change can be taken back stands in its receipt, which the state does not hold.
    """
    entries = {*heap.values(state.changed), *(-(state.unit(unit).generation << 32 | unit) for unit in state.kept)}
    units = dict.fromkeys(-entry & _MASK for entry in sorted(entries))
    return tuple(unit for unit in units if _may_be_undone(state, unit))


def _may_be_undone(state: State, unit: int) -> bool:
    known = state.unit(unit)
    return known.undo in (UndoState.IDLE, UndoState.KEPT) and STEP.allows(known.state, "StepUndone")


def _ordinary(state: State, states: frozenset[StepState]) -> Iterator[int]:
    for step in state.graph.steps[: state.graph.ordinary]:
        if _state(state, step.index) in states:
            yield unit_of(step.index)


def _state(state: State, index: int) -> StepState:
    return state.unit(unit_of(index)).state
