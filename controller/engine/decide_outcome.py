"""How a step, an instance or a `foreach` step as a whole comes to success or failure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from controller.engine.decide_halt import close_gates
from controller.engine.draft import Draft
from controller.engine.effects import CombineInstances, KeepResult, Notify
from controller.engine.events import Combined
from controller.engine.state import Ask
from controller.engine.units import index_of, instance_of, unit_name, unit_of
from controller.model.attempt import Result
from controller.model.record import CONTROLLER
from controller.model.states import OutcomeClass, StepState


def remember(d: Draft, unit: int, ask: Ask) -> None:
    """Keep in mind what was asked for."""
    d.state = d.state._replace(asked=d.state.asked.set(unit, ask))


def fail(
    d: Draft,
    unit: int,
    attempt: int | None,
    failure: OutcomeClass,
    summary: str,
    data: Mapping[str, Any],
    violations: tuple[str, ...] = (),
    duration_ms: int | None = None,
) -> None:
    """The step (or instance) has failed for good."""
    step = d.state.graph.steps[index_of(unit)]
    if failure is OutcomeClass.LOST and step.at_most_once:
        data = {**data, "reason": "OutcomeUnknown"}
    d.record(
        "StepFailed",
        unit,
        attempt=attempt,
        summary=summary,
        violations=violations,
        duration_ms=duration_ms,
        data=data,
    )
    broken = failure is OutcomeClass.CONTRACT_VIOLATED
    level = "error" if step.retry.notify or broken else "warning"
    word = "validation_failed" if broken else "step_failed"
    if not broken and 1 < step.retry.max_attempts <= d.state.unit(unit).spent:
        word = "retry_exhausted"
    d.ask(Notify(word, level, f'step "{unit_name(d.state.graph, unit)}" failed: {summary}', unit))
    after_instance(d, unit)


def succeed(
    d: Draft,
    unit: int,
    result: Result,
    data: Mapping[str, Any],
    *,
    attempt: int | None = None,
    input_digest: str | None = None,
    duration_ms: int | None = None,
) -> None:
    """The step has an output: it succeeds, or waits at its checkpoint."""
    gate = d.state.graph.steps[index_of(unit)].gate
    gated = gate is not None and instance_of(unit) < 0
    d.record(
        "GateOpened" if gated else "StepSucceeded",
        unit,
        attempt=attempt,
        input_digest=input_digest,
        output_digest=result.output_digest,
        warnings=result.warnings,
        duration_ms=duration_ms,
        data={**data, "digest": result.output_digest} if gated else data,
    )
    for warning in result.warnings:
        if warning.startswith("late"):
            d.ask(Notify("late_output", "warning", f'step "{unit_name(d.state.graph, unit)}": {warning}', unit))
    if gated and d.state.halt is not None:
        close_gates(d, CONTROLLER)
    elif gated:
        assert gate is not None
        d.ask(Notify("gate_waiting", "info", f'"{unit_name(d.state.graph, unit)}" waits: {gate.question}', unit))
    after_instance(d, unit)


def after_instance(d: Draft, unit: int) -> None:
    """End the `foreach` step when its last instance has ended."""
    if instance_of(unit) < 0:
        return
    parent = unit_of(index_of(unit))
    known = d.state.unit(parent)
    if known.state is StepState.RUNNING and known.open_instances == 0:
        instances_ended(d, parent)


def instances_ended(d: Draft, parent: int) -> None:
    """All instances have ended: combine their outputs, or fail as a whole."""
    if d.state.unit(parent).failed_instances:
        end_expanded(d, parent)
    else:
        _combine(d, parent)


def end_expanded(d: Draft, parent: int) -> None:
    """End a `foreach` step whose instances did not all succeed, or will not all start any more."""
    known, halt = d.state.unit(parent), d.state.halt
    if known.state is not StepState.RUNNING or known.instances < 0:
        return
    states = Counter(d.state.unit(unit_of(index_of(parent), one)).state for one in range(known.instances))
    failed = states[StepState.FAILED]
    if halt is not None and not halt.fails and not failed:
        d.record("StepAborted", parent, data={"reason": "Aborted"})
    elif failed:
        summary = f"{failed} of {known.instances} instances failed"
        d.record("StepFailed", parent, summary=summary, data={"reason": "InstancesFailed"})
    else:
        summary = f"{states[StepState.PENDING]} of {known.instances} instances never ended"
        d.record("StepFailed", parent, summary=summary, data={"reason": halt.word if halt else "FailFast"})


def _combine(d: Draft, parent: int) -> None:
    """Ask for the list of the instances' outputs."""
    count = d.state.unit(parent).instances
    remember(d, parent, Ask("combine", 0))
    d.ask(CombineInstances(parent, count))


def combined(d: Draft, event: Combined) -> None:
    """All instances succeeded: so does the step."""
    ask = d.state.asked.get(event.unit)
    if ask is not None and ask.stage == "combine":
        d.ask(KeepResult(event.unit, event.result.output_digest))
        succeed(d, event.unit, event.result, {"how": "expanded"})
