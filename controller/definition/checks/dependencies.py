"""Do the dependencies form a graph without cycles, over steps that exist?"""

from controller.definition.findings import Findings, did_you_mean
from controller.definition.order import Order, Placed


def check_dependencies(order: Order, findings: Findings) -> None:
    """Unknown, repeated and own ids; cycles; dependencies between ordinary steps and finalizers."""
    for placed in order.steps:
        seen: set[str] = set()
        for index, id_ in enumerate(placed.step.depends_on):
            path = (*placed.path, "dependsOn", index)
            where = f'{findings.name(path)} of "{placed.step.id}"'
            if id_ == placed.step.id:
                findings.add(path, f'step "{id_}" waits for itself', "SelfDependency", "remove it")
            elif id_ in seen:
                findings.add(path, f'"{id_}" stands twice in {where}', "RepeatedDependency", "remove one")
            elif id_ not in order.by_id:
                if not unknown_ids_are_excused(order, findings):
                    hint = did_you_mean(id_, [known for known in order.by_id if known != placed.step.id])
                    findings.add(path, f'unknown step "{id_}" in {where}', "UnknownStep", hint)
            else:
                _kinds(placed, order.steps[order.by_id[id_]], path, findings)
            seen.add(id_)
    for cycle in order.cycles:
        names = [order.steps[position].step.id for position in (*cycle, cycle[0])]
        way = " -> ".join(f'"{name}"' for name in names)
        findings.add(order.steps[cycle[0]].path, f"steps {way} wait for each other", "Cycle")


def unknown_ids_are_excused(order: Order, findings: Findings) -> bool:
    """Whether some step's id could not be read: then an id that nobody has may be that one."""
    return any((*placed.path, "id") in findings.silent for placed in order.steps)


def _kinds(placed: Placed, needed: Placed, path: tuple[str | int, ...], findings: Findings) -> None:
    if needed.finalizer and not placed.finalizer:
        message = f'"{needed.step.id}" is a finally step; it runs after all others'
        findings.add(path, message, "DependsOnFinalizer", "remove it")
    elif placed.finalizer and not needed.finalizer:
        message = f'"{needed.step.id}" has settled before any finally step runs'
        findings.add(path, message, "FinalizerDependsOnStep", "remove it; for its artifacts use inputs")
