"""Who drives a run tree: whoever holds the lock of a file. The kernel gives it back when the process ends, however."""

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from controller.errors import Busy, DiskFull, StoreUnavailable

LOCK = "driver.lock"

_PROBES = 50
_PROBE_S = 0.001
"""`held` takes a shared lock for microseconds. A driver that meets it asks again for up to 50 ms before it believes that
somebody drives, unless the process that the file names is there."""


class FileLockLeadership:
    """Leadership by `flock` on `<runs>/<root>/driver.lock`, which holds the process id of the driver.

    The folder of the tree is made when it is not there. A forked child would share the lock; one that executes another
    program does not (Python closes the file on exec).
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._held: dict[str, int] = {}

    def acquire(self, root: str) -> None:
        if root in self._held:
            return
        path = self._path(root)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = self._lock(path, root)
            try:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            except OSError:
                os.close(descriptor)
                raise
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise DiskFull(f"cannot lock run {root}: no space left", hint="free some space") from error
            raise StoreUnavailable(f"cannot lock run {root}: {error}") from error
        self._held[root] = descriptor

    def release(self, root: str) -> None:
        descriptor = self._held.pop(root, None)
        if descriptor is not None:
            with suppress(OSError):  # The name of a driver that is gone misleads nobody: the lock decides.
                os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def claimed(self, run: str) -> bool:  # noqa: ARG002
        return bool(self._held)  # the lock keeps everybody else out

    def claim(self, run: str) -> None:
        """The lock is the mark."""

    def held(self, root: str) -> bool:
        if root in self._held:
            return True
        try:
            descriptor = os.open(self._path(root), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreUnavailable(f"cannot see who drives run {root}: {error}") from error
        try:
            return not _try(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def _lock(self, path: Path, root: str) -> int:
        """Return the descriptor of the locked file. Raises Busy; OSError."""
        for _ in range(_PROBES):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _try(descriptor, fcntl.LOCK_EX):
                if _is_still(path, descriptor):
                    return descriptor
                os.close(descriptor)  # The folder was removed meanwhile; a lock without a name keeps nobody out.
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                continue
            driver = _read_process(descriptor)
            os.close(descriptor)
            if driver is not None and _exists(driver):
                raise Busy(
                    f"run {root} is driven by process {driver}",
                    hint="decide and command from here as you like; it will see it",
                )
            time.sleep(_PROBE_S)
        raise Busy(f"run {root} is driven by another process")

    def _path(self, root: str) -> Path:
        return self._runs / root / LOCK


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(descriptor))


def _read_process(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
