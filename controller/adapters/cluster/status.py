"""How does a run look in `status`? The bounded view that the engine gives, its ledger's tail, and what people wait for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from controller.model.digest import Digest
from controller.model.record import parse_time, time_text
from controller.model.run import GateStatus, RunProgress, RunStatus
from controller.model.states import RunState

Json = dict[str, Any]

APPROVALS_UNPROTECTED = "ApprovalsUnprotected"
NODE_UNREACHABLE = "NodeUnreachable"
"""Type of the condition that is there while decisions wait because nothing proves whose they are."""

LONGEST_MESSAGE = 1024
"""Bytes of a condition's message; the whole of it is in the ledger."""


def view(status: RunStatus) -> Json:
    """Return the members of `status` that say where the run stands, without ledger and conditions."""
    progress = status.progress
    body: Json = {
        "state": status.state.value,
        "steps": f"{progress.settled}/{progress.total}",
        "progress": {
            "total": progress.total,
            "succeeded": progress.succeeded,
            "skipped": progress.skipped,
            "failed": progress.failed,
            "running": progress.running,
            "cached": progress.cached,
        },
        "frontier": dict(status.frontier),
        "sequence": status.sequence,
        "head": status.head,
    }
    if status.frontier:
        body["step"] = next(iter(status.frontier))
    if status.gates:
        body["step"] = status.gates[0].gate
        body["waitsFor"] = "approval"
    elif status.suspended and not status.state.settled:
        body["waitsFor"] = "resume"
    optional: Json = {
        "reason": status.reason,
        "message": status.message,
        "attempts": dict(status.attempts) or None,
        "gates": [_gate(gate) for gate in status.gates] or None,
        "gateCount": status.gate_count or None,
        "suspended": status.suspended or None,
        "wakeAt": _time(status.wake_at),
        "startedAt": _time(status.started_at),
        "endedAt": _time(status.ended_at),
        "semanticDigest": status.semantic_digest,
    }
    return body | {name: value for name, value in optional.items() if value is not None}


def explained(status: RunStatus, tail: Sequence[str]) -> RunStatus:
    """Return the status of a failed run with what its last failed step said, so that nobody has to look it up."""
    if status.state is not RunState.FAILED or not status.message:
        return status
    for text in reversed(tail):
        if '"kind":"StepFailed"' in text:
            why = orjson.loads(text).get("summary")
            return (
                status.model_copy(update={"message": f"{status.message}: {why}"[:LONGEST_MESSAGE]}) if why else status
            )
    return status


def outputs(records: Sequence[bytes], content: Callable[[Digest], bytes | None]) -> Json | None:
    """Return what a run that succeeded within `records` gives, where `content` has it; None elsewhere."""
    for record in reversed(records):
        if b'"kind":"RunSucceeded"' in record:
            digest = orjson.loads(record).get("outputDigest")
            found = None if digest is None else content(digest)
            value = None if found is None else orjson.loads(found)
            return value if isinstance(value, dict) else None
    return None


def parsed(body: Mapping[str, Any]) -> RunStatus:
    """Return the engine's view of a `status` that `view` wrote."""
    progress = body.get("progress", {})
    return RunStatus(
        state=RunState(body.get("state", RunState.PENDING)),
        reason=body.get("reason"),
        message=body.get("message"),
        suspended=body.get("suspended", False),
        progress=RunProgress(**{"total": 0, **progress}),
        frontier=body.get("frontier", {}),
        attempts=body.get("attempts", {}),
        gates=[_parsed_gate(gate) for gate in body.get("gates", ())],
        gate_count=body.get("gateCount", 0),
        sequence=body.get("sequence", -1),
        head=body["head"],
        wake_at=_parsed_time(body.get("wakeAt")),
        started_at=_parsed_time(body.get("startedAt")),
        ended_at=_parsed_time(body.get("endedAt")),
        semantic_digest=body.get("semanticDigest"),
    )


def conditions(status: RunStatus, generation: int, before: list[Json], now: int) -> list[Json]:
    """Return the conditions of a run, for `kubectl wait`, kstatus, Flux and Argo CD.

    Succeeded is Unknown while the run goes on; Finished is true once only a person's command can move it; Reconciling and
    Stalled are there only while they are true, as kstatus wants them.
    """
    state, reason = status.state, status.reason or str(status.state)
    message = _message(status)
    settled, well = state.settled, state is RunState.SUCCEEDED
    found: list[tuple[str, str, str, str]] = [
        ("Succeeded", "Unknown" if not settled else "True" if well else "False", reason, message),
        ("Finished", "True" if settled else "False", str(state), message),
        ("Ready", "True" if well else "False", reason, message),
    ]
    if not settled:
        waits = "AwaitingApproval" if status.gate_count else "Suspended" if status.suspended else "Progressing"
        found.append(("Reconciling", "True", waits, message))
    if state is RunState.FAILED:
        found.append(("Stalled", "True", reason, message))
    if status.gate_count and not settled:
        found.append(("AwaitingApproval", "True", "GateOpen", message))
    if status.suspended and not settled:
        found.append(("Suspended", "True", "SuspendRequested", message))
    kept = [one for one in before if one["type"] in (APPROVALS_UNPROTECTED, NODE_UNREACHABLE)]
    return [*(condition(*one, generation, before, now) for one in found), *kept]


def unprotected(missing: str | None, generation: int, before: list[Json], now: int) -> list[Json]:
    """Return the conditions of a run whose decisions do not count before `missing` is done; None: they count."""
    kept = [one for one in before if one["type"] != APPROVALS_UNPROTECTED]
    if missing is None:
        return kept
    return [
        *kept,
        condition(APPROVALS_UNPROTECTED, "True", "NothingRefusesForgeries", missing, generation, before, now),
    ]


def unreachable(message: str, generation: int, before: list[Json], now: int) -> list[Json]:
    """Return the conditions of a run of which a pod does not end because its node answers nobody; empty: none does."""
    kept = [one for one in before if one["type"] != NODE_UNREACHABLE]
    if not message:
        return kept
    told = message[:LONGEST_MESSAGE]
    return [*kept, condition(NODE_UNREACHABLE, "True", "PodTerminating", told, generation, before, now)]


def stalled(reason: str, message: str, generation: int, before: list[Json], now: int) -> list[Json]:
    """Return the conditions of a run that cannot be admitted, or that only a person can get going again."""
    text = message[:LONGEST_MESSAGE]
    kept = [one for one in before if one["type"] not in {"Stalled", "Ready", "Reconciling"}]
    mine = (("Stalled", "True"), ("Ready", "False"))
    return [*kept, *(condition(kind, word, reason, text, generation, before, now) for kind, word in mine)]


def condition(kind: str, word: str, reason: str, message: str, generation: int, before: list[Json], now: int) -> Json:
    """Return one condition; since when it is so stays, as long as it stays so."""
    old = next((one for one in before if one["type"] == kind), None)
    since = old["lastTransitionTime"] if old is not None and old["status"] == word else _second(now)
    return {
        "type": kind,
        "status": word,
        "reason": reason,
        "message": message,
        "observedGeneration": generation,
        "lastTransitionTime": since,
    }


def _message(status: RunStatus) -> str:
    if status.gates and not status.state.settled:
        first = status.gates[0]
        more = f" and {status.gate_count - 1} more" if status.gate_count > 1 else ""
        return f'waits for a decision on "{first.gate}"{more}: {first.question}'[:LONGEST_MESSAGE]
    progress = status.progress
    return (status.message or f"{progress.settled} of {progress.total} steps done")[:LONGEST_MESSAGE]


def _gate(gate: GateStatus) -> Json:
    body = gate.model_dump(by_alias=True, exclude_none=True)
    body["openedAt"] = _time(gate.opened_at)
    return body


def _parsed_gate(body: Mapping[str, Any]) -> GateStatus:
    return GateStatus.model_validate({**body, "openedAt": _parsed_time(body.get("openedAt")) or 0})


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else time_text(milliseconds)


def _second(milliseconds: int) -> str:
    return time_text(milliseconds)[:-5] + "Z"


def _parsed_time(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
