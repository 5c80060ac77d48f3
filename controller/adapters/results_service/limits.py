"""How much does the service take, and how long does it wait?"""

from typing import NamedTuple


class Limits(NamedTuple):
    """Of one process."""

    largest_blob: int = 16 << 30
    """Bytes of one blob: the largest artifact that a step may leave. A store may take less."""
    transfers: int = 64
    """Blobs that are under way at one time; who comes beyond is asked to try again."""
    transfers_of_namespace: int = 32
    """The same for one namespace, so that one cannot keep the others out."""
    quiet_s: float = 30.0
    """Seconds in which something must move on a connection that carries a blob."""
    slowest: int = 256 * 1024
    """Bytes per second that a transfer must reach on the whole; below it somebody holds a place for nothing."""
    setup_s: float = 60.0
    """Seconds that each transfer gets beside that."""
    keep_alive_s: float = 75.0
    """How long a connection without a request stays open; also how long a request may take to be sent up to its body."""

    def deadline_s(self, size: int) -> float:
        """Return how long a transfer may take."""
        return self.setup_s + size / self.slowest


USUAL = Limits()
