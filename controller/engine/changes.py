"""Which changes of a run could be taken back, and in which order?"""

from controller.engine.state import State
from controller.engine.transitions import STEP, UndoState
from controller.machine import heap

_MASK = (1 << 32) - 1


def undoable(state: State) -> list[int]:
    """Return the units that an undo would look at, in its order: last changed first, dependants before what they need.

    What remained after an earlier, incomplete undo is tried again, so it counts.
    """
    waiting = {-value & _MASK: value for value in heap.values(state.changed)}
    waiting |= {unit: -(state.unit(unit).generation << 32 | unit) for unit in state.kept}
    return [
        unit
        for unit in sorted(waiting, key=waiting.__getitem__)
        if state.unit(unit).undo in (UndoState.IDLE, UndoState.KEPT)
        and STEP.allows(state.unit(unit).state, "StepUndone")
    ]
