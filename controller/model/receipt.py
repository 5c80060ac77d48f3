"""Receipt: what one step changed and how to undo it, as the step wrote it into `receipt.json`."""

from typing import Any

from pydantic import Field

from controller.model.base import Stored


class ReceiptUndo(Stored):
    """How to take the changes back."""

    input: dict[str, Any] | None = None
    """Payload for the same agent in the role `undo`."""
    argv: list[str] | None = None
    """Program to run instead."""
    instruction: str | None = None
    """What a person must do, where no program can."""
    reversible: bool = True
    """False: it cannot be undone; `reason` says why."""
    reason: str | None = None
    """Why it cannot be undone."""
    expires_at: str | None = None
    """RFC 3339 time after which the undo no longer works."""


class Receipt(Stored):
    """What one step changed."""

    changes: list[Any] = Field(default_factory=list)
    """Free descriptions of what changed; empty: nothing did."""
    undo: ReceiptUndo | None = None
    """How to undo; wins over the definition's."""
