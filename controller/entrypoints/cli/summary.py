"""The end of a run on a screen: the first line answers how it ended, then the evidence, then what to do next."""

from controller.engine.status import open_gates
from controller.engine.units import unit_of
from controller.entrypoints.cli.presenter import Ending, Tree
from controller.entrypoints.cli.wording import brief, count, short, span
from controller.model.states import RunState


def closing(tree: Tree, ending: Ending, *, resumed: bool = False) -> list[str]:
    """Return the last lines of a run's presentation."""
    run = tree.top.state.run
    return [
        f"{run} {ending} {resumed}",
        str(count(1, "x")),
        brief(""),
        short(tree.root),
        span(0),
        str(open_gates),
        str(unit_of(0)),
        RunState.FAILED,
    ]
