"""What a person should look at after a run: sentences, most urgent first."""

from collections.abc import Iterator

from controller.model.states import RunState, StepState
from controller.runtime.report.facts import Facts, StepFacts
from controller.runtime.report.metrics import failed_before_last

SLOW_FACTOR = 1.5
"""A step that took this many times what is usual is worth a look (engine reference, §10)."""


def recommendations(facts: Facts) -> list[str]:
    """Return what is worth doing; nothing for a run in which nothing was odd."""
    return list(_all(facts))


def _all(facts: Facts) -> Iterator[str]:
    root, run, program = facts.root, facts.root.spec.uid[:10], facts.program
    if not facts.verification.sound:
        yield f"The evidence is damaged; see `{program} verify {run}`."
    if root.state.run is RunState.FAILED:
        if root.state.reason == "UndoIncomplete":
            yield f"Changes remain: look at the receipts, then `{program} resume {run}` tries again."
        else:
            yield from _failures(root.all_steps(), program, run)
    for step in root.all_steps():
        yield from _of_step(facts, step)


def _failures(steps: list[StepFacts], program: str, run: str) -> Iterator[str]:
    for step in steps:
        if step.unit.state is StepState.FAILED and not step.children:
            why = next((one.reason for one in reversed(step.attempts) if one.reason), step.unit.reason)
            logs, retry = f"`{program} logs {run} {step.path}`", f"`{program} retry {run} {step.path}`"
            yield f"`{step.path}` failed{f' ({why})' if why else ''}: {logs}, then {retry}."


def _of_step(facts: Facts, step: StepFacts) -> Iterator[str]:
    failed = failed_before_last(step)
    if failed and step.unit.state is StepState.SUCCEEDED:
        why = failed[-1].reason
        yield f"`{step.path}` took {len(failed) + 1} attempts{f' ({why})' if why else ''}: find out why it is unsteady."
    usual = facts.usual.get(step.path)
    if usual and not step.instances and step.busy_ms > max(SLOW_FACTOR * usual, usual + 1000):
        yield f"`{step.path}` took {step.busy_ms / 1000:.1f} s, usually {usual / 1000:.1f} s."
    for warning in step.warnings:
        yield f"`{step.path}`: {warning}."
    if step.unit.undo == "Kept":
        yield f"The change of `{step.path}` remains: {step.unit.undo_reason}."
