"""Looking at what an attempt left behind: parse, check, map, store; only then does it count as success."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from controller.definition.mapping import map_output
from controller.definition.schemas import violations
from controller.engine.events import AttemptEnded, Combined
from controller.engine.units import index_of, instance_of, unit_of
from controller.model.attempt import Collected, Finished, Lost, Result
from controller.model.digest import Digest
from controller.model.receipt import Receipt
from controller.model.states import OutcomeClass, Role
from controller.ports.step_runner import StepRunner
from controller.runtime.contents import Contents
from controller.runtime.contract import broken_by, lateness
from controller.runtime.member import Member
from controller.runtime.strict_json import parse


class _Flaw(NamedTuple):
    """Why an attempt whose program said success is no success."""

    failure: OutcomeClass
    reason: str
    violations: tuple[str, ...]


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
    receipt, mistakes = _receipt(collected, contents)
    outcome: Result | _Flaw
    if seen.failure is not None:
        # It may have changed something, so what cannot be read of its receipt is said as well.
        outcome = _Flaw(seen.failure, seen.reason, (*collected.problems, *mistakes))
    elif key.role is Role.UNDO:
        # Nothing of an undo is published; that it ended well is all that counts.
        outcome = Result(contents.put_result(None, {}))
    elif mistakes:
        outcome = _Flaw(OutcomeClass.CONTRACT_VIOLATED, mistakes[0], mistakes)
    elif collected.problems:
        outcome = _Flaw(OutcomeClass.PUBLISH_FAILED, collected.problems[0], tuple(collected.problems))
    else:
        outcome = _result(member, unit, collected, contents, now)
    if isinstance(outcome, Result):
        result = outcome._replace(receipt_digest=receipt)
        return AttemptEnded(unit, key.role, key.attempt, None, result=result, duration_ms=seen.duration_ms)
    return AttemptEnded(
        unit,
        key.role,
        key.attempt,
        outcome.failure,
        outcome.reason,
        seen.exit_code if seen.failure is not None else None,
        receipt=receipt,
        violations=outcome.violations,
        duration_ms=seen.duration_ms,
    )


def _receipt(collected: Collected, contents: Contents) -> tuple[Digest | None, tuple[str, ...]]:
    """Store the receipt and return its digest, or else what is wrong with it."""
    if collected.receipt is None:
        return None, ()
    try:
        value = parse(collected.receipt)
        Receipt.model_validate(value)
        return contents.put(value), ()
    except ValidationError as error:
        places = ((".".join(map(str, found["loc"])), found["msg"]) for found in error.errors(include_url=False))
        return None, tuple(f"receipt.json {place or '(top)'}: {message}" for place, message in places)
    except ValueError as error:
        return None, (f"receipt.json: {error}",)


def _result(member: Member, unit: int, collected: Collected, contents: Contents, now: int) -> Result | _Flaw:
    step, agent = member.step(unit), member.agent(unit)
    try:
        answer = parse(collected.output) if collected.output is not None else None
    except ValueError as error:
        return _broken([f"output.json: {error}"])
    if agent.spec.output_schema is not None and not collected.mapped:
        broken = violations(agent.spec.output_schema, answer)
        if broken:
            return _broken([f"output.json {line}" for line in broken])
    output = answer if collected.mapped else map_output(step.output_mapping, answer)
    artifacts = {one.name: contents.blobs.put_file(one.location) for one in collected.artifacts}
    if instance_of(unit) < 0 and (found := broken_by(step.contract, output, artifacts, contents)):
        return _broken(found)
    return Result(contents.put_result(output, artifacts), warnings=lateness(member, unit, now))


def _broken(lines: Sequence[str]) -> _Flaw:
    return _Flaw(OutcomeClass.CONTRACT_VIOLATED, lines[0], tuple(lines))


def combine(member: Member, unit: int, instances: int, contents: Contents, now: int) -> Combined | AttemptEnded:
    """Return the list of the instances' outputs, checked as a whole against the step's contract."""
    outputs: list[Any] = []
    artifacts: dict[str, Digest] = {}
    for one in range(instances):
        known = member.state.unit(unit_of(index_of(unit), one))
        outputs.append(contents.output(known.output))
        for name, digest in contents.artifacts(known.output).items():
            artifacts[f"{one}/{name}"] = digest
    broken = broken_by(member.step(unit).contract, outputs, artifacts, contents)
    if broken:
        failure = OutcomeClass.CONTRACT_VIOLATED
        return AttemptEnded(unit, Role.DO, 0, failure, broken[0], violations=tuple(broken))
    return Combined(unit, Result(contents.put_result(outputs, artifacts), warnings=lateness(member, unit, now)))
