"""Looking at what an attempt left behind: parse, check, map, store; only then does it count as success."""

from typing import Any

from pydantic import ValidationError

from controller.definition.mapping import map_output
from controller.definition.schemas import violations
from controller.engine.events import AttemptEnded, Combined
from controller.engine.units import index_of, instance_of, unit_of
from controller.model.attempt import Collected, Finished, Lost, Result
from controller.model.digest import Digest
from controller.model.duration import format_duration
from controller.model.receipt import Receipt
from controller.model.states import OutcomeClass, Role
from controller.ports.step_runner import StepRunner
from controller.runtime.contents import Contents
from controller.runtime.handoff import check_contract
from controller.runtime.member import Member
from controller.runtime.strict_json import parse


def ended(
    member: Member,
    unit: int,
    seen: Finished | Lost,
    runner: StepRunner,
    contents: Contents,
    now: int,
) -> AttemptEnded:
    """Return the event that an observation means, with results checked and stored."""
    key = seen.key
    if isinstance(seen, Lost):
        return AttemptEnded(unit, key.role, key.attempt, OutcomeClass.LOST, seen.reason)
    collected = runner.collect(key)
    receipt, mistake = _receipt(collected, contents)
    if seen.failure is not None:
        return AttemptEnded(
            unit,
            key.role,
            key.attempt,
            seen.failure,
            seen.reason,
            seen.exit_code,
            receipt=receipt,
            violations=tuple(collected.problems) if seen.failure is OutcomeClass.CONTRACT_VIOLATED else (),
            duration_ms=seen.duration_ms,
        )
    outcome: Result | tuple[OutcomeClass, str, tuple[str, ...]]
    if mistake is not None:
        outcome = (OutcomeClass.CONTRACT_VIOLATED, mistake, (mistake,))
    elif collected.problems:
        outcome = (OutcomeClass.PUBLISH_FAILED, collected.problems[0], tuple(collected.problems))
    elif key.role is Role.UNDO:
        outcome = Result(contents.put_result(None, {}))
    else:
        outcome = _result(member, unit, collected, contents, now)
    if isinstance(outcome, Result):
        result = outcome._replace(receipt_digest=receipt)
        return AttemptEnded(unit, key.role, key.attempt, None, result=result, duration_ms=seen.duration_ms)
    failure, reason, broken = outcome
    return AttemptEnded(
        unit,
        key.role,
        key.attempt,
        failure,
        reason,
        receipt=receipt,
        violations=broken,
        duration_ms=seen.duration_ms,
    )


def _receipt(collected: Collected, contents: Contents) -> tuple[Digest | None, str | None]:
    if collected.receipt is None:
        return None, None
    try:
        value = parse(collected.receipt)
        Receipt.model_validate(value)
        return contents.put(value), None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return None, f"receipt.json: {where}: {first['msg']}"
    except ValueError as error:
        return None, f"receipt.json: {error}"


def _result(
    member: Member,
    unit: int,
    collected: Collected,
    contents: Contents,
    now: int,
) -> Result | tuple[OutcomeClass, str, tuple[str, ...]]:
    step, agent = member.step(unit), member.agent(unit)
    try:
        answer = parse(collected.output) if collected.output is not None else None
    except ValueError as error:
        reason = f"output.json: {error}"
        return OutcomeClass.CONTRACT_VIOLATED, reason, (reason,)
    if agent.spec.output_schema is not None and not collected.mapped:
        broken = [f"output.json {line}" for line in violations(agent.spec.output_schema, answer)]
        if broken:
            return OutcomeClass.CONTRACT_VIOLATED, broken[0], tuple(broken)
    output = answer if collected.mapped else map_output(step.output_mapping, answer)
    artifacts = {one.name: contents.blobs.put_file(one.location) for one in collected.artifacts}
    if instance_of(unit) < 0:
        broken = check_contract(step.contract, output, artifacts, contents)
        if broken:
            return OutcomeClass.CONTRACT_VIOLATED, broken[0], tuple(broken)
    return Result(contents.put_result(output, artifacts), warnings=_late(member, unit, now))


def _late(member: Member, unit: int, now: int) -> tuple[str, ...]:
    contract = member.step(unit).contract
    if contract is None or contract.due is None or not member.state.first_started_at:
        return ()
    over = now - member.state.first_started_at - contract.due
    return (f"late: the output was due {format_duration(over)} ago",) if over > 0 else ()


def combine(member: Member, unit: int, instances: int, contents: Contents, now: int) -> Combined | AttemptEnded:
    """Return the list of the instances' outputs, checked as a whole against the step's contract."""
    outputs: list[Any] = []
    artifacts: dict[str, Digest] = {}
    for one in range(instances):
        known = member.state.unit(unit_of(index_of(unit), one))
        outputs.append(contents.output(known.output))
        for name, digest in contents.artifacts(known.output).items():
            artifacts[f"{one}/{name}"] = digest
    broken = check_contract(member.step(unit).contract, outputs, artifacts, contents)
    if broken:
        failure = OutcomeClass.CONTRACT_VIOLATED
        return AttemptEnded(unit, Role.DO, 0, failure, broken[0], violations=tuple(broken))
    return Combined(unit, Result(contents.put_result(outputs, artifacts), warnings=_late(member, unit, now)))
