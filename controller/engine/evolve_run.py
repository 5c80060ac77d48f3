"""Folds of the records about the run as a whole: its state, phases, verdict and wishes of people."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.engine.bookkeeping import open_phase, unit_in
from controller.engine.queues import RUN, enqueue, set_timer
from controller.engine.state import UNTOUCHED, Halt, PhaseProgress, State
from controller.engine.transitions import RUN as RUN_TABLE
from controller.engine.transitions import UndoState
from controller.engine.units import unit_of
from controller.errors import LedgerInconsistent
from controller.machine import heap
from controller.model.record import Record
from controller.model.run import GateStatus
from controller.model.states import RunState


def _created(state: State, record: Record) -> State:
    return state._replace(
        created_at=record.time,
        child_of=(record.data or {}).get("parent"),
        parameters=record.input_digest,
    )


def _moved(state: State, record: Record, **changes: Any) -> State:
    return state._replace(run=RUN_TABLE.move(state.run, record.kind), **changes)


def _started(state: State, record: Record) -> State:
    state = _moved(state, record, started_at=record.time, first_started_at=record.time)
    state = _limit(state, record.time)
    if state.graph.phases:
        return state._replace(entry=0)
    for step in state.graph.steps[: state.graph.ordinary]:
        if not step.needs:
            state = enqueue(state, unit_of(step.index))
    return state


def _limit(state: State, now: int) -> State:
    limit = state.graph.timeout_ms
    return state if limit is None else set_timer(state, now + limit, RUN, -1)


def _plain(state: State, record: Record) -> State:
    return _moved(state, record)


def _settled(state: State, record: Record) -> State:
    data = record.data or {}
    return _moved(
        state,
        record,
        ended_at=record.time,
        reason=str(data.get("reason", "")),
        message=record.summary or "",
        outputs=record.output_digest,
        verdict="",
        halt=None,
        child_gates=state.child_gates.__class__(),
    )


def _reopened(state: State, record: Record) -> State:
    state = _moved(
        state,
        record,
        generation=state.generation + 1,
        started_at=record.time,
        ended_at=0,
        reason="",
        message="",
        halt=None,
    )
    return _limit(_reset_finalizers(state), record.time)


def _reset_finalizers(state: State) -> State:
    units = state.units
    for step in state.graph.steps[state.graph.ordinary :]:
        unit = unit_of(step.index)
        if (known := units.get(unit)) is not None:
            units = units.set(unit, UNTOUCHED._replace(attempt=known.attempt, classes=known.classes))
    return state._replace(units=units, finalizer_failed=-1, finalizers_left=0)


def _undo_started(state: State, record: Record) -> State:
    state = _moved(state, record, ended_at=0, halt=None, verdict="", reason="", message="")
    units, changed = state.units, state.changed
    for unit in state.kept:
        known = units[unit]
        units = units.set(unit, known._replace(undo=UndoState.IDLE, undo_spent=0, undo_reason=""))
        changed = heap.push(changed, -(known.generation << 32 | unit))
    return _reset_finalizers(state._replace(units=units, changed=changed, kept=()))


def _verdict(state: State, record: Record) -> State:
    data = record.data or {}
    finalizers = state.graph.steps[state.graph.ordinary :]
    state = state._replace(
        verdict=str(data["verdict"]),
        reason=str(data.get("reason", "")),
        message=record.summary or "",
        finalizers_left=len(finalizers),
        halt=None,
    )
    for step in finalizers:
        state = enqueue(state, unit_of(step.index))
    return state


def _phase(state: State, record: Record) -> int:
    name = (record.data or {}).get("phase")
    for number, phase in enumerate(state.graph.phases):
        if phase.id == name:
            return number
    raise LedgerInconsistent(f"record {record.seq} ({record.kind}) is about the unknown phase {name}")


def _phase_started(state: State, record: Record) -> State:
    return open_phase(state, _phase(state, record), record.time)


def _phase_skipped(state: State, record: Record) -> State:
    phase = _phase(state, record)
    left = len(state.graph.phases[phase].steps)
    return state._replace(phases=state.phases.set(phase, PhaseProgress("skipped", left, record.time)))


def _phase_ended(state: State, record: Record) -> State:
    phase = _phase(state, record)
    progress = state.phases[phase]
    if progress.state == "open":
        progress = progress._replace(state="ended")
    state = state._replace(phases=state.phases.set(phase, progress))
    entry = state.graph.entries[state.entry]
    over = all(
        (known := state.phases.get(one)) is not None and known.state != "open" and not known.left for one in entry
    )
    return state._replace(entry=state.entry + 1) if over else state


def _suspended(state: State, _: Record) -> State:
    return state._replace(suspended=True)


def _resumed(state: State, _: Record) -> State:
    return state._replace(suspended=False)


def _expired(state: State, record: Record) -> State:
    return state._replace(halt=Halt("Timeout", False, record.summary or ""))


def _abort_requested(state: State, record: Record) -> State:
    undo = bool((record.data or {}).get("undo"))
    return state._replace(halt=Halt(RunState.ABORTED, undo, record.summary or ""))


def _child_gates(state: State, record: Record) -> State:
    gates = tuple(GateStatus.model_validate(gate) for gate in (record.data or {})["gates"])
    unit = unit_in(state, record)
    if gates:
        return state._replace(child_gates=state.child_gates.set(unit, gates))
    return state._replace(child_gates=state.child_gates.delete(unit)) if unit in state.child_gates else state


def _nothing(state: State, _: Record) -> State:
    return state


FOLDS: Mapping[str, Callable[[State, Record], State]] = {
    "RunCreated": _created,
    "RunStarted": _started,
    "RunAwaitingApproval": _plain,
    "RunContinued": _plain,
    "RunSucceeded": _settled,
    "RunFailed": _settled,
    "RunAborted": _settled,
    "RunRolledBack": _settled,
    "RunReopened": _reopened,
    "UndoStarted": _undo_started,
    "VerdictReached": _verdict,
    "RunSuspended": _suspended,
    "RunResumed": _resumed,
    "RunExpired": _expired,
    "AbortRequested": _abort_requested,
    "PhaseStarted": _phase_started,
    "PhaseSkipped": _phase_skipped,
    "PhaseEnded": _phase_ended,
    "ChildGatesChanged": _child_gates,
    "HandoffRefused": _nothing,
}
