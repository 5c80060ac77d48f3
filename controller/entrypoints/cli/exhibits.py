"""Everything that belongs to a run or to a step of it, as facts and as lines."""

import json
from pathlib import Path
from typing import Any

from controller.engine.units import index_of, instance_of
from controller.entrypoints.cli.address import Target
from controller.entrypoints.cli.attempts import attempts_of
from controller.entrypoints.cli.layout import facts
from controller.entrypoints.cli.places import place_of
from controller.entrypoints.cli.prints import folder as folder_of
from controller.entrypoints.cli.records import DECISIONS, records_of
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import clock, one_line, short, span
from controller.model.record import Record
from controller.model.states import Role
from controller.runtime.contents import Contents
from controller.runtime.member import Member
from controller.runtime.metadata import run_metadata
from controller.runtime.phrases import counted

LONGEST_VALUE = 4000
"""Characters of a value that are shown; `-o json` and `libretto output` give all."""

_MOMENT = "%Y-%m-%d %H:%M:%S"


def run_facts(session: Session, member: Member) -> dict[str, Any]:
    """Return what belongs to a run."""
    spec, state = member.spec, member.state
    contents = Contents(session.local.stores.blobs)
    children = [child.uid for child in session.look.children(spec)]
    return {
        "run": spec.uid,
        "state": str(state.run),
        "reason": state.reason or None,
        "message": state.message or None,
        "orchestration": spec.orchestration,
        "version": spec.version,
        "organization": spec.organization,
        "owner": spec.owner,
        "defined": place_of(session, member),
        "definition": spec.definition,
        "snapshot": spec.snapshot,
        "requester": spec.requester,
        "parent": None if spec.parent is None else {"run": spec.parent, "step": spec.parent_step},
        "rerunOf": spec.rerun_of,
        "children": children,
        "createdAt": spec.created_at,
        "startedAt": state.first_started_at or None,
        "endedAt": state.ended_at or None,
        "maxParallel": member.graph.max_parallel,
        "parameters": spec.parameters,
        **run_metadata(spec, member.entry.spec, member.graph),
        "steps": {step.id: _kind(member, step.id) for step in member.graph.steps},
        "outputs": None if state.outputs is None else contents.get(state.outputs),
        "records": state.chain.next,
        "head": state.chain.head,
    }


def _kind(member: Member, step: str) -> str:
    known = member.steps[step]
    if known.orchestration is not None:
        return f"orchestration {known.orchestration.name}"
    return f"agent {known.agent}"


def run_lines(shown: dict[str, Any]) -> list[str]:
    """Return what belongs to a run, for people."""
    reason = f" ({shown['reason']})" if shown["reason"] else ""
    parent = shown["parent"]
    pairs = [
        ("because", one_line(shown["message"] or "")),
        ("defined", shown["defined"] or ""),
        ("definition", shown["definition"]),
        ("snapshot", shown["snapshot"]),
        ("owner", shown["owner"] or ""),
        ("asked by", f"{shown['requester']}, {clock(shown['createdAt'], _MOMENT)}"),
        ("part of", f"run {short(parent['run'])}, step {parent['step']}" if parent else ""),
        ("rerun of", f"run {short(shown['rerunOf'])}" if shown["rerunOf"] else ""),
        ("children", ", ".join(short(child) for child in shown["children"])),
        ("took", span(shown["endedAt"] - shown["startedAt"]) if shown["endedAt"] and shown["startedAt"] else ""),
        ("parallel", f"{counted(shown['maxParallel'], 'step')} at one time"),
        ("parameters", _value(shown["parameters"])),
        ("task", _task(shown["task"])),
        ("metadata", _value(shown["requestMetadata"] or None)),
        ("cache", _caching(shown["execution"]["caching"])),
        ("rollback", _rollback(shown["errorHandling"]["rollback"])),
        *(("" if number else "steps", f"{step}: {kind}") for number, (step, kind) in enumerate(shown["steps"].items())),
        ("outputs", _value(shown["outputs"])),
        ("ledger", f"{counted(shown['records'], 'record')}, head {shown['head']}"),
    ]
    title = f"{shown['orchestration']} {shown['version']}, run {shown['run']}: {shown['state']}{reason}"
    return [title, *facts((label, value) for label, value in pairs if value)]


def _task(task: dict[str, str] | None) -> str:
    if task is None:
        return ""
    return task["id"] + (f" of {task['userId']}" if "userId" in task else "")


def _caching(caching: dict[str, Any]) -> str:
    if not caching["enabled"]:
        return ""
    listed = ", ".join(one["id"] for one in caching["steps"])
    return f"outputs are kept for {caching['ttlSeconds']} s" + (f"; listed: {listed}" if listed else "")


def _rollback(rollback: dict[str, Any]) -> str:
    if not rollback["reversible"]:
        return ""
    words = [word for word in ("automatic", "manualOnly") if rollback[word]]
    how = {"automatic": "by itself when it fails", "manualOnly": "by hand"}
    said = ["reversible", *(how[word] for word in words), rollback.get("label", ""), rollback.get("description", "")]
    return one_line(", ".join(part for part in said if part))


def step_facts(session: Session, target: Target) -> dict[str, Any]:
    """Return what belongs to a step."""
    member, unit = target.member, target.unit
    known, contents = member.state.unit(unit), Contents(session.local.stores.blobs)
    records = list(records_of(session, member.spec.uid, target.name))
    folder = _folder(session, target)
    return {
        "run": member.spec.uid,
        "step": target.name,
        "state": str(known.state),
        "how": known.how or None,
        "reason": known.reason or None,
        "does": _kind(member, member.graph.steps[index_of(unit)].id),
        "defined": place_of(session, member, member.graph.steps[index_of(unit)].id),
        "dependsOn": [member.graph.steps[index].id for index in member.graph.steps[index_of(unit)].dependencies],
        "attempts": [attempt.facts() for attempt in attempts_of(records).get(target.name, [])],
        "instances": known.instances if known.instances >= 0 else None,
        "child": known.child.run if known.child is not None else None,
        "gate": _gate(target, records),
        "inputDigest": known.input,
        "input": _input(target, folder, contents),
        "outputDigest": known.output,
        "output": contents.output(known.output),
        "artifacts": {
            name: {"digest": digest, "size": session.local.stores.blobs.size(digest)}
            for name, digest in sorted(contents.artifacts(known.output).items())
        },
        "receipts": [{"digest": digest, "receipt": contents.get(digest)} for digest in known.receipts],
        "undo": {"state": str(known.undo), "reason": known.undo_reason or None},
        "directory": None if folder is None else str(folder),
    }


def _folder(session: Session, target: Target) -> Path | None:
    known = target.member.state.unit(target.unit)
    if not known.attempt or known.instances >= 0 or target.member.graph.steps[index_of(target.unit)].child:
        return None
    key = target.member.key(target.unit, Role.DO, known.attempt)
    return folder_of(session, target.member.spec.root, key)


def _input(target: Target, folder: Path | None, contents: Contents) -> Any:
    known = target.member.state.unit(target.unit)
    if known.instances >= 0 and instance_of(target.unit) < 0:
        return None if known.input is None else {"items": contents.get(known.input)}
    if folder is None:
        return None
    try:
        return json.loads((folder / "input.json").read_bytes())
    except (OSError, ValueError):
        return None  # cleaned away, or changed by the step itself: the digest still says what it was


def _gate(target: Target, records: list[Record]) -> dict[str, Any] | None:
    step = target.member.graph.steps[index_of(target.unit)]
    known = target.member.state.unit(target.unit)
    if step.gate is None:
        return None
    decided = [record for record in records if record.kind in DECISIONS]
    return {
        "state": "not open yet" if known.gate is None else str(known.gate.state),
        "question": step.gate.question,
        "severity": step.gate.severity,
        "required": step.gate.required,
        "actions": list(step.gate.actions),
        "digest": None if known.gate is None else known.gate.digest,
        "request": None if known.gate is None else known.gate.request,
        "decisions": [
            {
                "verdict": DECISIONS[record.kind],
                "actor": record.actor.id,
                "time": record.time,
                "record": record.seq,
                "digest": record.output_digest,
                "comment": record.summary,
            }
            for record in decided
        ],
    }


def step_lines(shown: dict[str, Any]) -> list[str]:
    """Return what belongs to a step, for people."""
    pairs = [
        ("does", shown["does"]),
        ("because", one_line(shown["reason"] or "")),
        ("defined", shown["defined"] or ""),
        ("after", ", ".join(shown["dependsOn"])),
        ("child run", shown["child"] or ""),
        ("instances", "" if shown["instances"] is None else str(shown["instances"])),
    ]
    pairs += [("" if number else "attempts", _attempt(one)) for number, one in enumerate(shown["attempts"])]
    if (gate := shown["gate"]) is not None:
        pairs.append(("checkpoint", f'{gate["state"]}, severity {gate["severity"]}: "{one_line(gate["question"])}"'))
        pairs += [("", _decision(one)) for one in gate["decisions"]]
    pairs += [("input", _value(shown["input"])), ("", shown["inputDigest"] or "")]
    pairs += [("output", _value(shown["output"])), ("", shown["outputDigest"] or "")]
    artifacts = shown["artifacts"].items()
    pairs += [
        ("" if number else "artifacts", f"{name}  {one['size']:,} bytes  {one['digest']}")
        for number, (name, one) in enumerate(artifacts)
    ]
    pairs += [(("receipt"), f"{_value(one['receipt'])}  {one['digest']}") for one in shown["receipts"]]
    if shown["undo"]["state"] != "Idle":
        pairs.append(("undo", f"{shown['undo']['state']}: {shown['undo']['reason'] or ''}".rstrip(": ")))
    pairs.append(("lies in", shown["directory"] or ""))
    title = f"{shown['step']} of run {short(shown['run'])}: {shown['state']}"
    how = {"cache": ", from the cache", "seed": ", from the run before"}.get(shown["how"] or "", "")
    return [title + how, *facts((label, value) for label, value in pairs if value)]


def _attempt(one: dict[str, Any]) -> str:
    role = "undo " if one["role"] == Role.UNDO else ""
    took = span(one["duration_ms"]) if "duration_ms" in one else ""
    parts = [f"{role}{one['number']}", one["word"], took, one_line(one.get("reason", ""))]
    return "  ".join(part for part in parts if part)


def _decision(one: dict[str, Any]) -> str:
    comment = f': "{one_line(one["comment"])}"' if one["comment"] else ""
    moment = clock(one["time"], _MOMENT)
    return f"{one['verdict']} by {one['actor']}, {moment}, record {one['record']}{comment}"


def _value(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}… (all of it: -o json)"
