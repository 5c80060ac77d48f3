"""Folds of the records about the run as a whole: its state, phases, verdict and wishes of people."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.engine.bookkeeping import ENDED_PHASES, halt, open_phase, time_phase, unit_in
from controller.engine.queues import FINALIZERS, RETRY, RUN, STEP, enqueue, set_timer
from controller.engine.state import UNTOUCHED, Halt, PhaseProgress, State
from controller.engine.transitions import RUN as RUN_TABLE
from controller.engine.transitions import UNDO
from controller.engine.units import index_of, unit_of
from controller.errors import LedgerInconsistent
from controller.machine import heap
from controller.model.record import Record
from controller.model.run import GateStatus


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
        suspended=False,
    )


def _reopened(state: State, record: Record) -> State:
    state = _moved(
        state,
        record,
        generation=state.generation + 1,
        fresh_failures=0,
        reopened=record.seq,
        started_at=record.time,
        ended_at=0,
        reason="",
        message="",
    )
    return _limit(_restart_clocks(_reset_finalizers(state), record.time), record.time)


def _restart_clocks(state: State, now: int) -> State:
    """What waited when the run was halted waits again: the time in between is nobody's fault."""
    for phase, progress in state.phases.items():
        if progress.state == "open":
            state = time_phase(state, phase, now)
    for unit, retry_at in state.waiting.items():
        state = set_timer(state, retry_at, RETRY, unit)
        known, limit = state.unit(unit), state.graph.steps[index_of(unit)].timeout_ms
        if limit is not None and known.started_at:
            state = state._replace(units=state.units.set(unit, known._replace(started_at=now)))
            state = set_timer(state, now + limit, STEP, unit)
    return state


def _reset_finalizers(state: State) -> State:
    units, unmet = state.units, state.unmet
    for step in state.graph.steps[state.graph.ordinary :]:
        unit = unit_of(step.index)
        if (known := units.get(unit)) is not None:
            units = units.set(unit, UNTOUCHED._replace(attempt=known.attempt, classes=known.classes))
        if step.index in unmet:
            unmet = unmet.delete(step.index)
    return state._replace(units=units, unmet=unmet, finalizer_failed=-1, finalizers_left=0)


def _undo_started(state: State, record: Record) -> State:
    state = _moved(state, record, ended_at=0, halt=None, verdict="", reason="", message="")
    units, changed = state.units, state.changed
    for unit in state.kept:
        known = units[unit]
        idle = UNDO.move(known.undo, record.kind)
        fresh = known._replace(undo=idle, undo_spent=0, undo_disruptions=0, undo_retry_at=0, undo_reason="")
        units = units.set(unit, fresh)
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
        outputs=record.output_digest,
        ready=state.ready.set(FINALIZERS, None),
    )
    for step in finalizers:
        if not step.needs:
            state = enqueue(state, unit_of(step.index))
    return state


def _phase(state: State, record: Record) -> int:
    name, graph = (record.data or {}).get("phase"), state.graph
    # Only phases of the present entry begin or end, so nobody looks through all of them.
    for phase in graph.entries[state.entry] if 0 <= state.entry < len(graph.entries) else ():
        if graph.phases[phase].id == name:
            return phase
    raise LedgerInconsistent(f"record {record.seq} ({record.kind}) is about the unknown phase {name}")


def _phase_started(state: State, record: Record) -> State:
    return open_phase(state, _phase(state, record), record.time)


def _phase_skipped(state: State, record: Record) -> State:
    phase = _phase(state, record)
    left = len(state.graph.phases[phase].steps)
    return state._replace(phases=state.phases.set(phase, PhaseProgress("skipping", left, record.time)))


def _phase_ended(state: State, record: Record) -> State:
    phase = _phase(state, record)
    progress = state.phases[phase]
    progress = progress._replace(state="ended" if progress.state == "open" else "skipped")
    state = state._replace(phases=state.phases.set(phase, progress))
    entry = state.graph.entries[state.entry]
    over = all((known := state.phases.get(one)) is not None and known.state in ENDED_PHASES for one in entry)
    return state._replace(entry=state.entry + 1) if over else state


def _phase_expired(state: State, record: Record) -> State:
    phase = _phase(state, record)
    return state._replace(phases=state.phases.set(phase, state.phases[phase]._replace(expired=True)))


def _phase_refused(state: State, record: Record) -> State:
    return state._replace(halt=Halt("PhaseRefused", False, record.summary or ""))


def _suspended(state: State, _: Record) -> State:
    return state._replace(suspended=True)


def _resumed(state: State, _: Record) -> State:
    return state._replace(suspended=False)


def _expired(state: State, record: Record) -> State:
    return state._replace(halt=Halt("Timeout", False, record.summary or ""))


def _abort_requested(state: State, record: Record) -> State:
    undo, why = bool((record.data or {}).get("undo")), record.summary or ""
    return halt(state, Halt("Aborted", undo, why))._replace(suspended=False)


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
    "PhaseExpired": _phase_expired,
    "PhaseRefused": _phase_refused,
    "ChildGatesChanged": _child_gates,
    "HandoffRefused": _nothing,
}
