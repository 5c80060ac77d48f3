"""What would follow for the change of a step if its run was undone, as far as the definition tells?"""

from controller.model.graph import GraphStep
from controller.model.step import Step
from controller.runtime.forecast.words import Fate

_CHANGES = frozenset({Fate.RUN, Fate.OPEN})


def undo_of(definition: Step, step: GraphStep, fate: Fate) -> str:
    """Return it in words; empty for what changes nothing. A receipt that the step leaves overrules the definition."""
    if fate not in _CHANGES:
        return ""
    if step.finalizer:
        return "never undone: it runs after everything else"
    if step.child:
        return "its child run is undone as a whole"
    if definition.reversible is False:
        return "remains (its definition says irreversible), unless its receipt knows better"
    declared = definition.undo
    if declared is None:
        return "undone by its receipt, if it leaves one"
    if declared.input is None and declared.argv is None:
        return f"remains until a person does it: {declared.instruction}, unless its receipt knows better"
    return "undone as its definition says, unless its receipt knows better"
