"""How long may a start wait to be recorded? As long as others that wait need: a thousand starts at once are mostly short steps."""

from weakref import WeakKeyDictionary

PATIENCE_ALONE_MS = 250
"""A start that is not recorded yet is found again by its Job, so it may wait for the end of a short step and save a write."""

PATIENCE_EACH_MS = 200
"""What each run that waits already adds: starts alone are five writes a second, a twentieth of a core of the API server.
Where all could be written at once they were: in a crowd of a thousand a step takes longer than any patience that people have.
"""

LONGEST_PATIENCE_MS = 60_000
"""After so long people want to read that a step runs, whatever else goes on. Its Job and its pod say so from the beginning."""


class Crowd:
    """The ledgers of an operator that have nothing to record but starts."""

    def __init__(self) -> None:
        self._waiting: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def join(self, ledger: object) -> int:
        """Return for how many milliseconds this one may wait: what it was told when it came, whoever came later."""
        found = self._waiting.get(ledger)
        if found is None:
            found = min(PATIENCE_ALONE_MS + PATIENCE_EACH_MS * len(self._waiting), LONGEST_PATIENCE_MS)
            self._waiting[ledger] = found
        return found

    def leave(self, ledger: object) -> None:
        """This one has recorded, or has more to record."""
        self._waiting.pop(ledger, None)
