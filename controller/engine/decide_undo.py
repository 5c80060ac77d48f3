"""Undo: what was changed is taken back, last change first, one at a time; what cannot be is listed, never skipped silently."""

from typing import Any

from controller.engine.decide_attempt import is_charged, retryable
from controller.engine.draft import Draft
from controller.engine.effects import AcquireSlots, PrepareUndo, ReleaseSlots, StartUndo, UndoChild
from controller.engine.events import AttemptEnded, ChildUndone, Launched, SlotGranted, UndoPrepared
from controller.engine.queues import UNDO, peek_timer, set_timer
from controller.engine.settle import conclude
from controller.engine.state import Ask
from controller.engine.transitions import STEP, UndoState
from controller.engine.units import index_of, unit_name
from controller.machine import heap
from controller.model.states import Role, RunState

_MASK = (1 << 32) - 1


def advance_undo(d: Draft) -> None:
    """Undo the next change, or come to the verdict when none is left."""
    if d.state.asked or d.state.suspended:
        return
    if d.state.undoing >= 0:
        return
    unit = _next(d)
    if unit is None:
        _undone(d)
        return
    retry_at = d.state.unit(unit).undo_retry_at
    if retry_at > d.now:
        if peek_timer(d.state)[0] != (retry_at, UNDO, unit):
            d.state = set_timer(d.state, retry_at, UNDO, unit)
        return
    step = d.state.graph.steps[index_of(unit)]
    if step.child and d.state.unit(unit).child is not None:
        _remember(d, unit, Ask("undo-child", 0))
        d.ask(UndoChild(unit))
    else:
        _remember(d, unit, Ask("undo-prepare", 0))
        d.ask(PrepareUndo(unit))


def _next(d: Draft) -> int | None:
    changed = d.state.changed
    while changed is not None:
        unit = -changed[1] & _MASK
        known = d.state.unit(unit)
        if known.undo is UndoState.IDLE and STEP.allows(known.state, "StepUndone"):
            break
        _, changed = heap.pop(changed)
    d.state = d.state._replace(changed=changed)
    return None if changed is None else -changed[1] & _MASK


def _remember(d: Draft, unit: int, ask: Ask) -> None:
    d.state = d.state._replace(asked=d.state.asked.set(unit, ask))


def _forget(d: Draft, unit: int) -> None:
    if unit in d.state.asked:
        d.state = d.state._replace(asked=d.state.asked.delete(unit))


def _undone(d: Draft) -> None:
    remains = len(d.state.kept)
    if remains:
        words = "1 change remains" if remains == 1 else f"{remains} changes remain"
        conclude(d, RunState.FAILED, "UndoIncomplete", words)
    else:
        conclude(d, RunState.ROLLED_BACK, "", "")


def undo_prepared(d: Draft, event: UndoPrepared) -> None:
    """Start the undo, keep the change with its reason, or find that nothing was changed."""
    ask = d.state.asked.get(event.unit)
    if ask is None or ask.stage != "undo-prepare":
        return
    _forget(d, event.unit)
    if event.action == "keep":
        d.record("UndoKept", event.unit, summary=event.reason)
    elif event.action == "nothing" and len(d.state.unit(event.unit).receipts) > 1:
        # The last attempt changed nothing, but earlier ones may have.
        receipts = d.state.unit(event.unit).receipts
        d.record("ReceiptUndone", event.unit, summary="nothing was changed", data={"receipt": receipts[-1]})
    elif event.action == "nothing":
        changed = d.state.changed
        assert changed is not None  # the unit that was asked about is its first
        d.state = d.state._replace(changed=heap.pop(changed)[1])
    else:
        assert event.input_digest is not None  # an undo that runs has an input
        attempt = d.state.unit(event.unit).undo_attempt + 1
        _remember(d, event.unit, Ask("undo-slots", attempt, event.input_digest))
        if _slots(d, event.unit):
            d.ask(AcquireSlots(event.unit, attempt, Role.UNDO))
        else:
            undo_slot_granted(d, SlotGranted(event.unit, Role.UNDO))


def undo_slot_granted(d: Draft, event: SlotGranted) -> None:
    """The attempt to undo has its place: start it, unless the run was paused meanwhile."""
    ask = d.state.asked.get(event.unit)
    if ask is None or ask.stage != "undo-slots":
        return
    if d.state.suspended:
        _forget(d, event.unit)
        if _slots(d, event.unit):
            d.ask(ReleaseSlots(event.unit, ask.attempt, Role.UNDO))
        return
    assert ask.input is not None  # set when its input was known
    _remember(d, event.unit, ask._replace(stage="undo-start"))
    d.ask(StartUndo(event.unit, ask.attempt, ask.input))


def _slots(d: Draft, unit: int) -> bool:
    """Whether an attempt to undo the unit takes places that span runs."""
    return bool(d.state.graph.slots_of(d.state.graph.steps[index_of(unit)], Role.UNDO))


def undo_launched(d: Draft, event: Launched) -> None:
    """The attempt to undo runs."""
    known = d.state.unit(event.unit)
    if (
        event.attempt <= known.undo_attempt
        or known.undo is not UndoState.IDLE
        or d.state.run is not RunState.ROLLING_BACK
        or d.state.undoing >= 0
        or _next(d) != event.unit
    ):
        return
    _forget(d, event.unit)
    data = {"adopted": True} if event.adopted else None
    d.record("UndoAttempted", event.unit, attempt=event.attempt, input_digest=event.input_digest, data=data)


def undo_ended(d: Draft, event: AttemptEnded) -> None:
    """Undone, tried again, or kept when its attempts are used up."""
    unit, known = event.unit, d.state.unit(event.unit)
    ask = d.state.asked.get(unit)
    refused = ask is not None and ask.stage == "undo-start" and ask.attempt == event.attempt
    if not refused and (known.undo is not UndoState.RUNNING or known.undo_attempt != event.attempt):
        return
    _forget(d, unit)
    if _slots(d, unit):
        d.ask(ReleaseSlots(unit, event.attempt, Role.UNDO))
    times: dict[str, Any] = {"attempt": event.attempt, "duration_ms": event.duration_ms}
    if event.failure is None:
        kind = "ReceiptUndone" if len(known.receipts) > 1 else "StepUndone"
        data = {"receipt": known.receipts[-1]} if known.receipts else None
        d.record(kind, unit, data=data, **times)
        return
    step = d.state.graph.steps[index_of(unit)]
    charged = is_charged(event.failure, known.undo_disruptions)
    left = known.undo_spent + 1 < step.retry.max_attempts and retryable(step, event.failure, event.exit_code)
    left = left and not event.unknown
    data_: dict[str, object] = {"class": event.failure, "charged": charged, "reason": event.reason}
    if event.exit_code is not None:
        data_["exitCode"] = event.exit_code
    if not refused and (left or not charged):
        data_["retryAt"] = d.now + (step.retry.delay_ms(known.undo_spent + 1) if charged else 0)
        d.record("UndoAttemptFailed", unit, summary=event.reason, data=data_, **times)
    else:
        name = unit_name(d.state.graph, unit)
        d.record("UndoKept", unit, summary=f'the undo of "{name}" failed: {event.reason}', data=data_, **times)


def child_undone(d: Draft, event: ChildUndone) -> None:
    """The child run was undone as one unit, or part of it remains."""
    ask = d.state.asked.get(event.unit)
    if ask is None or ask.stage != "undo-child":
        return
    _forget(d, event.unit)
    known = d.state.unit(event.unit)
    if event.complete and known.earlier_children and known.child is not None:
        d.record("ReceiptUndone", event.unit, data={"child": known.child.run})
    elif event.complete:
        d.record("StepUndone", event.unit)
    else:
        d.record("UndoKept", event.unit, summary=event.reason)
