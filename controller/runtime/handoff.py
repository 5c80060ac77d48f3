"""Hand-offs: what a step promised is checked before a consumer starts, and what is transferred is checked to be equal."""

from typing import Any, NamedTuple

import orjson

from controller.definition.schemas import violations
from controller.definition.transforms import TRANSFORMS
from controller.engine.units import index_of, unit_of
from controller.model.attempt import StagedFile
from controller.model.digest import Digest
from controller.model.step import Contract
from controller.runtime.contents import Contents
from controller.runtime.member import Member


class Handoff(NamedTuple):
    """What goes from one step to the next."""

    staged: tuple[StagedFile, ...]
    record: dict[str, Any]
    """For the ledger: `{from, validated, artifacts: {name: digest}}`."""
    violations: tuple[str, ...]


def check_contract(
    contract: Contract | None,
    output: Any,
    artifacts: dict[str, Digest],
    contents: Contents,
) -> list[str]:
    """Return everything in which an output breaks its contract."""
    if contract is None:
        return []
    found = []
    if contract.json_schema is not None:
        found += [f"output {line}" for line in violations(contract.json_schema, output)]
    for promised in contract.artifacts:
        digest = artifacts.get(promised.name)
        if digest is None:
            if promised.required:
                found.append(f'artifact "{promised.name}" is missing')
            continue
        if promised.json_schema is not None:
            found += _check_json(promised.name, promised.json_schema, contents.blobs.get(digest))
    return found


def _check_json(name: str, schema: dict[str, Any], content: bytes) -> list[str]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        return [f'artifact "{name}" is not JSON: {error}']
    return [f'artifact "{name}" {line}' for line in violations(schema, value)]


def hand_over(member: Member, unit: int, contents: Contents) -> list[Handoff]:
    """Return one hand-off per step that the unit gets something from: direct dependencies and declared `inputs`."""
    step = member.graph.steps[index_of(unit)]
    wanted: dict[str, set[str] | None] = {member.graph.steps[index].id: None for index in step.dependencies}
    for declared in member.step(unit).inputs:
        if declared.step not in wanted:
            wanted[declared.step] = set()
        known = wanted[declared.step]
        if declared.artifact is None:
            wanted[declared.step] = None
        elif known is not None:
            known.add(declared.artifact)
    return [_from(member, source, only, contents) for source, only in wanted.items()]


def _from(member: Member, source: str, only: set[str] | None, contents: Contents) -> Handoff:
    known = member.state.unit(unit_of(member.graph.by_id[source]))
    contract = member.steps[source].contract
    if known.output is None:
        return Handoff((), {"from": source, "validated": True}, ())
    artifacts = dict(contents.artifacts(known.output))
    broken = []
    if known.how == "skipped" or contract is not None:
        broken = check_contract(contract, contents.output(known.output), artifacts, contents)
    transforms = {one.name: one.transform for one in contract.artifacts if one.transform} if contract else {}
    staged, sent = [], {}
    for name, digest in sorted(artifacts.items()):
        if only is not None and name not in only:
            continue
        delivered = digest
        if name in transforms:
            try:
                delivered = contents.blobs.put(TRANSFORMS[transforms[name] or ""](contents.blobs.get(digest)))
            except ValueError as error:
                broken.append(f'artifact "{name}": {error}')
                continue
        staged.append(StagedFile(f"inputs/{source}/{name}", delivered))
        sent[name] = delivered
    missing = sorted(only - artifacts.keys()) if only else []
    broken += [f'artifact "{name}" was asked for, but "{source}" left none of that name' for name in missing]
    record = {"from": source, "validated": not broken, "digest": known.output}
    if sent:
        record["artifacts"] = sent
    return Handoff(tuple(staged), record, tuple(f'hand-off from "{source}": {line}' for line in broken))
