"""How long did what take? The parts of a run as they end, made of its records alone: what metrics and traces are made of.

Whoever takes a run over goes on in the middle of its ledger. What happened before is then taken from the run's state,
which is the fold of it, so that the spans come out the same; only a time of waiting that nobody knows any more is None.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from controller.machine.chain import Link
from controller.model.record import Record
from controller.model.states import SETTLED, Role
from controller.runtime.member import Member


class Part(StrEnum):
    """What a span is of."""

    RUN = "run"
    """One generation of a run, until it settles or its undo begins."""
    UNDO = "undo"
    """Taking back the changes of a run."""
    STEP = "step"
    """A step or instance in one generation, with all attempts and the time at its checkpoint."""
    ATTEMPT = "attempt"


class End(StrEnum):
    """How a span ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"


class Span(NamedTuple):
    """A part of a run that has ended."""

    part: Part
    end: End
    record: int
    """Sequence number of the record that ended it."""
    started_at: int
    """Milliseconds since the epoch, like `ended_at`."""
    ended_at: int
    generation: int
    step: str = ""
    """Id of the step with its instance; empty for run and undo."""
    role: Role = Role.DO
    attempt: int = 0
    reason: str = ""
    """One word: how it ended well, or why it did not."""
    message: str = ""
    queued_ms: int | None = None
    """Of an attempt: from when it could start until its program ran. None: not known."""


_SETTLES = {
    "StepSucceeded": End.COMPLETED,
    "GateApproved": End.COMPLETED,
    "GateLapsed": End.COMPLETED,
    "StepSkipped": End.COMPLETED,
    "StepFailed": End.FAILED,
    "StepAborted": End.ABORTED,
    "GateRejected": End.ABORTED,
}
"""Records that settle a step."""

_ENDS = {
    "StepSucceeded": End.COMPLETED,
    "GateOpened": End.COMPLETED,
    "AttemptFailed": End.FAILED,
    "StepFailed": End.FAILED,
    "StepAborted": End.ABORTED,
    "ReceiptUndone": End.COMPLETED,
    "StepUndone": End.COMPLETED,
    "UndoAttemptFailed": End.FAILED,
    "UndoKept": End.FAILED,
}
"""Records that end an attempt, if they name one."""

_UNDO = frozenset({"ReceiptUndone", "StepUndone", "UndoAttemptFailed", "UndoKept"})

_RUN_ENDS = {
    "RunSucceeded": End.COMPLETED,
    "RunFailed": End.FAILED,
    "RunAborted": End.ABORTED,
    "RunRolledBack": End.ABORTED,
}


class Spans:
    """Makes the spans of one run of its records, in their order."""

    def __init__(self, member: Member, links: Sequence[Link]) -> None:
        """`links` are the first that will be fed; the member's state is the one after them."""
        self._member = member
        state = member.state
        self._generation = state.generation - sum(link.record.kind == "RunReopened" for link in links)
        self._begun: int | None = state.started_at or None
        """Since when steps that need nothing could start."""
        self._finalizers: int | None = None
        self._phases: dict[str, int] = {}
        self._free: dict[int, int] = {}
        """Step -> when the last step that it needs was settled, as far as it was seen."""
        self._due: dict[str, int] = {}
        """Unit -> when its next attempt could start, where not its dependencies say so."""
        self._ready: dict[str, int] = {}
        """Unit whose attempt was started -> when it could start."""
        self._first: dict[str, int] = {}
        """Unit that is not settled -> its first start in this generation."""
        self._undo_from: int | None = None

    def feed(self, links: Iterable[Link]) -> list[Span]:
        """Return what ended with these records."""
        found: list[Span] = []
        for link in links:
            record = link.record
            if record.step is None:
                self._run_moved(record)
                self._run_ended(record, found)
            else:
                self._step_moved(record)
                self._attempt_ended(record, record.step, found)
                self._step_ended(record, record.step, found)
        return found

    # What is remembered

    def _run_moved(self, record: Record) -> None:
        match record.kind:
            case "RunStarted":
                self._begun = record.time
            case "RunReopened":
                self._generation += 1
                self._begun = record.time
            case "PhaseStarted":
                self._phases[str((record.data or {})["phase"])] = record.time
            case "VerdictReached":
                self._finalizers = record.time
            case "UndoStarted":
                self._undo_from = record.time
            case _:
                pass

    def _step_moved(self, record: Record) -> None:
        name = str(record.step)
        match record.kind:
            case "StepStarted":
                if name not in self._first:
                    self._first[name] = record.time if record.attempt == 1 else self._known_start(name) or record.time
                ready = self._due.pop(name, None) or self._could_start(name, record.attempt or 1)
                if ready is not None:
                    self._ready[name] = ready
            case "StepExpanded":
                self._first.setdefault(name, record.time)
                self._ready[name] = record.time
            case "StepReopened":
                self._first.pop(name, None)
                self._again(record, name)
            case "GateModified" | "AttemptFailed":
                self._again(record, name)
            case _:
                pass

    def _again(self, record: Record, name: str) -> None:
        self._due[name] = max(record.time, int((record.data or {}).get("retryAt", 0)))

    def _could_start(self, name: str, attempt: int) -> int | None:
        """Return when a unit could start for the first time; None when that was before anybody here looked."""
        if attempt > 1:
            return None
        step, bracket, _ = name.partition("[")
        if bracket:
            return self._ready.get(step)
        graph = self._member.graph
        described = graph.steps[graph.by_id[step]]
        since = self._begun
        if described.finalizer:
            since = self._finalizers
        elif described.phase >= 0:
            since = self._phases.get(graph.phases[described.phase].id)
        if not described.needs or since is None:
            return since
        freed = self._free.pop(described.index, None)
        return None if freed is None else max(freed, since)

    def _known_start(self, name: str) -> int:
        """Return when a unit started first in this generation, as the run's state says; 0: it did not."""
        unit = self._member.unit(name)
        return 0 if unit is None else self._member.state.unit(unit).started_at

    # What ends

    def _run_ended(self, record: Record, found: list[Span]) -> None:
        end = _RUN_ENDS.get(record.kind)
        reason = str((record.data or {}).get("reason", ""))
        if end is not None and record.source == "RollingBack":
            since = record.time if self._undo_from is None else self._undo_from
            done = End.COMPLETED if record.kind == "RunRolledBack" else end
            found.append(self._span(Part.UNDO, done, record, since, reason=reason))
        elif end is not None:
            since = record.time - (record.duration_ms or 0)
            found.append(self._span(Part.RUN, end, record, since, reason=reason))
        elif record.kind == "UndoStarted" and record.source not in SETTLED:
            # Nobody gives a reason where it was aborted.
            since = self._member.state.started_at or record.time
            how = End.FAILED if reason else End.ABORTED
            found.append(self._span(Part.RUN, how, record, since, reason=reason or "Aborted"))

    def _attempt_ended(self, record: Record, name: str, found: list[Span]) -> None:
        end = _ENDS.get(record.kind)
        if end is None or record.attempt is None:
            return
        data = record.data or {}
        ran = record.duration_ms or 0
        queued = None
        if record.kind not in _UNDO:
            ready = self._ready.pop(name, None)
            if ready is not None:
                queued = max(0, record.time - ran - ready)
        found.append(
            self._span(
                Part.ATTEMPT,
                end,
                record,
                record.time - ran,
                step=name,
                role=Role.UNDO if record.kind in _UNDO else Role.DO,
                attempt=record.attempt,
                reason=str(data.get("class") or data.get("how") or ""),
                queued_ms=queued,
            )
        )

    def _step_ended(self, record: Record, name: str, found: list[Span]) -> None:
        end = _SETTLES.get(record.kind)
        if end is None:
            return
        data = record.data or {}
        since = self._first.pop(name, None)
        graph = self._member.graph
        if "[" not in name:
            self._ready.pop(name, None)
            for successor in graph.steps[graph.by_id[name]].successors:
                self._free[successor] = record.time
        if since is None:
            since = self._known_start(name) or record.time - (record.duration_ms or 0)
        reason = str(data.get("reason") or data.get("how") or "")
        found.append(self._span(Part.STEP, end, record, since, step=name, reason=reason))

    def _span(
        self,
        part: Part,
        end: End,
        record: Record,
        since: int,
        *,
        step: str = "",
        role: Role = Role.DO,
        attempt: int = 0,
        reason: str = "",
        queued_ms: int | None = None,
    ) -> Span:
        return Span(
            part,
            end,
            record.seq,
            min(since, record.time),
            record.time,
            self._generation,
            step,
            role,
            attempt,
            reason,
            record.summary or "",
            queued_ms,
        )
