"""How the change of a step is undone: by its receipt, else by the definition, else not at all and that is said."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from controller.definition.template import resolve
from controller.engine.events import UndoPrepared
from controller.engine.units import instance_of
from controller.model.attempt import StagedFile
from controller.model.digest import Digest, digest_value
from controller.model.receipt import Receipt, ReceiptUndo
from controller.model.step import Undo
from controller.runtime.contents import Contents, StepOutputs
from controller.runtime.member import Member


class UndoInput(NamedTuple):
    """What an attempt of role undo is started with."""

    document: dict[str, Any]
    argv: list[str] | None
    staged: tuple[StagedFile, ...]
    digest: Digest


class _Way(NamedTuple):
    """What takes a change back: a call of the agent, a program, or a person."""

    payload: dict[str, Any] | None
    argv: list[str] | None
    instruction: str | None


def prepare_undo(member: Member, unit: int, contents: Contents, now: int) -> tuple[UndoPrepared, UndoInput | None]:
    """Decide whether the last change of the unit can be undone, and with what.

    `keep` says why it cannot; `nothing` that its receipt lists no change.
    """
    known, step = member.state.unit(unit), member.step(unit)
    receipt = Receipt.model_validate(contents.get(known.receipts[-1])) if known.receipts else None
    given = receipt.undo if receipt is not None else None
    refusal = _refusal(step.reversible, given, now)
    if refusal is not None:
        return UndoPrepared(unit, "keep", reason=refusal), None
    if given is None and step.undo is None and (receipt is None or not receipt.changes):
        return UndoPrepared(unit, "nothing"), None
    try:
        way = _way(given, step.undo, _Scope(member, unit, contents))
        if way is None:
            return UndoPrepared(unit, "keep", reason="its receipt lists changes but says no way to undo them"), None
        if way.payload is None and way.argv is None:
            return UndoPrepared(unit, "keep", reason=f"a person must do it: {way.instruction}"), None
        prepared = _input(step.mode, way, known.receipts[-1] if known.receipts else None)
    except ValueError as error:
        return UndoPrepared(unit, "keep", reason=f"the input of its undo has no exact form in JSON: {error}"), None
    return UndoPrepared(unit, "run", prepared.digest), prepared


def _input(mode: str, way: _Way, receipt: Digest | None) -> UndoInput:
    document = {"mode": mode, "payload": way.payload if way.payload is not None else {}}
    staged = (StagedFile("inputs/receipt.json", receipt),) if receipt is not None else ()
    digest = digest_value({**document, "argv": way.argv, "artifacts": {file.path: file.digest for file in staged}})
    return UndoInput(document, way.argv, staged, digest)


def _refusal(declared: bool | None, given: ReceiptUndo | None, now: int) -> str | None:
    if given is not None:
        if not given.reversible:
            why = f' ("{given.reason}")' if given.reason else ""
            return f"its receipt says irreversible{why}"
        if given.expires_at is not None:
            try:
                moment = datetime.fromisoformat(given.expires_at)
            except ValueError:
                return f'its receipt has an unreadable expiresAt "{given.expires_at}"'
            zoned = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
            if zoned.timestamp() * 1000 <= now:
                return f"its undo expired at {given.expires_at}"
        return None
    return "its definition says irreversible" if declared is False else None


class _Scope:
    """What the templates of a step's own undo may name: as its input, and what it handed over itself."""

    def __init__(self, member: Member, unit: int, contents: Contents) -> None:
        self._member = member
        self._unit = unit
        self._contents = contents

    def resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        """Fill in the templates. Raises ValueError for what has no canonical form."""
        scope = self._member.scope(self._unit, self._contents)
        if instance_of(self._unit) >= 0:
            own = self._contents.output(self._member.state.unit(self._unit).output)
            given = {self._member.step(self._unit).id: own}
            scope["steps"] = StepOutputs(self._member.state, self._contents, given)
        resolved: dict[str, Any] = resolve(value, scope)
        return resolved


def _way(given: ReceiptUndo | None, defined: Undo | None, scope: _Scope) -> _Way | None:
    """The receipt's way wins over the definition's as a whole. A receipt is data: only the definition has templates."""
    if given is not None and (given.input is not None or given.argv is not None or given.instruction is not None):
        return _Way(given.input, given.argv, given.instruction)
    if defined is not None and (
        defined.input is not None or defined.argv is not None or defined.instruction is not None
    ):
        payload = scope.resolve(defined.input) if defined.input is not None else None
        return _Way(payload, defined.argv, defined.instruction)
    return None
