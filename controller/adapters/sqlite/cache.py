"""Outputs of earlier attempts as rows, the least recently used dropped."""

import sqlite3

from controller.adapters.sqlite.database import Database
from controller.model.digest import Digest
from controller.ports.result_cache import CacheEntry

MOST_ENTRIES = 2000
"""Entries kept; the number that the replaced system kept, so that hit rates do not fall by moving here."""

_ENTRY = "key, output_digest, run, step, stored_at, expires_at"

_PUT = (
    f"INSERT INTO cache ({_ENTRY}, used) VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(used), 0) + 1 FROM cache))"  # noqa: S608
    " ON CONFLICT DO UPDATE SET output_digest = excluded.output_digest, run = excluded.run, step = excluded.step,"
    " stored_at = excluded.stored_at, expires_at = excluded.expires_at, hits = 0, last_hit_at = NULL,"
    " used = excluded.used"
)

_HIT = (
    "UPDATE cache SET hits = hits + 1, last_hit_at = ?, used = (SELECT max(used) + 1 FROM cache)"
    " WHERE key = ? AND expires_at > ?"
)

_DROP = "DELETE FROM cache WHERE used <= (SELECT used FROM cache ORDER BY used DESC LIMIT 1 OFFSET ?)"


class SqliteResultCache:
    """ResultCache over the state database. New entries and hits are committed with the group."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries: dict[Digest, CacheEntry] = {}
        self._waiting: list[CacheEntry | tuple[Digest, int]] = []
        database.join(self)

    def get(self, key: Digest, now: int) -> CacheEntry | None:
        entry = self._entries.get(key)
        if entry is None:
            rows = self._database.rows(f"SELECT {_ENTRY} FROM cache WHERE key = ?", (key,))  # noqa: S608
            entry = CacheEntry(*rows[0]) if rows else None
        if entry is None or entry.expires_at <= now:
            return None
        # A dry run looks without leaving a trace.
        if not self._database.read_only:
            self._database.wait()
            self._waiting.append((key, now))
        return entry

    def put(self, entry: CacheEntry) -> None:
        self._database.wait()
        self._entries[entry.key] = entry
        self._waiting.append(entry)

    def outputs(self) -> list[Digest]:
        """Return the digests of all committed entries' outputs, for whoever removes blobs."""
        return [digest for (digest,) in self._database.rows("SELECT output_digest FROM cache")]

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, inside the group's transaction."""
        for change in self._waiting:
            if isinstance(change, CacheEntry):
                connection.execute(_PUT, change)
            else:
                key, now = change
                connection.execute(_HIT, (now, key, now))
        if self._entries:
            connection.execute(_DROP, (MOST_ENTRIES,))

    def forget(self) -> None:
        """Drop what waits."""
        self._entries.clear()
        self._waiting.clear()
