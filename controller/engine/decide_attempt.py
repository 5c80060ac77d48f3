"""What follows when an attempt, or the child run of a step, ended."""

from typing import Any

from controller.engine.decide_outcome import after_instance, fail, succeed
from controller.engine.draft import Draft
from controller.engine.effects import KeepResult, ReleaseSlots
from controller.engine.events import AttemptEnded, ChildEnded
from controller.engine.units import index_of, instance_of
from controller.model.digest import digest_record
from controller.model.graph import GraphStep
from controller.model.states import NEVER_RETRIED, UNCHARGED, OutcomeClass, Role, RunState, StepState

MOST_DISRUPTIONS = 10
"""Disruptions of one step that use no attempt; the eleventh does (semantics, section 3)."""

NEVER_RETRIED_CODES = frozenset({64, 65, 77, 78})
"""EX_USAGE, EX_DATAERR, EX_NOPERM, EX_CONFIG of sysexits: the same try must fail again."""

ALWAYS_RETRIED_CODE = 75
"""EX_TEMPFAIL of sysexits: the program itself asks for another try."""


def attempt_ended(d: Draft, event: AttemptEnded) -> None:
    """Success, another try, or failure. A stale or repeated event changes nothing."""
    unit, known = event.unit, d.state.unit(event.unit)
    ask = d.state.asked.get(unit)
    refused_start = ask is not None and ask.stage == "start" and ask.attempt == event.attempt
    unknown = known.state is StepState.PENDING and 0 < known.intent == event.attempt
    runs = known.state is StepState.RUNNING and known.attempt == event.attempt
    if not (refused_start or unknown or runs):
        return
    if d.state.graph.slots_of(d.state.graph.steps[index_of(unit)], Role.DO):
        d.ask(ReleaseSlots(unit, event.attempt))
    if event.failure is None:
        assert event.result is not None  # success comes with its result
        data: dict[str, Any] = {"how": "ran", **(event.result.data or {})}
        if event.result.receipt_digest is not None:
            data["receipt"] = event.result.receipt_digest
        if instance_of(unit) < 0:
            d.ask(KeepResult(unit, event.result.output_digest))
        succeed(d, unit, event.result, data, attempt=event.attempt, duration_ms=event.duration_ms)
        return
    data = {"class": event.failure}
    if event.exit_code is not None:
        data["exitCode"] = event.exit_code
    if event.receipt is not None:
        data["receipt"] = event.receipt
    _failed(d, event, event.failure, data)


def _failed(d: Draft, event: AttemptEnded, failure: OutcomeClass, data: dict[str, Any]) -> None:
    unit, known = event.unit, d.state.unit(event.unit)
    step = d.state.graph.steps[index_of(unit)]
    charged = is_charged(failure, known.disruptions)
    data |= {"charged": charged, "reason": "OutcomeUnknown" if event.unknown else event.reason}
    if d.state.halt is not None:
        data["reason"] = event.reason if charged else d.state.halt.word
        if d.state.halt.fails:
            fail(d, unit, event.attempt, failure, event.reason, data, event.violations, event.duration_ms)
        else:
            d.record(
                "StepAborted",
                unit,
                attempt=event.attempt,
                summary=event.reason,
                violations=event.violations,
                duration_ms=event.duration_ms,
                data=data,
            )
            after_instance(d, unit)
        return
    if known.expired:
        data["reason"] = "Timeout"
        fail(d, unit, event.attempt, failure, event.reason, data, event.violations, event.duration_ms)
    elif not event.unknown and (
        not charged or (known.spent + 1 < step.retry.max_attempts and retryable(step, failure, event.exit_code))
    ):
        delay = step.retry.delay_ms(known.spent + 1) if charged else 0
        d.record(
            "AttemptFailed",
            unit,
            attempt=event.attempt,
            summary=event.reason,
            violations=event.violations,
            duration_ms=event.duration_ms,
            data={**data, "retryAt": d.now + delay},
        )
    else:
        fail(d, unit, event.attempt, failure, event.reason, data, event.violations, event.duration_ms)


def is_charged(failure: OutcomeClass, disruptions: int) -> bool:
    """Return whether a failure uses one of the attempts, after so many disruptions that did not."""
    return failure not in UNCHARGED or (failure is OutcomeClass.DISRUPTED and disruptions >= MOST_DISRUPTIONS)


def retryable(step: GraphStep, failure: OutcomeClass, exit_code: int | None) -> bool:
    """Return whether another try may end better."""
    if failure in NEVER_RETRIED:
        return False
    if failure is OutcomeClass.LOST and step.at_most_once:
        return False
    if failure is not OutcomeClass.FAILED or exit_code is None or exit_code == ALWAYS_RETRIED_CODE:
        return True
    return exit_code not in NEVER_RETRIED_CODES and exit_code not in step.retry.non_retryable


def child_ended(d: Draft, event: ChildEnded) -> None:
    """The child run settled: its verdict is the outcome of the attempt."""
    unit, known = event.unit, d.state.unit(event.unit)
    if known.state is not StepState.RUNNING or known.attempt != event.attempt:
        return
    child = {"run": event.run, "head": event.head, "semantic": event.semantic}
    if event.state is RunState.SUCCEEDED and event.result is not None and not event.violations:
        data = {"how": "child", "child": child}
        succeed(d, unit, event.result, data, attempt=event.attempt, duration_ms=event.duration_ms)
        return
    if event.violations:
        failure, reason = OutcomeClass.CONTRACT_VIOLATED, event.violations[0]
    else:
        aborted = event.state in (RunState.ABORTED, RunState.ROLLED_BACK)
        failure = OutcomeClass.REJECTED if aborted else OutcomeClass.FAILED
        reason = f"child run {event.run} ended as {event.state}" + (f": {event.reason}" if event.reason else "")
    ended = AttemptEnded(
        unit,
        Role.DO,
        event.attempt,
        failure,
        reason,
        violations=event.violations,
        duration_ms=event.duration_ms,
    )
    _failed(d, ended, failure, {"class": failure, "child": child})


def child_digest(parent: str, step: str, attempt: int) -> str:
    """Return the uid of a child run: the same for the same parent, step and attempt, whoever computes it."""
    return digest_record([parent, step, attempt])[7:33].upper()
