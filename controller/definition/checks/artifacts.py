"""Will everything that a step is promised be there when it starts?"""

from controller.definition.checks.dependencies import unknown_ids_are_excused
from controller.definition.findings import Findings, did_you_mean
from controller.definition.order import Order, Placed
from controller.model.step import ArtifactInput


def check_inputs(order: Order, findings: Findings) -> None:
    """`inputs` name steps that run before, and artifacts that those promise; skipped ones are not needed for certain."""
    for placed in order.steps:
        for index, wanted in enumerate(placed.step.inputs):
            _input(placed, wanted, (*placed.path, "inputs", index), order, findings)
        for need in order.needs[placed.position]:
            if not any(wanted.step == order.steps[need].step.id for wanted in placed.step.inputs):
                _may_be_skipped(placed, order.steps[need], None, (*placed.path, "dependsOn"), order, findings)


def _input(
    placed: Placed, wanted: ArtifactInput, path: tuple[str | int, ...], order: Order, findings: Findings
) -> None:
    position = order.by_id.get(wanted.step)
    if position is None:
        if not unknown_ids_are_excused(order, findings):
            hint = did_you_mean(wanted.step, order.by_id)
            message = f'unknown step "{wanted.step}" in inputs of "{placed.step.id}"'
            findings.add((*path, "step"), message, "UnknownStep", hint)
        return
    source = order.steps[position]
    if position == placed.position or not order.precedes(position, placed.position):
        message = f'"{wanted.step}" does not run before "{placed.step.id}"'
        findings.add((*path, "step"), message, "NotAnAncestor", f'add "{wanted.step}" to dependsOn')
        return
    promised = [artifact.name for artifact in source.step.contract.artifacts] if source.step.contract else []
    if wanted.artifact is not None and promised and wanted.artifact not in promised:
        hint = did_you_mean(wanted.artifact, promised)
        message = f'the contract of "{wanted.step}" promises no artifact "{wanted.artifact}"'
        findings.add((*path, "artifact"), message, "UnknownArtifact", hint)
        return
    _may_be_skipped(placed, source, wanted.artifact, path, order, findings)


def _may_be_skipped(
    placed: Placed,
    source: Placed,
    artifact: str | None,
    path: tuple[str | int, ...],
    order: Order,
    findings: Findings,
) -> None:
    """A step that needs what a skipped step would have made must itself be able to be skipped."""
    contract = source.step.contract
    if contract is None or placed.step.when is not None:
        return
    needed = [item.name for item in contract.artifacts if item.required and artifact in {None, item.name}]
    phase = order.phase_of(source)
    own = order.phase_of(placed)
    by_phase = phase is not None and phase.phase.when is not None and (own is None or own.phase.id != phase.phase.id)
    if needed and (source.step.when is not None or by_phase) and not (own and own.phase.when is not None):
        findings.add(
            path,
            f'"{placed.step.id}" needs {needed[0]} of "{source.step.id}", which may be skipped',
            "NeedsSkippedArtifact",
            f'give "{placed.step.id}" a when too, or make the artifact required: false',
            key=True,
        )
