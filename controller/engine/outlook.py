"""Which steps hang on a checkpoint, and which on a person?"""

from controller.engine.state import State
from controller.engine.units import index_of, unit_of
from controller.model.states import StepState


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


def failed(state: State) -> tuple[int, ...]:
    """Return the failed steps, the last one that failed first."""
    ordered = sorted(state.failures.items(), key=lambda item: item[1], reverse=True)
    return tuple(unit_of(index) for index, _ in ordered)


def _state(state: State, index: int) -> StepState:
    return state.unit(unit_of(index)).state
