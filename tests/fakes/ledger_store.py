"""Ledgers in memory."""

from collections.abc import Iterator, Sequence

from controller.errors import LedgerInconsistent
from controller.model.digest import Digest
from controller.model.record import GENESIS
from controller.model.run import RunStatus
from controller.ports.ledger_store import Write
from tests.fakes.disk import Disk, Ledger


class InMemoryLedgerStore:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def append(self, writes: Sequence[Write]) -> None:
        ends: dict[str, int] = {}
        for write in writes:
            expected = ends.get(write.run, self.head(write.run)[0] + 1)
            if write.first != expected or len(write.records) != len(write.digests):
                raise LedgerInconsistent(f"the next record of run {write.run} is {expected}, not {write.first}")
            ends[write.run] = expected + len(write.records)
        for write in writes:
            self._append(write)

    def _append(self, write: Write) -> None:
        ledgers = self._disk.ledgers
        new = write.run not in ledgers
        ledger = ledgers.setdefault(write.run, Ledger())
        length, status = len(ledger.records), ledger.status
        ledger.records.extend(write.records)
        ledger.digests.extend(write.digests)
        ledger.status = write.status

        def undo() -> None:
            if new:
                ledgers.pop(write.run, None)
            del ledger.records[length:], ledger.digests[length:]
            ledger.status = status

        self._disk.change(undo)

    def patience(self) -> int:
        return self._disk.patience

    def flush(self) -> None:
        self._disk.flush()

    def read(self, run: str, first: int = 0) -> Iterator[bytes]:
        ledger = self._disk.ledgers.get(run)
        yield from ledger.records[first:] if ledger else ()

    def head(self, run: str) -> tuple[int, Digest]:
        ledger = self._disk.ledgers.get(run)
        if ledger is None or not ledger.digests:
            return -1, GENESIS
        return len(ledger.digests) - 1, ledger.digests[-1]

    def status(self, run: str) -> RunStatus | None:
        ledger = self._disk.ledgers.get(run)
        return ledger.status if ledger else None
