"""What a failure of disk or database is called where nobody knows SQLite."""

import errno
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import DiskFull, StoreUnavailable

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space, no quota, or (EFBIG) no permission for a file of this size: somebody must make room."""

ALMOST_NOTHING = 64 * 1024
"""Bytes. SQLite reports some shortages (a quota, its shared-memory file, fsync) as plain I/O errors; where so little
cannot be written the reason is the disk."""

_CLOSED = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
"""What SQLite says where it may not make its side files, or not write at all."""

_ANOTHER_FOLDER = "name a writable folder with --state-dir"

_FREE_SPACE = "free some space, then: libretto resume"


def named(error: sqlite3.Error | OSError, what: str, where: Path) -> DiskFull | StoreUnavailable:
    """Return our error for `error`, met while doing `what` in the folder `where`; the caller raises it `from error`."""
    if isinstance(error, OSError):
        full = error.errno in NO_SPACE
        said = error.strerror or str(error)
    else:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        full = code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _nothing_left(where))
        said = str(error)
        if code in _CLOSED and where.is_dir() and not os.access(where, os.W_OK):
            return StoreUnavailable(f"cannot {what} in {where}: the folder cannot be written", hint=_ANOTHER_FOLDER)
    if full:
        return DiskFull(f"cannot {what} in {where}: no space left", hint=_FREE_SPACE)
    return StoreUnavailable(f"cannot {what} in {where}: {said}")


@contextmanager
def named_as(what: str, where: Path) -> Iterator[None]:
    """Let only errors of ours out of the block."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise named(error, what, where) from error


def _nothing_left(where: Path) -> bool:
    """Whether almost nothing can be written any more: by the disk, a quota, or a limit on the size of files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if limit != resource.RLIM_INFINITY:
            largest = max((path.stat().st_size for path in where.iterdir()), default=0)
            if largest + ALMOST_NOTHING > limit:
                return True
        with tempfile.TemporaryFile(dir=where, buffering=0) as probe:
            return probe.write(bytes(ALMOST_NOTHING)) < ALMOST_NOTHING
    except OSError as error:
        return error.errno in NO_SPACE
