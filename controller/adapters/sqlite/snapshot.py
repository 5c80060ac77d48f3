"""How to read a database that others may be writing, without changing a byte in its folder.

An ordinary read-only connection makes side files (`-wal`, `-shm`) or takes locks in one. So the files are copied to a
temporary folder and opened there. A copy is consistent when the log was not started anew meanwhile: every page that a
checkpoint moved into the database while it was copied is then still in the copied log, which wins; and a torn end of the
log fails its checksum and counts as not written.
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import NamedTuple

from controller.errors import StoreUnavailable

MOST_TRIES = 20
"""A log starts anew after about 1,000 pages; twenty copies that all met such a moment mean that something is wrong."""

_LOG_HEADER = 32
"""Bytes, with the salts that change whenever the log starts anew (SQLite file format, section 4.1)."""


class _Mark(NamedTuple):
    """What must not change while the files are copied."""

    log: bytes
    database: tuple[int, int, int] | None
    """Only where there is no log: then nothing but the file itself tells of a change."""


def open_copy(path: Path) -> sqlite3.Connection:
    """Return a connection to a private copy of the database at `path`; to an empty one where there is none.

    The copy has no name any more when this returns, so nothing is left behind, however the process ends. Not for a
    process that has the database open otherwise: closing a file drops the POSIX locks of the whole process.
    """
    with tempfile.TemporaryDirectory(prefix="libretto-") as folder:
        copy = Path(folder) / "state.db"
        _copy_consistently(path, copy)
        connection = sqlite3.connect(copy, isolation_level=None)
        try:
            # Moves the copied log into the copied database, and needs no side file from then on.
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            connection.execute("PRAGMA journal_mode = MEMORY").fetchone()
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA user_version").fetchone()
        except BaseException:
            connection.close()
            raise
    return connection


def _copy_consistently(path: Path, copy: Path) -> None:
    log, copied_log = path.with_name(path.name + "-wal"), copy.with_name(copy.name + "-wal")
    for _ in range(MOST_TRIES):
        before = _mark(path, log)
        if _copy(path, copy):
            _copy(log, copied_log)
        if _mark(path, log) == before:
            return
        copy.unlink(missing_ok=True)
        copied_log.unlink(missing_ok=True)
    raise StoreUnavailable(f"{path} changes too fast to be read without touching it", hint="try again")


def _mark(path: Path, log: Path) -> _Mark:
    try:
        with log.open("rb") as stream:
            header = stream.read(_LOG_HEADER)
    except FileNotFoundError:
        header = b""
    if header:
        return _Mark(header, None)
    try:
        found = path.stat()
    except FileNotFoundError:
        return _Mark(b"", None)
    return _Mark(b"", (found.st_ino, found.st_size, found.st_mtime_ns))


def _copy(source: Path, target: Path) -> bool:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return False
    return True
