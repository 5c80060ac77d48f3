"""How long may a start wait to be recorded? The longer, the more runs have nothing but starts to record."""

from weakref import WeakSet

PATIENCE_ALONE_MS = 250
"""A start that is not recorded yet is found again by its Job, so it may wait for the end of a short step and save a write."""

PATIENCE_EACH_MS = 10
"""What each further run adds: about what a write costs the API server, so that starts alone never fill its time."""

LONGEST_PATIENCE_MS = 10_000
"""After so long people want to see that a step runs, whatever else goes on."""


class Crowd:
    """The ledgers of an operator that have nothing to record but starts."""

    def __init__(self) -> None:
        self._waiting: WeakSet[object] = WeakSet()

    def join(self, ledger: object) -> int:
        """Return for how many milliseconds this one may wait as things stand."""
        self._waiting.add(ledger)
        return min(PATIENCE_ALONE_MS + PATIENCE_EACH_MS * (len(self._waiting) - 1), LONGEST_PATIENCE_MS)

    def leave(self, ledger: object) -> None:
        """This one has recorded, or has more to record."""
        self._waiting.discard(ledger)
