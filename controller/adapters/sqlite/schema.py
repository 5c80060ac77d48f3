"""How the state database is laid out, and how an older one becomes the current one."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from controller.errors import StateTooNew

Step = Sequence[str]
"""Statements that lead from one version to the next; run in one transaction together with the new version number."""

STEPS: Sequence[Step] = (
    (
        # What was asked for. The row id keeps the order of creation where clocks do not.
        """CREATE TABLE runs (
            id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, root TEXT NOT NULL, parent TEXT,
            created_at INTEGER NOT NULL, spec BLOB NOT NULL) STRICT""",
        "CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL",
        # One row per ledger: where it ends, where its tail begins, and the status after its last record.
        """CREATE TABLE ledgers (
            run TEXT PRIMARY KEY, next INTEGER NOT NULL, head TEXT NOT NULL, tail INTEGER NOT NULL,
            status BLOB NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE records (
            run TEXT NOT NULL, seq INTEGER NOT NULL, content BLOB NOT NULL,
            PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE shards (
            run TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, digest TEXT NOT NULL,
            content BLOB NOT NULL, PRIMARY KEY (run, last)) STRICT""",
        # Small blobs; large ones are files.
        """CREATE TABLE blobs (
            digest TEXT PRIMARY KEY, content BLOB NOT NULL, stored_at INTEGER NOT NULL) STRICT""",
        # AUTOINCREMENT: an id is never given twice, even after its row was deleted.
        """CREATE TABLE decisions (
            id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
            answered INTEGER NOT NULL DEFAULT 0, record INTEGER, refusal TEXT) STRICT""",
        "CREATE INDEX decisions_by_run ON decisions (run, answered)",
        """CREATE TABLE cache (
            key TEXT PRIMARY KEY, output_digest TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL,
            stored_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, hits INTEGER NOT NULL DEFAULT 0,
            last_hit_at INTEGER, used INTEGER NOT NULL) STRICT""",
        "CREATE INDEX cache_by_use ON cache (used)",
        """CREATE TABLE slots (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL,
            role TEXT NOT NULL, attempt INTEGER NOT NULL, UNIQUE (key, run, step, role, attempt)) STRICT""",
        "CREATE INDEX slots_by_run ON slots (run)",
        """CREATE TABLE definitions (
            kind TEXT NOT NULL, owner TEXT NOT NULL, organization TEXT NOT NULL, name TEXT NOT NULL,
            version TEXT NOT NULL, lifecycle TEXT NOT NULL, resource TEXT NOT NULL, files TEXT NOT NULL,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
            PRIMARY KEY (kind, owner, organization, name, version)) STRICT""",
    ),
)
"""From version n to n + 1, in order; an empty file is version 0. Never change a step that was released: add one."""


_MAGIC = b"SQLite format 3\0"
_VERSION, _HEADER = 60, 64
"""Where a database file has its `user_version` (SQLite file format, section 1.3)."""


def refuse_newer(connection: sqlite3.Connection, steps: Sequence[Step], path: str) -> int:
    """Return the version of the database. Raises StateTooNew when this Libretto does not know it."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    _refuse(version, steps, path)
    return int(version)


def refuse_newer_file(path: Path, steps: Sequence[Step]) -> None:
    """Look at the version without SQLite, which would make side files. Raises StateTooNew; OSError."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except FileNotFoundError:
        return
    if len(header) == _HEADER and header.startswith(_MAGIC):
        _refuse(int.from_bytes(header[_VERSION:_HEADER], "big"), steps, str(path))


def _refuse(version: int, steps: Sequence[Step], path: str) -> None:
    if version > len(steps):
        raise StateTooNew(
            f"{path} has schema version {version}; this Libretto knows versions up to {len(steps)}",
            hint="use the Libretto that wrote it or a newer one, or name another folder with --state-dir",
        )


def migrate(connection: sqlite3.Connection, steps: Sequence[Step], path: str) -> None:
    """Bring the database to the current version, one transaction per step; another process may do the same at once."""
    older = False
    while refuse_newer(connection, steps, path) < len(steps):
        older = True
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Asked again now that nobody else can write.
            version = refuse_newer(connection, steps, path)
            for statement in steps[version] if version < len(steps) else ():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {min(version + 1, len(steps))}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    if older:
        # Into the file itself, where an older Libretto sees it without opening the database.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
