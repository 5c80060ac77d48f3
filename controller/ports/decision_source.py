"""DecisionSource: what people decided and commanded, with a proven actor."""

from collections.abc import Sequence
from typing import Protocol

from controller.model.decision import Answer, Command, Decision


class DecisionSource(Protocol):
    """A queue of decisions and commands per run. Raises StoreUnavailable."""

    def submit(self, decision: Decision | Command) -> int:
        """Store it and return its id; ids grow in order of arrival."""

    def pending(self, run: str) -> Sequence[Decision | Command]:
        """Return what is not answered yet, in order of arrival."""

    def answer(self, answers: Sequence[Answer]) -> None:
        """Say what became of decisions; durable together with the next `LedgerStore.flush`."""

    def answered(self, decision: int) -> Answer | None:
        """Return what became of a decision; None while nobody looked at it."""

    def changed(self) -> bool:
        """Return whether anything may have been submitted since the last call; cheap enough to ask 20 times a second."""
