"""Do phases and steps fit together?"""

from controller.definition.findings import Findings, did_you_mean
from controller.definition.order import Order, Placed, PlacedPhase


def check_phases(order: Order, findings: Findings) -> None:
    """Duplicate, unknown, missing and empty phases; dependencies against the order of phases; finally steps in phases."""
    _duplicates(order, findings)
    unreadable = any((*phase.path, "id") in findings.silent for phase in order.phases)
    used: set[str] = set()
    for placed in order.steps:
        if placed.finalizer:
            _finalizer(placed, findings)
        else:
            used.add(placed.step.phase or "")
            if not unreadable:
                _membership(placed, order, findings)
            _backwards(placed, order, findings)
    excused = unreadable or any((*placed.path, "phase") in findings.silent for placed in order.steps)
    for phase in order.phases:
        if phase.phase.id not in used and not excused:
            findings.warn(phase.path, f'phase "{phase.phase.id}" has no steps', "EmptyPhase")


def _duplicates(order: Order, findings: Findings) -> None:
    first: dict[str, PlacedPhase] = {}
    for placed in order.phases:
        id_ = placed.phase.id
        if id_ in first:
            line = findings.line((*first[id_].path, "id"))
            message = f'a second phase "{id_}"; the first is in line {line}'
            findings.add((*placed.path, "id"), message, "DuplicatePhase")
        first.setdefault(id_, placed)


def _membership(placed: Placed, order: Order, findings: Findings) -> None:
    step, path = placed.step, (*placed.path, "phase")
    if step.phase is None:
        if order.phases:
            known = ", ".join(placed.phase.id for placed in order.phases)
            findings.add(path, f'step "{step.id}" is in no phase', "MissingPhase", f"add phase: with one of {known}")
    elif not order.phases:
        message = f'phase "{step.phase}" of "{step.id}" is not defined: there are no phases'
        findings.add(path, message, "UnknownPhase", "define it under phases, or remove it")
    elif step.phase not in order.phase_by_id:
        hint = did_you_mean(step.phase, order.phase_by_id)
        findings.add(path, f'unknown phase "{step.phase}" of "{step.id}"', "UnknownPhase", hint)


def _backwards(placed: Placed, order: Order, findings: Findings) -> None:
    own = order.phase_of(placed)
    for index, id_ in enumerate(placed.step.depends_on):
        needed = order.by_id.get(id_)
        theirs = order.phase_of(order.steps[needed]) if needed is not None else None
        if own and theirs and theirs.entry > own.entry:
            message = f'"{placed.step.id}" waits for "{id_}", which is in the later phase "{theirs.phase.id}"'
            findings.add((*placed.path, "dependsOn", index), message, "DependsOnLaterPhase")


def _finalizer(placed: Placed, findings: Findings) -> None:
    """Finally steps run once the verdict is known: no phase holds them, and a gate could hold nothing back any more."""
    step, path = placed.step, placed.path
    if step.phase is not None:
        findings.add((*path, "phase"), f'the finally step "{step.id}" cannot be in a phase', "FinalizerInPhase")
    if step.checkpoint_after is not None:
        message = f'the finally step "{step.id}" cannot have a checkpoint: the verdict is known by then'
        findings.add((*path, "checkpointAfter"), message, "FinalizerWithCheckpoint", key=True)
