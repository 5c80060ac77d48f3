"""How a step that has begun came to where it is, in words, with the records that say so."""

from collections.abc import Sequence

from controller.engine.units import index_of, instance_of
from controller.entrypoints.cli.attempts import Attempt, attempts_of
from controller.entrypoints.cli.hindrances import MOST_NAMED
from controller.entrypoints.cli.pasting import alternatives, command_line
from controller.entrypoints.cli.records import DECISIONS
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import age, brief, one_line, short, span
from controller.model.record import Record
from controller.model.states import Role, StepState
from controller.runtime.caching import cache_ttl_ms
from controller.runtime.member import Member
from controller.runtime.phrases import counted, listed


def ending(session: Session, member: Member, unit: int, records: Sequence[Record]) -> list[str]:
    """Return why a step that is not Pending is where it is, the answer first."""
    known, name = member.state.unit(unit), member.name(unit)
    attempts = [one for one in attempts_of(records).get(name, []) if one.role is Role.DO]
    match known.state:
        case StepState.RUNNING:
            said = _running(session, member, unit, attempts)
        case StepState.AWAITING_APPROVAL:
            said = _awaiting(session, member, unit)
        case StepState.SUCCEEDED:
            said = _succeeded(session, member, unit, attempts, records)
        case StepState.SKIPPED:
            said = _skipped(member, unit, records)
        case StepState.FAILED:
            said = _failed(member, unit, attempts)
        case StepState.ABORTED:
            said = one_line(known.reason) or "the run ended around it"
            last = _last(records, "GateRejected", "StepAborted")
            said += f" (record {last.seq}{_by(last)})" if last is not None else ""
        case _:
            last = _last(records, "StepUndone")
            said = f"what it changed was undone{f' (record {last.seq})' if last is not None else ''}"
    lines = [f"{name} is {known.state}: {said}."]
    lines += [
        f"  {DECISIONS[one.kind]}{_by(one)}, record {one.seq}{_comment(one)}"
        for one in records
        if one.kind in DECISIONS
    ]
    after = [member.graph.steps[index].id for index in member.graph.steps[index_of(unit)].dependencies]
    if after and instance_of(unit) < 0:
        lines.append(f"  it came after {listed(after, MOST_NAMED)}")
    return lines


def _by(record: Record) -> str:
    return f" by {record.actor.id}" if record.actor.type == "person" else ""


def _comment(record: Record) -> str:
    return f': "{one_line(record.summary)}"' if record.summary else ""


def _last(records: Sequence[Record], *kinds: str) -> Record | None:
    return next((record for record in reversed(records) if record.kind in kinds), None)


def _running(session: Session, member: Member, unit: int, attempts: Sequence[Attempt]) -> str:
    known, step = member.state.unit(unit), member.graph.steps[index_of(unit)]
    if known.instances >= 0:
        return f"{known.instances - known.open_instances} of {counted(known.instances, 'instance')} have ended"
    if step.child and known.child is not None:
        child = session.local.stores.ledger.status(known.child.run)
        state = child.state if child is not None else "Pending"
        return f"child run {short(known.child.run)} is {state} ({command_line('explain', short(known.child.run))})"
    since = span(session.local.clock.now() - attempts[-1].started_at) if attempts else "now"
    return f"attempt {known.attempt} of {step.retry.max_attempts}, since {since}"


def _awaiting(session: Session, member: Member, unit: int) -> str:
    known, gate = member.state.unit(unit), member.graph.steps[index_of(unit)].gate
    assert gate is not None  # a step awaits only what its definition asks for
    assert known.gate is not None
    ago = age(session.local.clock.now() - known.gate.opened_at)
    run = short(member.spec.uid)
    return (
        f'its output {brief(known.gate.digest)} waits for a decision since {ago}: "{one_line(gate.question)}"'
        f" ({alternatives(gate.actions, run, member.name(unit))})"
    )


def _succeeded(
    session: Session, member: Member, unit: int, attempts: Sequence[Attempt], records: Sequence[Record]
) -> str:
    known = member.state.unit(unit)
    ended = _last(records, "StepSucceeded", "GateOpened")
    source = dict((ended.data or {}).get("source", {})) if ended is not None else {}
    where = f", record {ended.seq}" if ended is not None else ""
    match known.how:
        case "cache":
            old = age(session.local.clock.now() - source["storedAt"])
            made = f'step "{source["step"]}" of run {short(source["run"])}'
            return f"it came from the cache: {made} made the same output from the same input {old} ago, key {brief(source['key'])}{where}"
        case "seed":
            return f"its output was taken over from run {short(source['run'])}, which this one repeats{where}"
        case "child":
            return f"child run {short(known.child.run) if known.child is not None else ''} succeeded{where}"
        case "expanded":
            return f"all {counted(known.instances, 'instance')} succeeded{where}"
        case _:
            tries = f"attempt {attempts[-1].number}" if attempts else "it"
            took = f", {span(attempts[-1].duration_ms)}" if attempts and attempts[-1].duration_ms is not None else ""
            cached = cache_ttl_ms(member, unit) > 0 and instance_of(unit) < 0
            cache = "; the cache had no output for its input" if cached and len(attempts) == 1 else ""
            return f"it ran ({tries}{took}{where}){cache}"


def _skipped(member: Member, unit: int, records: Sequence[Record]) -> str:
    known, last = member.state.unit(unit), _last(records, "StepSkipped")
    where = f" (record {last.seq})" if last is not None else ""
    match known.reason:
        case "ConditionFalse":
            return f"its condition is false: {one_line(member.step(unit).when or '')}{where}"
        case "PhaseSkipped":
            phase = member.graph.phases[member.graph.steps[index_of(unit)].phase].id
            condition = next((one.when for one in member.phases() if one.id == phase), None)
            return f'the condition of its phase "{phase}" is false: {one_line(condition or "")}{where}'
        case _:
            output = f", with output {brief(known.output)}" if known.output is not None else ", without an output"
            by = f"{_by(last)}{where}{_comment(last)}" if last is not None else ""
            return f"it was skipped{by}{output}"


def _failed(member: Member, unit: int, attempts: Sequence[Attempt]) -> str:
    known, step = member.state.unit(unit), member.graph.steps[index_of(unit)]
    last = attempts[-1] if attempts else None
    why = one_line(last.reason if last is not None and last.reason else known.reason)
    if known.failed_instances:
        return f"{known.failed_instances} of {counted(known.instances, 'instance')} failed"
    most = step.retry.max_attempts
    used = f"all {most} attempts are used, the last one: " if most > 1 and known.spent >= most else ""
    never = "" if used or most == 1 else ", which is never retried"
    where = f" ({command_line('logs', short(member.spec.uid), member.name(unit))})" if last is not None else ""
    return f"{used}{why}{never}{where}"
