"""Folds of the records that move a step or an instance."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.engine.bookkeeping import (
    SATISFIES,
    forget,
    hold,
    mark_changed,
    put,
    released,
    settle,
    time_phase,
    unit_in,
)
from controller.engine.queues import RETRY, STEP, enqueue, set_timer
from controller.engine.state import ChildRef, State, Unit
from controller.engine.transitions import GATE as GATE_TABLE
from controller.engine.transitions import STEP as STEP_TABLE
from controller.engine.units import index_of, instance_of, unit_of
from controller.model.record import Record
from controller.model.states import Role, StepState


def moved(state: State, record: Record, **changes: Any) -> tuple[State, int]:
    """Move the step that the record is about by its table, with further changes."""
    unit = unit_in(state, record)
    old = state.unit(unit)
    new = old._replace(state=STEP_TABLE.move(old.state, record.kind), **changes)
    return put(state, unit, old, new), unit


def result(state: State, record: Record) -> tuple[State, int, Unit, Unit]:
    """Fold what an attempt, the cache or a seed handed over, whatever follows it."""
    data = record.data or {}
    unit = unit_in(state, record)
    old = state.unit(unit)
    child = data.get("child")
    new = old._replace(
        state=STEP_TABLE.move(old.state, record.kind),
        attempt=max(old.attempt, record.attempt or 0),
        intent=0,
        how=data.get("how", "ran"),
        classes=(*old.classes, "Succeeded") if data.get("how", "ran") in ("ran", "child") else old.classes,
        input=record.input_digest or old.input,
        output=record.output_digest,
        receipts=(*old.receipts, data["receipt"]) if "receipt" in data else old.receipts,
        child=ChildRef(child["run"], child["head"], child["semantic"]) if child else old.child,
        retry_at=0,
        generation=state.generation,
        reason="",
    )
    return state, unit, old, new


def _started(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    old, data = state.unit(unit), record.data or {}
    new = old._replace(
        state=STEP_TABLE.move(old.state, record.kind),
        attempt=record.attempt or 0,
        input=record.input_digest,
        retry_at=0,
        intent=0,
        started_at=old.started_at or record.time,
        generation=state.generation,
    )
    if "child" in data:
        earlier = old.earlier_children if old.child is None else (*old.earlier_children, old.child)
        new = new._replace(child=ChildRef(data["child"]), earlier_children=earlier)
    state = hold(put(state, unit, old, new), unit)
    return _time_step(state, unit, old, record.time)


def _time_step(state: State, unit: int, old: Unit, now: int) -> State:
    limit = state.graph.steps[index_of(unit)].timeout_ms
    if limit is not None and not old.started_at:
        state = set_timer(state, now + limit, STEP, unit)
    return state


def _expanded(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    old, count = state.unit(unit), int((record.data or {})["instances"])
    states = [state.unit(unit_of(index_of(unit), one)).state for one in range(count)]
    open_units = [one for one, known in enumerate(states) if known is StepState.PENDING]
    new = old._replace(
        state=STEP_TABLE.move(old.state, record.kind),
        how="expanded",
        instances=count,
        open_instances=len(open_units),
        # Retrying one failed instance leaves the others failed.
        failed_instances=sum(known is not StepState.PENDING and known not in SATISFIES for known in states),
        input=record.input_digest or old.input,
        started_at=old.started_at or record.time,
        generation=state.generation,
        retry_at=0,
    )
    state = put(state, unit, old, new)
    state = state._replace(**released(state, unit))
    for one in open_units:
        state = enqueue(state, unit_of(index_of(unit), one))
    return _time_step(state, unit, old, record.time)


def _attempt_failed(state: State, record: Record) -> State:
    data = record.data or {}
    unit = unit_in(state, record)
    old = state.unit(unit)
    charged = bool(data["charged"])
    new = old._replace(
        state=STEP_TABLE.move(old.state, record.kind),
        **_after_failure(old, record, charged),
        retry_at=int(data["retryAt"]),
    )
    # A start that was refused leaves the step as Pending as it was.
    state = mark_changed(forget(put(state, unit, old, new), unit), unit)
    if new.retry_at <= record.time:
        return enqueue(state, unit)
    return set_timer(state, new.retry_at, RETRY, unit)


def _after_failure(old: Unit, record: Record, charged: bool) -> dict[str, Any]:
    data = record.data or {}
    changes: dict[str, Any] = {
        "attempt": max(old.attempt, record.attempt or 0),
        "intent": 0,
        "classes": (*old.classes, data["class"]) if charged else old.classes,
        "spent": old.spent + charged,
        "disruptions": old.disruptions + (data["class"] == "Disrupted"),
        "receipts": (*old.receipts, data["receipt"]) if "receipt" in data else old.receipts,
        "reason": data.get("reason", ""),
    }
    if "child" in data:
        child = data["child"]
        changes["child"] = ChildRef(child["run"], child["head"], child["semantic"])
    return changes


def _ended_badly(state: State, record: Record) -> State:
    data = record.data or {}
    unit = unit_in(state, record)
    old = state.unit(unit)
    changes: dict[str, Any] = {"intent": 0, "reason": data.get("reason", "")}
    if "class" in data:
        changes = _after_failure(old, record, bool(data["charged"]))
    gate = old.gate
    if old.state is StepState.AWAITING_APPROVAL and gate is not None:
        gate = gate._replace(state=GATE_TABLE.move(gate.state, record.kind))
        state = state._replace(gates=state.gates.delete(unit))
    new = old._replace(state=STEP_TABLE.move(old.state, record.kind), gate=gate, retry_at=0, **changes)
    return settle(mark_changed(put(state, unit, old, new), unit), unit)


def _succeeded(state: State, record: Record) -> State:
    state, unit, old, new = result(state, record)
    state = put(state, unit, old, new)
    return settle(mark_changed(state, unit), unit)


def _skipped(state: State, record: Record) -> State:
    data = record.data or {}
    state, unit = moved(
        state,
        record,
        how="skipped",
        reason=str(data.get("reason", "")),
        output=record.output_digest,
        retry_at=0,
        generation=state.generation,
    )
    return settle(state, unit)


def _reopened(state: State, record: Record) -> State:
    data = record.data or {}
    unit = unit_in(state, record)
    old = state.unit(unit)
    retry_at = int(data.get("retryAt", 0))
    later = retry_at > record.time
    changes: dict[str, Any] = {
        "spent": 0,
        "disruptions": 0,
        "started_at": 0,
        "expired": False,
        "reason": "",
        "retry_at": retry_at if later else 0,
    }
    if "patch" in data:
        changes["patches"] = (*old.patches, str(data["patch"]))
    state, _ = moved(state, record, **changes)
    phase = state.graph.steps[index_of(unit)].phase
    if phase >= 0 and state.phases[phase].expired:
        state = time_phase(state, phase, record.time)
    if later:
        return set_timer(state, retry_at, RETRY, unit)
    # An instance waits until its step is expanded again.
    return enqueue(state, unit) if instance_of(unit) < 0 else state


def _expired(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    old = state.unit(unit)
    return put(state, unit, old, old._replace(expired=True))


def _intent(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    old = state.unit(unit)
    return put(state, unit, old, old._replace(intent=record.attempt or 0, input=record.input_digest))


def _stray(state: State, record: Record) -> State:
    """Its number is used up: another attempt with it would find the other's traces."""
    unit, role, attempt = unit_in(state, record), Role((record.data or {})["role"]), record.attempt or 0
    old = state.unit(unit)
    counter = "undo_attempt" if role is Role.UNDO else "attempt"
    new = old._replace(**{counter: max(getattr(old, counter), attempt)})
    return put(state, unit, old, new)._replace(strays=state.strays | {(unit, role, attempt)})


FOLDS: Mapping[str, Callable[[State, Record], State]] = {
    "StepStarted": _started,
    "StepExpanded": _expanded,
    "AttemptFailed": _attempt_failed,
    "StepFailed": _ended_badly,
    "StepAborted": _ended_badly,
    "StepSucceeded": _succeeded,
    "StepSkipped": _skipped,
    "StrayFound": _stray,
    "StepReopened": _reopened,
    "StepExpired": _expired,
    "IntentRecorded": _intent,
}
