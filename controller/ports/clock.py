"""Clock: what time it is."""

from typing import Protocol


class Clock(Protocol):
    """The only source of time for everything above the adapters."""

    def now(self) -> int:
        """Return the wall clock, in milliseconds since the epoch. May jump in either direction."""

    def monotonic(self) -> int:
        """Return milliseconds of a clock that never jumps and stops while the machine sleeps."""
