"""Folds of the records that undo what a step changed."""

from collections.abc import Callable, Mapping
from typing import Any

from controller.engine.bookkeeping import put, unit_in
from controller.engine.state import State
from controller.engine.transitions import STEP, UNDO, UndoState
from controller.model.record import Record


def _moved(run: State, record: Record, **changes: Any) -> State:
    unit = unit_in(run, record)
    old = run.unit(unit)
    new = old._replace(undo=UNDO.move(old.undo, record.kind), **changes)
    return put(run, unit, old, new)._replace(undoing=unit if new.undo is UndoState.RUNNING else -1)


def _attempted(state: State, record: Record) -> State:
    return _moved(state, record, undo_attempt=record.attempt or 0)


def _attempt_failed(state: State, record: Record) -> State:
    spent = state.unit(unit_in(state, record)).undo_spent
    return _moved(state, record, undo_spent=spent + bool((record.data or {})["charged"]))


def _receipt_undone(state: State, record: Record) -> State:
    receipts = state.unit(unit_in(state, record)).receipts
    return _moved(state, record, receipts=receipts[:-1], undo_spent=0)


def _undone(state: State, record: Record) -> State:
    known = state.unit(unit_in(state, record))
    return _moved(state, record, state=STEP.move(known.state, record.kind), receipts=(), undo_reason="undone")


def _kept(state: State, record: Record) -> State:
    unit = unit_in(state, record)
    state = _moved(state, record, undo_reason=record.summary or "")
    return state._replace(kept=(*state.kept, unit))


FOLDS: Mapping[str, Callable[[State, Record], State]] = {
    "UndoAttempted": _attempted,
    "UndoAttemptFailed": _attempt_failed,
    "ReceiptUndone": _receipt_undone,
    "StepUndone": _undone,
    "UndoKept": _kept,
}
