"""Does every step say what it runs, under an id of its own?"""

from controller.definition.findings import Findings
from controller.definition.order import Order, Placed

MOST_STEPS = 20_000
"""Explicit steps of one definition. What is larger is a `foreach` over data."""


def check_steps(order: Order, findings: Findings) -> None:
    """Duplicate ids, missing agents and targets, contradictory types, the limit of steps."""
    first: dict[str, Placed] = {}
    for placed in order.steps:
        id_ = placed.step.id
        if id_ in first:
            line = findings.line((*first[id_].path, "id"))
            findings.add((*placed.path, "id"), f'a second step "{id_}"; the first is in line {line}', "DuplicateStep")
        else:
            first[id_] = placed
        _target(placed, findings)
    if len(order.steps) > MOST_STEPS:
        message = f"{len(order.steps):,} steps; at most {MOST_STEPS:,} can be written out"
        findings.add(("spec", "steps"), message, "TooManySteps", "use foreach for a list of like steps", key=True)


def _target(placed: Placed, findings: Findings) -> None:
    step, path = placed.step, placed.path
    if step.type == "orchestration":
        if step.orchestration is None:
            message = f'step "{step.id}" plays an orchestration but does not name it'
            findings.add((*path, "orchestration"), message, "MissingOrchestration", "add orchestration: {name: ...}")
        return
    if step.orchestration is not None:
        message = f'step "{step.id}" names an orchestration, but its type is agent'
        findings.add((*path, "orchestration"), message, "WrongType", "add type: orchestration", key=True)
    elif step.agent is None:
        message = f'step "{step.id}" names no agent'
        findings.add((*path, "agent"), message, "MissingAgent", "add agent: with the slug of the agent to call")
