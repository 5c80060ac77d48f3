"""What happened in a run, step by step, with times from its start: the rows of a trace and the bars of a chart."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from controller.machine.chain import Link
from controller.model.record import Record
from controller.runtime.member import Member


class Row(NamedTuple):
    """One transition or fact."""

    at: int
    """Milliseconds from the start of the root run."""
    step: str
    """As an outcomes file would name it; for a run itself its path, empty for the root."""
    record: Record


class Bar(NamedTuple):
    """A stretch of time in which something of a step went on."""

    step: str
    what: str
    """do, undo, gate, or mark for what takes no time."""
    attempt: int
    start: int
    """Milliseconds from the start of the root run."""
    end: int
    outcome: str
    """How it ended: a state of steps, else the kind of the record; empty while it goes on."""


class History:
    """Collects rows and bars while records are written."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.bars: list[Bar] = []
        self._began: int | None = None
        self._open: dict[str, Bar] = {}
        self._paths: dict[str, str] = {}

    def add(self, member: Member, links: Sequence[Link]) -> None:
        """Take up what a run of the tree recorded."""
        path = self._path(member)
        for link in links:
            record = link.record
            if self._began is None:
                self._began = record.time
            step = path if record.step is None else f"{path}/{record.step}" if path else record.step
            row = Row(record.time - self._began, step, record)
            self.rows.append(row)
            if record.step is not None:
                self._bar(row)

    def close(self) -> None:
        """End what still goes on when nothing more will be recorded."""
        end = self.rows[-1].at if self.rows else 0
        self.bars += [bar._replace(end=end) for bar in self._open.values()]
        self._open.clear()

    def _path(self, member: Member) -> str:
        spec = member.spec
        if spec.uid not in self._paths:
            above = self._paths.get(spec.parent or "", "")
            attempt = spec.parent_attempt or 1
            own = f"{spec.parent_step}@{attempt}" if attempt > 1 else spec.parent_step or ""
            self._paths[spec.uid] = f"{above}/{own}" if above else own
        return self._paths[spec.uid]

    def _bar(self, row: Row) -> None:
        kind, attempt = row.record.kind, row.record.attempt or 0
        what = _OPENS.get(kind)
        if what is None and row.record.target is None and kind not in _CLOSES:
            return
        open_bar = self._open.pop(row.step, None)
        if open_bar is not None:
            ended = "Succeeded" if kind == "GateOpened" else row.record.target or kind
            self.bars.append(open_bar._replace(end=row.at, outcome=kind if open_bar.what == "gate" else ended))
        elif what in {None, "gate"} and kind not in _SILENT:
            self.bars.append(Bar(row.step, "mark", attempt, row.at, row.at, _how(row.record)))
        if what is not None:
            self._open[row.step] = Bar(row.step, what, attempt, row.at, row.at, "")


_OPENS = {"StepStarted": "do", "StepExpanded": "do", "UndoAttempted": "undo", "GateOpened": "gate"}
_CLOSES = frozenset({"UndoAttemptFailed", "ReceiptUndone", "UndoKept"})
_SILENT = frozenset({"StepReopened"})


def _how(record: Record) -> str:
    how = (record.data or {}).get("how")
    return {"cache": "Cached", "seed": "Reused"}.get(how, record.target or record.kind) if how else _target(record)


def _target(record: Record) -> str:
    return record.target or record.kind


def row_facts(row: Row) -> dict[str, Any]:
    """Return a row for programs."""
    record = row.record
    facts: dict[str, Any] = {"at": row.at, "step": row.step or None, "kind": record.kind}
    optional = {
        "from": record.source,
        "to": record.target,
        "attempt": record.attempt,
        "summary": record.summary,
        "actor": record.actor.id if record.actor.type == "person" else None,
        "data": dict(record.data) if record.data else None,
    }
    return {**facts, **{name: value for name, value in optional.items() if value is not None}}


def bar_facts(bar: Bar) -> dict[str, Any]:
    """Return a bar for programs."""
    return bar._asdict()
