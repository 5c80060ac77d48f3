"""LedgerStore: the chained records of runs, and the status that belongs to the last of them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from controller.model.digest import Digest
from controller.model.run import RunStatus


class Write(NamedTuple):
    """Records and the status after them. A write crosses at most one edge of the run's state."""

    run: str
    first: int
    """Sequence number of the first record."""
    records: Sequence[bytes]
    """Canonical bytes, in order."""
    digests: Sequence[Digest]
    """Digest of each record."""
    status: RunStatus


class LedgerStore(Protocol):
    """Append-only. Raises StoreUnavailable, DiskFull."""

    def append(self, writes: Sequence[Write]) -> None:
        """Store all writes, all or nothing, durably at the latest at the next `flush`.

        Raises LedgerInconsistent when `first` is not the next sequence number of the run: somebody else wrote.
        """

    def patience(self) -> int:
        """Return how many milliseconds what was appended since the last flush may wait for more, to share one write."""

    def flush(self) -> None:
        """Return when everything appended is durable."""

    def read(self, run: str, first: int = 0) -> Iterator[bytes]:
        """Yield the records of a run from sequence number `first` on."""

    def head(self, run: str) -> tuple[int, Digest]:
        """Return sequence number and digest of the last record; (-1, GENESIS) where there is none."""

    def status(self, run: str) -> RunStatus | None:
        """Return the status after the last record; None where there is none."""
