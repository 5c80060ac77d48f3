"""Undo as a list: one line per change, in the order in which they are taken back, and what remains."""

from collections.abc import Sequence

from controller.engine.changes import undoable
from controller.engine.units import index_of, unit_of
from controller.entrypoints.cli.outlet import Outlet
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.presenter import Ending, Found, Tree
from controller.entrypoints.cli.wording import brief, one_line, short, span
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey
from controller.model.record import Record
from controller.model.states import RunState
from controller.runtime.contents import Contents
from controller.runtime.member import Member
from controller.runtime.phrases import counted
from controller.runtime.undoing import prepare_undo

_ENDED = {
    "StepSucceeded": "succeeded",
    "StepFailed": "failed",
    "StepAborted": "stopped",
    "StepSkipped": "skipped",
}
"""What else may happen meanwhile: running steps stop before an undo, `finally` steps run after it."""


class Undoing:
    """Presenter for `undo` and `abort --undo`."""

    shows_progress = False

    def __init__(self, outlet: Outlet | None = None) -> None:
        self._out = outlet or Outlet()
        self._tree: Tree | None = None
        self._width = 0

    def opened(self, tree: Tree, found: Found | None) -> None:  # noqa: ARG002 - the signature of a presenter
        self._tree = tree
        self._width = max(len(tree.top.name(unit_of(step.index))) for step in tree.top.graph.steps)
        if tree.top.state.run is RunState.ROLLING_BACK:
            self._begin(tree)

    def _begin(self, tree: Tree) -> None:
        units = changed(tree.top, Contents(tree.session.local.stores.blobs), tree.session.local.clock.now())
        self._width = max((len(tree.top.name(unit)) for unit in units), default=0)
        steps = counted(len(units), "changed step")
        order = ", last in the order of dependencies first" if len(units) > 1 else ""
        self._out.line(f"undoing {steps}{order}" if units else "nothing was changed, so there is nothing to undo")

    def records(self, member: Member, links: Sequence[Link]) -> None:
        assert self._tree is not None
        for link in links:
            record = link.record
            if record.kind == "UndoStarted" and member is self._tree.top:
                self._begin(self._tree)
            elif record.step is not None and (told := _told(member, record)) is not None:
                self._out.line(f"  {self._tree.path(member, record.step):<{self._width}}  {told}".rstrip())

    def progress(self, member: Member, key: AttemptKey, done: int, total: int) -> None:
        """Nothing: an undo is one line."""

    def tick(self, prompt: str | None) -> None:
        """Nothing moves."""

    def note(self, text: str) -> None:
        self._out.line(text)

    def left(self) -> None:
        """Nothing to give back."""

    def closed(self, ending: Ending, code: int) -> None:  # noqa: ARG002 - the signature of a presenter
        assert self._tree is not None
        state, run = self._tree.top.state, short(self._tree.root)
        again = f"An undo that was interrupted goes on with: {command_line('resume', run)}"
        if ending is not Ending.SETTLED:
            self._out.line(f"{state.run}: the undo stopped before its end. {again}")
        elif state.run is RunState.ROLLED_BACK:
            self._out.line("RolledBack: everything is undone.")
        else:
            reason = f" ({state.reason})" if state.reason else ""
            more = ", see above" if state.reason == "UndoIncomplete" else ""
            self._out.line(f"{state.run}{reason}: {one_line(state.message)}{more}.")
            if state.reason == "UndoIncomplete":
                self._out.line(f"What remains is tried once more with: {command_line('resume', run)}")


def changed(member: Member, contents: Contents, now: int) -> list[int]:
    """Return the units whose change an undo would take back or list as remaining, in its order."""
    return [
        unit
        for unit in undoable(member.state)
        if member.graph.steps[index_of(unit)].child
        # Behind a last attempt that changed nothing there may be one that did.
        or len(member.state.unit(unit).receipts) > 1
        or prepare_undo(member, unit, contents, now)[0].action != "nothing"
    ]


def _told(member: Member, record: Record) -> str | None:
    unit = member.unit(record.step or "")
    receipts = member.state.unit(unit).receipts if unit is not None else ()
    took = f"{span(record.duration_ms):<7}" if record.duration_ms is not None else f"{'':7}"
    match record.kind:
        case "StepUndone" | "ReceiptUndone":
            receipt = (record.data or {}).get("receipt")
            left = f" ({counted(len(receipts), 'earlier change')} to go)" if record.kind == "ReceiptUndone" else ""
            return f"undone    {took}{f'receipt {brief(receipt)}' if receipt else ''}{left}"
        case "UndoKept":
            receipt = f"; receipt {brief(receipts[-1])}" if receipts else ""
            return f"NOT undone: {one_line(record.summary or '')}{receipt}"
        case "UndoAttemptFailed":
            return f"undo failed: {one_line(record.summary or '')}; again"
        case kind if kind in _ENDED:
            return f"{_ENDED[kind]:<9} {took}".rstrip()
        case _:
            return None
