"""Outputs of a run: what its definition names, else the outputs of all its steps."""

from controller.definition.template import resolve
from controller.engine.events import OutputsComputed
from controller.engine.units import RUN_ITSELF, unit_of
from controller.runtime.contents import Contents
from controller.runtime.member import Member


def compute_outputs(member: Member, contents: Contents) -> OutputsComputed:
    """Resolve and store the outputs of a run whose steps have all ended."""
    if member.entry.spec.outputs:
        value = resolve(member.entry.spec.outputs, member.scope(RUN_ITSELF, contents))
    else:
        units = (
            (step.id, member.state.unit(unit_of(step.index))) for step in member.graph.steps[: member.graph.ordinary]
        )
        value = {name: contents.output(known.output) for name, known in units}
    try:
        return OutputsComputed(contents.put(value))
    except ValueError as error:
        return OutputsComputed(None, f"the outputs of the run have no canonical form: {error}")
