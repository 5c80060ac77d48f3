"""The state database: one SQLite file, one connection per process, and commits in groups.

Stores that write often hand over nothing at once: what they were given waits in memory, is seen by their own reads, and
is written in one short transaction by `flush`. So the records of a pass, the status, small blobs, answers and cache
entries become durable together or not at all; a full disk loses nothing (the group keeps waiting); and the write lock,
which all terminals share, is held for a fraction of a millisecond, even if the process is stopped at a bad moment.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from controller.adapters.sqlite.failures import named, named_as
from controller.adapters.sqlite.schema import STEPS, Step, migrate, refuse_newer, refuse_newer_file
from controller.adapters.sqlite.snapshot import open_copy
from controller.errors import InvariantViolated, LedgerInconsistent, StoreUnavailable
from controller.ports.clock import Clock

GROUP_MS = 10
"""How long a write may wait for others. A commit costs a fifth of a millisecond: 10 ms make it vanish, and nobody sees
them."""

BUSY_MS = 5000
"""How long to wait for other terminals. They hold the lock for less than a millisecond at a time; 5 s means trouble."""

_WAIT_S = 0.005

LONGEST_LOG = 64 * 1024 * 1024
"""Bytes that the write-ahead log keeps on disk after a checkpoint."""


class Participant(Protocol):
    """A store whose writes wait for the group's commit."""

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, inside the group's transaction."""

    def forget(self) -> None:
        """Drop what waits: it is durable now, or the group was given up."""


class Database:
    """The connection and the group of writes that wait. Not to be shared between threads, nor across a fork."""

    def __init__(self, connection: sqlite3.Connection, path: Path, clock: Clock, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._connection = connection
        self._clock = clock
        self._process = os.getpid()
        self._participants: list[Participant] = []
        self._oldest: int | None = None

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        steps: Sequence[Step] = STEPS,  # for tests of migrations
    ) -> "Database":
        """Open for reading and writing; create or migrate where needed.

        Raises StateTooNew; StoreUnavailable; DiskFull.
        """
        with named_as(f"open {path.name}", path.parent):
            refuse_newer_file(path, steps)
            connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
            try:
                refuse_newer(connection, steps, str(path))
                _use_log(connection, path)
                connection.execute("PRAGMA synchronous = FULL")
                # On macOS an ordinary fsync stops at the drive's cache; elsewhere this changes nothing.
                connection.execute("PRAGMA fullfsync = ON")
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute(f"PRAGMA journal_size_limit = {LONGEST_LOG}")
                migrate(connection, steps, str(path))
            except BaseException:
                connection.close()
                raise
        return cls(connection, path, clock, read_only=False)

    @classmethod
    def open_read_only(
        cls,
        path: Path,
        clock: Clock,
        *,
        steps: Sequence[Step] = STEPS,  # for tests of migrations
    ) -> "Database":
        """Open what is committed now, without touching a file in the folder of `path`; empty where there is nothing.

        It does not see later commits. Raises StateTooNew; StoreUnavailable.
        """
        with named_as(f"read {path.name}", path.parent):
            connection = open_copy(path)
            try:
                migrate(connection, steps, str(path))
                connection.execute("PRAGMA query_only = ON")
            except BaseException:
                connection.close()
                raise
        return cls(connection, path, clock, read_only=True)

    def join(self, participant: Participant) -> None:
        """Let a store take part in every commit, after those that joined before."""
        self._participants.append(participant)

    def wait(self) -> None:
        """Note that a participant has something that waits."""
        self._writable()
        if self._oldest is None:
            self._oldest = self._clock.monotonic()

    def flush(self) -> None:
        """Commit what waits, durably. Raises DiskFull or StoreUnavailable (all of it goes on waiting).

        Raises LedgerInconsistent when another process wrote to one of the ledgers: then the whole group is given up.
        """
        if self._oldest is None:
            return
        try:
            with self.transaction() as connection:
                for participant in self._participants:
                    participant.write(connection)
        except LedgerInconsistent:
            self._forget()
            raise
        self._forget()

    def _forget(self) -> None:
        self._oldest = None
        for participant in self._participants:
            participant.forget()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block in a transaction of its own that holds the write lock; what waits is not part of it."""
        self._writable()
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                # Not after a commit, and not where SQLite itself has rolled back.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except (sqlite3.Error, OSError) as error:
            raise named(error, f"write {self.path.name}", self.path.parent) from error

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run the block on one consistent state of what is committed."""
        self._own()
        with named_as(f"read {self.path.name}", self.path.parent):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of one query over what is committed."""
        self._own()
        try:
            return self._connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise named(error, f"read {self.path.name}", self.path.parent) from error

    def foreign_commits(self) -> int:
        """Return a number that changes whenever another process has committed."""
        return int(self.rows("PRAGMA data_version")[0][0])

    def close(self) -> None:
        """Commit what waits and close."""
        try:
            self.flush()
        finally:
            self._connection.close()

    def _own(self) -> None:
        if os.getpid() != self._process:
            raise InvariantViolated(f"{self.path} was opened before a fork: SQLite's locks do not survive one")

    def _writable(self) -> None:
        self._own()
        if self.read_only:
            raise StoreUnavailable(f"{self.path} was opened for reading only")


def _use_log(connection: sqlite3.Connection, path: Path) -> None:
    """Switch to the write-ahead log; of several processes that create the file at once only one may do it."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            # SQLite does not wait for this lock by itself.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAIT_S)
    if mode != "wal":
        raise StoreUnavailable(
            f"{path} cannot have a write-ahead log here",
            hint="the state directory must lie on a local file system",
        )
