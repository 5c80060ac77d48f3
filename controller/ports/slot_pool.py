"""SlotPool: limits that span runs (per agent, per orchestration)."""

from collections.abc import Collection
from typing import Protocol

from controller.model.attempt import AttemptKey


class SlotPool(Protocol):
    """First come, first served. Places of runs that nobody drives any more and whose steps are gone are given back.

    Raises StoreUnavailable.
    """

    def acquire(self, key: str, limit: int, holder: AttemptKey) -> bool:
        """Take or keep a place in the queue of `key`; return whether the holder is among the first `limit`."""

    def release(self, holder: AttemptKey) -> None:
        """Give all places of the holder back."""

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:
        """Give back the places of a whole run tree but those of `holders`, whose attempts still run."""
