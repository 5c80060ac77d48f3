"""How does a part of a run look in a trace? One trace for a tree, a span for each run, step and attempt, all ids computed."""

from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.model.trace import TraceSpan, attempt_span_id, run_span_id, step_span_id, trace_id, undo_span_id
from controller.runtime.member import Member
from controller.runtime.spans import End, Part, Span


def trace_span(member: Member, span: Span) -> TraceSpan:
    """Return a part of a member's run as a span. The same records give the same, whoever asks."""
    spec = member.spec
    step, _, _ = span.step.partition("[")
    attributes: dict[str, str | int] = {
        "libretto.run": spec.uid,
        "libretto.orchestration": spec.orchestration,
        "libretto.version": spec.version,
        "libretto.record": span.record,
        "libretto.end": span.end.value,
    }
    if span.step:
        attributes["libretto.step"] = span.step
    if span.part is Part.ATTEMPT:
        attributes |= {"libretto.attempt": span.attempt, "libretto.role": span.role.value}
    if span.reason:
        attributes["libretto.reason"] = span.reason
    if span.queued_ms is not None:
        attributes["libretto.queued_ms"] = span.queued_ms
    what = "undo" if span.role is Role.UNDO else span.part.value
    return TraceSpan(
        trace_id(spec.root),
        _id(member, span),
        _parent(member, span),
        f"{what} {step or spec.orchestration}",
        span.started_at,
        span.ended_at,
        span.end is End.FAILED,
        span.message,
        attributes,
    )


def _id(member: Member, span: Span) -> str:
    run = member.spec.uid
    match span.part:
        case Part.RUN:
            return run_span_id(run, span.generation)
        case Part.UNDO:
            return undo_span_id(run, span.record)
        case Part.STEP:
            return step_span_id(run, span.step, span.generation)
        case Part.ATTEMPT:
            return attempt_span_id(AttemptKey(run, span.step, span.role, span.attempt))


def _parent(member: Member, span: Span) -> str | None:
    run, spec = member.spec.uid, member.spec
    step, instance, _ = span.step.partition("[")
    match span.part:
        case Part.RUN if span.generation:
            return run_span_id(run)
        case Part.RUN if spec.parent is not None:
            return attempt_span_id(AttemptKey(spec.parent, spec.parent_step or "", Role.DO, spec.parent_attempt or 1))
        case Part.RUN:
            return None
        case Part.STEP if instance:
            return step_span_id(run, step, span.generation)
        case Part.ATTEMPT if span.role is Role.DO:
            return step_span_id(run, span.step, span.generation)
        case Part.STEP:
            return run_span_id(run, span.generation)
        case _:
            # An undo has no generation of its own.
            return run_span_id(run)
