"""How the change of a step is undone: by its receipt, else by the definition, else not at all and that is said."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from controller.engine.events import UndoPrepared
from controller.model.attempt import StagedFile
from controller.model.digest import Digest, digest_value
from controller.model.receipt import Receipt, ReceiptUndo
from controller.runtime.contents import Contents
from controller.runtime.member import Member


class UndoInput(NamedTuple):
    """What an attempt of role undo is started with."""

    document: dict[str, Any]
    argv: list[str] | None
    staged: tuple[StagedFile, ...]
    digest: Digest


def prepare_undo(member: Member, unit: int, contents: Contents, now: int) -> tuple[UndoPrepared, UndoInput | None]:
    """Decide whether the last change of the unit can be undone, and with what."""
    known, step = member.state.unit(unit), member.step(unit)
    receipt = Receipt.model_validate(contents.get(known.receipts[-1])) if known.receipts else None
    given = receipt.undo if receipt is not None else None
    refusal = _refusal(step.reversible, given, now)
    if refusal is None and given is None and step.undo is None:
        if receipt is None or not receipt.changes:
            return UndoPrepared(unit, "nothing"), None
        refusal = "its receipt lists changes but says no way to undo them"
    if refusal is not None:
        return UndoPrepared(unit, "keep", reason=refusal), None
    payload, argv, instruction = _ways(given, step.undo)
    if payload is None and argv is None and instruction is not None:
        return UndoPrepared(unit, "keep", reason=f"a person must do it: {instruction}"), None
    document = {"mode": step.mode, "payload": payload if payload is not None else {}}
    staged = (StagedFile("inputs/receipt.json", known.receipts[-1]),) if known.receipts else ()
    digest = digest_value({**document, "argv": argv, "artifacts": {file.path: file.digest for file in staged}})
    return UndoPrepared(unit, "run", digest), UndoInput(document, argv, staged, digest)


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


def _ways(given: ReceiptUndo | None, defined: Any) -> tuple[dict[str, Any] | None, list[str] | None, str | None]:
    """The receipt's way wins over the definition's as a whole."""
    for way in (given, defined):
        if way is not None and (way.input is not None or way.argv is not None or way.instruction is not None):
            return way.input, way.argv, way.instruction
    return None, None, None
