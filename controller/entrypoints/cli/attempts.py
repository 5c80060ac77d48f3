"""Which attempts did a step have, and how did each end? Read off the ledger."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from controller.model.record import Record
from controller.model.states import Role

_STARTS = {"StepStarted": Role.DO, "UndoAttempted": Role.UNDO}
_ENDS = {
    "StepSucceeded": "succeeded",
    "GateOpened": "succeeded",
    "AttemptFailed": "failed",
    "StepFailed": "failed",
    "StepAborted": "stopped",
    "StepUndone": "undone",
    "ReceiptUndone": "undone",
    "UndoAttemptFailed": "failed",
    "UndoKept": "failed",
}
_OF_UNDO = frozenset({"StepUndone", "ReceiptUndone", "UndoAttemptFailed", "UndoKept"})


class Attempt(NamedTuple):
    """One try at a step, or at undoing it."""

    role: Role
    number: int
    started_at: int
    """0: it never started."""
    word: str = "running"
    """running, succeeded, failed, stopped or undone."""
    ended_at: int = 0
    """0: it has not ended."""
    duration_ms: int | None = None
    reason: str = ""
    exit_code: int | None = None
    failure: str = ""
    """Class of a failure."""
    record: int = 0
    """Record that said how it ended, else the one that said that it began."""
    violations: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what programs are told."""
        found = {name: value for name, value in self._asdict().items() if value not in (None, "", (), 0)}
        return found | {"role": str(self.role)}


def attempts_of(records: Iterable[Record]) -> dict[str, list[Attempt]]:
    """Return the attempts of every step (instances by themselves), in the order in which they began."""
    found: dict[str, list[Attempt]] = {}
    for record in records:
        if record.step is None:
            continue
        known = found.setdefault(record.step, [])
        if record.kind in _STARTS:
            known.append(Attempt(_STARTS[record.kind], record.attempt or 0, record.time, record=record.seq))
        elif record.kind in _ENDS and record.attempt:
            _end(known, record)
    return {step: attempts for step, attempts in found.items() if attempts}


def _end(known: list[Attempt], record: Record) -> None:
    role = Role.UNDO if record.kind in _OF_UNDO else Role.DO
    data = record.data or {}
    place = next((place for place, one in enumerate(known) if (one.role, one.number) == (role, record.attempt)), None)
    if place is None:
        known.append(Attempt(role, record.attempt or 0, 0))
        place = len(known) - 1
    word = _ENDS[record.kind]
    known[place] = known[place]._replace(
        word=word,
        ended_at=record.time,
        duration_ms=record.duration_ms,
        reason="" if word in ("succeeded", "undone") else record.summary or str(data.get("reason", "")),
        exit_code=data.get("exitCode"),
        failure=str(data.get("class", "")),
        record=record.seq,
        violations=tuple(record.violations or ()),
    )
