"""Folds of the records that open and decide checkpoints."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.engine.bookkeeping import halt, mark_changed, put, settle, unit_in
from controller.engine.evolve_step import moved, result
from controller.engine.queues import GATE, enqueue, set_timer
from controller.engine.state import Halt, OpenGate, State, Unit
from controller.engine.transitions import GATE as GATE_TABLE
from controller.engine.transitions import GateState
from controller.engine.units import index_of, unit_of
from controller.model.record import Record
from controller.model.states import StepState

_VERDICTS = {"GateApproved": "approve", "GateRejected": "reject", "GateModified": "modify", "GateLapsed": "lapsed"}


def _gate_opened(state: State, record: Record) -> State:
    state, unit, old, new = result(state, record)
    if old.gate is not None:
        GATE_TABLE.move(old.gate.state, record.kind)
    gate = OpenGate(GateState.OPEN, str((record.data or {})["digest"]), record.seq, record.time)
    state = put(state, unit, old, new._replace(gate=gate))
    state = state._replace(gates=state.gates.set(unit, record.seq))
    limit = state.graph.steps[index_of(unit)].gate
    if limit is not None and limit.timeout_ms is not None:
        state = set_timer(state, record.time + limit.timeout_ms, GATE, unit)
    return mark_changed(state, unit)


def _gate_decided(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    old, data = state.unit(unit), record.data or {}
    assert old.gate is not None  # the table lets only steps with an open gate come here
    target = GATE_TABLE.move(old.gate.state, record.kind)
    verdict = _VERDICTS[record.kind]
    changes: dict[str, Any] = {
        "gate": old.gate._replace(state=target, decided=f"{verdict} by {record.actor.id} in record {record.seq}"),
        "verdicts": (*old.verdicts, verdict),
    }
    if record.kind == "GateModified":
        changes |= {"spent": 0, "disruptions": 0, "started_at": 0, "expired": False, "output": None}
        if "patch" in data:
            changes["patches"] = (*old.patches, str(data["patch"]))
    if record.kind == "GateRejected":
        changes["reason"] = "Rejected"
    state, _ = moved(state, record, **changes)
    state = state._replace(gates=state.gates.delete(unit))
    if record.kind == "GateModified":
        return enqueue(_reset_instances(state, unit), unit)
    if record.kind == "GateRejected":
        who = record.actor.id if record.actor.type == "person" else "nobody: no one decided in time"
        state = halt(state, Halt("Rejected", False, f'"{record.step}" was rejected by {who}'))
    return settle(state, unit)


def _reset_instances(state: State, parent: int) -> State:
    """A modified `foreach` step runs again as a whole; attempt numbers go on."""
    known = state.unit(parent)
    for one in range(known.instances):
        unit = unit_of(index_of(parent), one)
        old = state.unit(unit)
        kept = Unit(
            attempt=old.attempt,
            classes=old.classes,
            receipts=old.receipts,
            child=old.child,
            earlier_children=old.earlier_children,
            generation=old.generation,
        )
        state = put(state, unit, old, kept._replace(state=StepState.PENDING))
    new = state.unit(parent)._replace(instances=-1, open_instances=0, failed_instances=0)
    return put(state, parent, state.unit(parent), new)


FOLDS: Mapping[str, Callable[[State, Record], State]] = {
    "GateOpened": _gate_opened,
    "GateApproved": _gate_decided,
    "GateRejected": _gate_decided,
    "GateModified": _gate_decided,
    "GateLapsed": _gate_decided,
}
