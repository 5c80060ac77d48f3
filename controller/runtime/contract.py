"""Does what a step hands over meet its contract, and does it come in time?"""

from collections.abc import Mapping
from typing import Any

from controller.definition.schemas import violations
from controller.engine.units import instance_of
from controller.model.digest import Digest
from controller.model.duration import format_duration
from controller.model.step import Contract
from controller.runtime.contents import Contents
from controller.runtime.member import Member
from controller.runtime.strict_json import parse


def broken_by(
    contract: Contract | None, output: Any, artifacts: Mapping[str, Digest], contents: Contents
) -> tuple[str, ...]:
    """Return everything in which an output and its artifacts break a contract; empty when it is kept."""
    if contract is None:
        return ()
    found = []
    if contract.json_schema is not None:
        found += [f"output {line}" for line in violations(contract.json_schema, output)]
    for promised in contract.artifacts:
        digest = artifacts.get(promised.name)
        if digest is None:
            if promised.required:
                found.append(f'artifact "{promised.name}" is missing')
        elif promised.json_schema is not None:
            found += _broken_json(promised.name, promised.json_schema, contents.blobs.get(digest))
    return tuple(found)


def _broken_json(name: str, schema: dict[str, Any], content: bytes) -> list[str]:
    try:
        value = parse(content)
    except ValueError as error:
        return [f'artifact "{name}": {error}']
    return [f'artifact "{name}" {line}' for line in violations(schema, value)]


def lateness(member: Member, unit: int, now: int) -> tuple[str, ...]:
    """Return the warning that an output is late; its contract counts from the start of the run.

    The contract of a `foreach` step is about all its instances together, so none of them is late by itself.
    """
    contract = member.step(unit).contract
    if contract is None or contract.due is None or instance_of(unit) >= 0 or not member.state.first_started_at:
        return ()
    over = now - member.state.first_started_at - contract.due
    return (f"late: the output was due {format_duration(over)} ago",) if over > 0 else ()
