"""Ledgers as rows: the newest records one by one, older ones sealed into shards, and the status beside them."""

import sqlite3
from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from controller.adapters.sqlite.database import GROUP_MS, Database
from controller.errors import LedgerInconsistent, StoreUnavailable
from controller.machine.shard import Shard, seal, unseal
from controller.model.digest import Digest
from controller.model.record import GENESIS
from controller.model.run import RunStatus
from controller.ports.ledger_store import Write

LONGEST_TAIL = 128
"""Records that stay rows. Beyond it all but the newest SHORTEST_TAIL are sealed; compressed, they take a tenth."""

SHORTEST_TAIL = 64

_NOTHING = (0, GENESIS)


class _Waiting:
    """What was appended to one ledger and waits for the group's commit."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.records: list[bytes] = []
        self.head: Digest = GENESIS
        self.status: RunStatus | None = None

    @property
    def next(self) -> int:
        return self.first + len(self.records)


class SqliteLedgerStore:
    """LedgerStore over the state database. Of several statuses in one group only the last is written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, _Waiting] = {}
        database.join(self)

    def append(self, writes: Sequence[Write]) -> None:
        ends: dict[str, int] = {}
        for write in writes:
            expected = ends.get(write.run)
            if expected is None:
                expected = self._next(write.run)
            if write.first != expected:
                raise _foreign(write.run, expected, write.first)
            if len(write.records) != len(write.digests):
                raise LedgerInconsistent(
                    f"{len(write.records)} records of run {write.run} with {len(write.digests)} digests"
                )
            ends[write.run] = expected + len(write.records)
        if writes:
            self._database.wait()
        for write in writes:
            waiting = self._waiting.get(write.run)
            if waiting is None:
                waiting = self._waiting[write.run] = _Waiting(write.first)
                waiting.head = self._end(write.run)[1]
            waiting.records.extend(write.records)
            if write.digests:
                waiting.head = write.digests[-1]
            waiting.status = write.status

    def patience(self) -> int:
        return GROUP_MS

    def flush(self) -> None:
        self._database.flush()

    def read(self, run: str, first: int = 0) -> Iterator[bytes]:
        position = first
        while True:
            batch, position = self._batch(run, position)
            if not batch:
                return
            yield from batch

    def head(self, run: str) -> tuple[int, Digest]:
        waiting = self._waiting.get(run)
        following, head = (waiting.next, waiting.head) if waiting else self._end(run)
        return following - 1, head

    def status(self, run: str) -> RunStatus | None:
        waiting = self._waiting.get(run)
        if waiting:
            return waiting.status
        rows = self._database.rows("SELECT status FROM ledgers WHERE run = ?", (run,))
        return parse_status(run, rows[0][0]) if rows else None

    def size(self, run: str) -> int:
        """Return the bytes that the committed records of a run take."""
        query = "SELECT coalesce(sum(length(content)), 0) FROM {} WHERE run = ?"
        return sum(int(self._database.rows(query.format(table), (run,))[0][0]) for table in ("records", "shards"))

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, inside the group's transaction."""
        for run, waiting in self._waiting.items():
            row = connection.execute("SELECT next, head, tail FROM ledgers WHERE run = ?", (run,)).fetchone()
            stored, head, tail = row or (*_NOTHING, 0)
            # Otherwise a commit that was reported as failed had succeeded.
            if (stored, head) != (waiting.next, waiting.head):
                if stored != waiting.first:
                    raise _foreign(run, stored, waiting.first)
                connection.executemany(
                    "INSERT INTO records (run, seq, content) VALUES (?, ?, ?)",
                    [(run, seq, content) for seq, content in enumerate(waiting.records, waiting.first)],
                )
            if waiting.next - tail > LONGEST_TAIL:
                tail = _seal(connection, run, tail, waiting.next - SHORTEST_TAIL)
            assert waiting.status is not None
            connection.execute(
                "INSERT INTO ledgers (run, next, head, tail, status) VALUES (?, ?, ?, ?, ?) ON CONFLICT (run) DO UPDATE"
                " SET next = excluded.next, head = excluded.head, tail = excluded.tail, status = excluded.status",
                (run, waiting.next, waiting.head, tail, status_bytes(waiting.status)),
            )

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting.clear()

    def _next(self, run: str) -> int:
        waiting = self._waiting.get(run)
        return waiting.next if waiting else self._end(run)[0]

    def _end(self, run: str) -> tuple[int, Digest]:
        rows = self._database.rows("SELECT next, head FROM ledgers WHERE run = ?", (run,))
        return rows[0] if rows else _NOTHING

    def _batch(self, run: str, position: int) -> tuple[Sequence[bytes], int]:
        """Return some records from `position` on (the rest of a shard, or all rows, or what waits) and where they end.

        A damaged ledger with a gap is given as it is: to tell about it is the business of who verifies.
        """
        waiting = self._waiting.get(run)
        if waiting and position >= waiting.first:
            return waiting.records[position - waiting.first :], waiting.next
        # One transaction: between two queries another process might seal.
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT first, last, digest, content FROM shards WHERE run = ? AND last >= ? ORDER BY last LIMIT 1",
                (run, position),
            ).fetchone()
            if row:
                shard = Shard(*row)
                return unseal(shard)[max(position - shard.first, 0) :], shard.last + 1
            rows = connection.execute(
                "SELECT content, seq FROM records WHERE run = ? AND seq >= ? ORDER BY seq", (run, position)
            ).fetchall()
        if rows:
            return [content for content, _ in rows], rows[-1][1] + 1
        return (waiting.records, waiting.next) if waiting else ((), position)


def status_bytes(status: RunStatus) -> bytes:
    """Return the status as it is stored: JSON, without what is absent or as by default."""
    return status.__pydantic_serializer__.to_json(status, by_alias=True, exclude_defaults=True)


def parse_status(run: str, content: bytes) -> RunStatus:
    """Return the status that `status_bytes` wrote. Raises StoreUnavailable when it is damaged."""
    try:
        return RunStatus.model_validate_json(content)
    except ValidationError as error:
        raise StoreUnavailable(f"the stored status of run {run} is damaged: {error}") from error


def _seal(connection: sqlite3.Connection, run: str, first: int, end: int) -> int:
    """Turn the rows from `first` to before `end` into a shard and return where the tail begins now."""
    rows = connection.execute(
        "SELECT content FROM records WHERE run = ? AND seq < ? ORDER BY seq", (run, end)
    ).fetchall()
    shard = seal(first, [content for (content,) in rows])
    connection.execute("INSERT INTO shards (run, first, last, digest, content) VALUES (?, ?, ?, ?, ?)", (run, *shard))
    connection.execute("DELETE FROM records WHERE run = ? AND seq < ?", (run, end))
    return shard.last + 1


def _foreign(run: str, stored: int, given: int) -> LedgerInconsistent:
    return LedgerInconsistent(f"the next record of run {run} is {stored}, not {given}: another process wrote to it")
