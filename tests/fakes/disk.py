"""What the fake stores share: durable content, and what would not survive a crash right now."""

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.errors import DiskFull
from controller.model.attempt import AttemptKey
from controller.model.decision import Answer, Command, Decision
from controller.model.digest import Digest
from controller.model.run import RunSpec, RunStatus
from controller.ports.object_store import Published
from controller.ports.result_cache import CacheEntry


@dataclass
class Ledger:
    records: list[bytes] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    status: RunStatus | None = None


class Disk:
    """State of one pretended machine.

    Writes of the group take effect at once and are taken back by `crash` unless `flush` came between. To reopen after a
    crash, make new stores over the same disk. All stores over one disk at one time are one process.
    """

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.runs: dict[str, RunSpec] = {}
        self.definitions: dict[tuple[str, ...], Published] = {}
        self.decisions: dict[int, Decision | Command] = {}
        self.last_decision = 0
        self.answers: dict[int, Answer] = {}
        self.cache: dict[Digest, tuple[CacheEntry, int]] = {}
        """Entry and the number of its last use."""
        self.uses = 0
        self.places: dict[str, list[AttemptKey]] = {}
        self.files: dict[str, bytes] = {}
        """Files outside the store, by location: what `put_file` reads and `place` writes."""
        self.full = False
        """True: every commit raises DiskFull; what waits goes on waiting."""
        self.patience = 10
        """How many changes may wait before `due` asks for a flush."""
        self.flushes = 0
        """Commits of groups so far."""
        self._undo: list[Callable[[], object]] = []

    @property
    def waiting(self) -> int:
        """Number of changes that a crash would take back."""
        return len(self._undo)

    def change(self, undo: Callable[[], object]) -> None:
        """Note how to take back a change that was just made."""
        self._undo.append(undo)

    def flush(self) -> None:
        if self._undo:
            self.commit()
            self._undo.clear()
            self.flushes += 1

    def commit(self) -> None:
        """Stand for a transaction of its own, which a full disk refuses."""
        if self.full:
            raise DiskFull("no space left on the pretended disk")

    def crash(self) -> None:
        """Lose everything that was not flushed."""
        while self._undo:
            self._undo.pop()()
