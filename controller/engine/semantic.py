"""The semantic digest: what a run came to, without when, by whom and in which order.

Equal on one machine, on a cluster and in simulation for the same definition, parameters and outcomes.
"""

from typing import Any

from controller.engine.state import State, Unit
from controller.engine.transitions import UndoState
from controller.engine.units import unit_of
from controller.model.digest import Digest, digest_record
from controller.model.states import StepState


def semantic_digest(state: State) -> Digest:
    """Return the digest over `semantic_content`."""
    return digest_record(semantic_content(state))


def semantic_content(state: State) -> dict[str, Any]:
    """Return what the semantic digest covers: definition, parameters, verdict, outputs, and how each step ended."""
    steps: dict[str, Any] = {}
    for step in state.graph.steps:
        known = state.unit(unit_of(step.index))
        if known.state is StepState.PENDING and not known.classes:
            continue
        steps[step.id] = _step(known)
        if known.instances >= 0:
            instances = (state.unit(unit_of(step.index, one)) for one in range(known.instances))
            steps[step.id]["instances"] = [_step(one) for one in instances]
    return {
        "definition": state.graph.digest,
        "parameters": state.parameters,
        "verdict": state.run,
        "reason": state.reason,
        "outputs": state.outputs,
        "steps": steps,
    }


def _step(known: Unit) -> dict[str, Any]:
    content: dict[str, Any] = {
        "state": known.state,
        "how": known.how,
        "attempts": list(known.classes),
        "input": known.input,
        "output": known.output,
        "gates": list(known.verdicts),
        "reason": known.reason if known.state is StepState.SKIPPED else "",
        "child": known.child.semantic if known.child is not None else None,
        "undo": known.undo if known.undo is not UndoState.IDLE else "",
    }
    return {name: value for name, value in content.items() if value not in (None, "", [])}
