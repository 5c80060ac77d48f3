"""A clock that stands until it is moved."""

START = 1_764_590_400_000
"""2025-12-01T12:00:00Z."""


class SettableClock:
    def __init__(self, now: int = START, monotonic: int = 0) -> None:
        self._now = now
        self._monotonic = monotonic

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._monotonic

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        if milliseconds < 0:
            raise ValueError("time does not pass backwards; use jump")
        self._now += milliseconds
        self._monotonic += milliseconds

    def jump(self, milliseconds: int) -> None:
        """Change the wall clock only, as a person, a time server or a suspended machine does; may be negative."""
        self._now += milliseconds

    def set(self, now: int) -> None:
        """Set the wall clock."""
        self._now = now
