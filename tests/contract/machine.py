"""Machines that the contract suites work on: a real state directory, and a pretended one. Same verbs on both."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from controller.adapters.sqlite import LocalStores
from controller.model.digest import Digest
from controller.ports.blob_store import BlobStore
from controller.ports.decision_source import DecisionSource
from controller.ports.ledger_store import LedgerStore
from controller.ports.object_store import ObjectStore
from controller.ports.result_cache import ResultCache
from controller.ports.slot_pool import SlotPool
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.clock import SettableClock
from tests.fakes.decision_source import InMemoryDecisionSource
from tests.fakes.disk import Disk
from tests.fakes.ledger_store import InMemoryLedgerStore
from tests.fakes.object_store import InMemoryObjectStore
from tests.fakes.result_cache import InMemoryResultCache
from tests.fakes.slot_pool import InMemorySlotPool

ROOT = Path(__file__).resolve().parents[2]


class Stores(Protocol):
    """The stores of one process."""

    @property
    def blobs(self) -> BlobStore: ...
    @property
    def ledger(self) -> LedgerStore: ...
    @property
    def objects(self) -> ObjectStore: ...
    @property
    def decisions(self) -> DecisionSource: ...
    @property
    def cache(self) -> ResultCache: ...
    @property
    def slots(self) -> SlotPool: ...


Scenario = Callable[[Stores], None]


class Machine(Protocol):
    """A state directory with the stores of this process over it."""

    stores: Stores
    dead: set[str]
    """Roots of run trees that nobody drives; all others are alive."""

    def crash(self, scenario: Scenario) -> None:
        """Run a function of `scenarios.py` in a process that is killed at its end; `stores` are new ones afterwards."""

    def another(self) -> Stores:
        """Return the stores of a second process."""

    def full(self) -> AbstractContextManager[None]:
        """Leave no space for commits within the block."""

    def write_file(self, content: bytes) -> str:
        """Return the location of a new file outside of the stores."""

    def read_file(self, location: str) -> bytes: ...

    def new_location(self) -> str: ...

    def damage(self, digest: Digest) -> None:
        """Change the stored bytes of a blob."""

    def close(self) -> None: ...


class InMemoryStores(NamedTuple):
    blobs: InMemoryBlobStore
    ledger: InMemoryLedgerStore
    objects: InMemoryObjectStore
    decisions: InMemoryDecisionSource
    cache: InMemoryResultCache
    slots: InMemorySlotPool


class PretendedMachine:
    def __init__(self, _: Path) -> None:
        self.disk = Disk()
        self.dead: set[str] = set()
        self.stores: Stores = self.another()

    def another(self) -> Stores:
        disk = self.disk
        return InMemoryStores(
            InMemoryBlobStore(disk),
            InMemoryLedgerStore(disk),
            InMemoryObjectStore(disk),
            InMemoryDecisionSource(disk),
            InMemoryResultCache(disk),
            InMemorySlotPool(disk, lambda root: root not in self.dead),
        )

    def crash(self, scenario: Scenario) -> None:
        scenario(self.stores)
        self.disk.crash()
        self.stores = self.another()

    @contextmanager
    def full(self) -> Iterator[None]:
        self.disk.full = True
        yield
        self.disk.full = False

    def write_file(self, content: bytes) -> str:
        location = self.new_location()
        self.disk.files[location] = content
        return location

    def read_file(self, location: str) -> bytes:
        return self.disk.files[location]

    def new_location(self) -> str:
        return f"file-{len(self.disk.files)}"

    def damage(self, digest: Digest) -> None:
        self.disk.blobs[digest] = b"x" * len(self.disk.blobs[digest])

    def close(self) -> None:
        """There is nothing to close."""


class RealMachine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir()
        self.dead: set[str] = set()
        self.clock = SettableClock()
        self._opened: list[LocalStores] = []
        self._files = 0
        self.local = self._open()
        self.stores: Stores = self.local

    def _open(self) -> LocalStores:
        stores = LocalStores.open(self.state, self.clock, lambda root: root not in self.dead)
        self._opened.append(stores)
        return stores

    def another(self) -> Stores:
        return self._open()

    def crash(self, scenario: Scenario) -> None:
        self.close()
        status = elsewhere(self.state, scenario, kill=True)
        assert status == -signal.SIGKILL
        self.local = self._open()
        self.stores = self.local

    @contextmanager
    def full(self) -> Iterator[None]:
        connection = self.local.database._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        yield
        connection.execute("PRAGMA max_page_count = 1073741823")

    def write_file(self, content: bytes) -> str:
        location = self.new_location()
        Path(location).write_bytes(content)
        return location

    def read_file(self, location: str) -> bytes:
        return Path(location).read_bytes()

    def new_location(self) -> str:
        self._files += 1
        return str(self.folder / f"file-{self._files}")

    def damage(self, digest: Digest) -> None:
        with self.local.database.transaction() as connection:
            connection.execute("UPDATE blobs SET content = zeroblob(length(content)) WHERE digest = ?", (digest,))
        file = self.state / "blobs" / digest[7:9] / digest[9:]
        if file.exists():
            file.write_bytes(b"x" * file.stat().st_size)

    def close(self) -> None:
        while self._opened:
            self._opened.pop().close()


def elsewhere(state: Path, scenario: Scenario, *, kill: bool = False) -> int:
    """Run a function of `scenarios.py` in another process and return its exit status."""
    command = [sys.executable, "-m", "tests.contract.process", str(state), scenario.__name__, str(int(kill))]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=60).returncode
