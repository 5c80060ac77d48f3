"""What a failure is called."""

import errno
import os
import resource
import sqlite3
from pathlib import Path

import pytest

from controller.adapters.sqlite.failures import ALMOST_NOTHING, named, named_as
from controller.errors import DiskFull, StoreUnavailable

ERRORS: dict[str, tuple[sqlite3.Error | OSError, type[Exception]]] = {
    "no space": (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), DiskFull),
    "no quota": (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), DiskFull),
    "a limit on the size of files": (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), DiskFull),
    "no permission": (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), StoreUnavailable),
    "an error of the module itself": (sqlite3.ProgrammingError("closed"), StoreUnavailable),
}


@pytest.mark.parametrize(("error", "class_"), ERRORS.values(), ids=ERRORS)
def test_names(tmp_path: Path, error: sqlite3.Error | OSError, class_: type[Exception]) -> None:
    ours = named(error, "write state.db", tmp_path)
    assert type(ours) is class_
    assert "write state.db" in ours.message


@pytest.mark.parametrize(
    ("code", "class_"),
    [
        (sqlite3.SQLITE_FULL, DiskFull),
        (sqlite3.SQLITE_IOERR_WRITE, StoreUnavailable),
        (sqlite3.SQLITE_CORRUPT, StoreUnavailable),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreUnavailable),
    ],
)
def test_names_of_what_sqlite_reports(tmp_path: Path, code: int, class_: type[Exception]) -> None:
    error = sqlite3.OperationalError("reported")
    error.sqlite_errorcode = code
    assert type(named(error, "write state.db", tmp_path)) is class_


def test_a_real_device_without_space() -> None:
    with (
        pytest.raises(DiskFull) as failure,
        named_as("store a blob", Path("/dev")),
        Path("/dev/full").open("wb", buffering=0) as stream,
    ):
        stream.write(b"x")
    assert isinstance(failure.value.__cause__, OSError)


def test_an_input_error_where_nothing_can_be_written_is_a_full_disk(tmp_path: Path) -> None:
    """SQLite has no better word when its shared-memory file cannot grow, or a quota or limit is reached."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert type(named(error, "write state.db", tmp_path)) is StoreUnavailable
    (tmp_path / "state.db").write_bytes(bytes(ALMOST_NOTHING))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * ALMOST_NOTHING - 1, hard))
    try:
        assert type(named(error, "write state.db", tmp_path)) is DiskFull
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * ALMOST_NOTHING, hard))
        assert type(named(error, "write state.db", tmp_path)) is StoreUnavailable
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert type(named(error, "write state.db", tmp_path / "gone")) is StoreUnavailable


def test_a_folder_that_cannot_be_written_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
    assert "unable to open database file" in named(error, "open state.db", tmp_path).message
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (tmp_path, os.W_OK))
    ours = named(error, "open state.db", tmp_path)
    assert ours.message == f"cannot open state.db in {tmp_path}: the folder cannot be written"
    assert ours.hint == "name a writable folder with --state-dir"
