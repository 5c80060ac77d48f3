"""Folds of the records that undo what a step changed."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.engine.bookkeeping import put, unit_in
from controller.engine.queues import UNDO as UNDO_TIMER
from controller.engine.queues import set_timer
from controller.engine.state import State
from controller.engine.transitions import STEP, UNDO, UndoState
from controller.model.record import Record


def _moved(run: State, record: Record, **changes: Any) -> State:
    unit = unit_in(run, record)
    old = run.unit(unit)
    new = old._replace(undo=UNDO.move(old.undo, record.kind), **changes)
    return put(run, unit, old, new)._replace(undoing=unit if new.undo is UndoState.RUNNING else -1)


def _attempted(state: State, record: Record) -> State:
    return _moved(state, record, undo_attempt=record.attempt or 0, undo_retry_at=0)


def _attempt_failed(state: State, record: Record) -> State:
    unit, data = unit_in(state, record), record.data or {}
    known, retry_at = state.unit(unit), int(data["retryAt"])
    state = _moved(
        state,
        record,
        undo_attempt=max(known.undo_attempt, record.attempt or 0),
        undo_spent=known.undo_spent + bool(data["charged"]),
        undo_disruptions=known.undo_disruptions + (data["class"] == "Disrupted"),
        undo_retry_at=retry_at,
    )
    return set_timer(state, retry_at, UNDO_TIMER, unit) if retry_at > record.time else state


def _receipt_undone(state: State, record: Record) -> State:
    known = state.unit(unit_in(state, record))
    if "child" in (record.data or {}):
        *earlier, child = known.earlier_children
        return _moved(state, record, child=child, earlier_children=tuple(earlier))
    return _moved(state, record, receipts=known.receipts[:-1], undo_spent=0, undo_disruptions=0)


def _undone(state: State, record: Record) -> State:
    known = state.unit(unit_in(state, record))
    return _moved(state, record, state=STEP.move(known.state, record.kind), receipts=(), undo_reason="undone")


def _kept(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    attempt = max(state.unit(unit).undo_attempt, record.attempt or 0)
    state = _moved(state, record, undo_attempt=attempt, undo_reason=record.summary or "")
    return state._replace(kept=(*state.kept, unit))


FOLDS: Mapping[str, Callable[[State, Record], State]] = {
    "UndoAttempted": _attempted,
    "UndoAttemptFailed": _attempt_failed,
    "ReceiptUndone": _receipt_undone,
    "StepUndone": _undone,
    "UndoKept": _kept,
}
