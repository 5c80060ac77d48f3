"""Which of our errors is an error of the operating system?"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import DiskFull, RunnerUnavailable, StoreUnavailable, Transient

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space, no quota, or (EFBIG) no permission for a file of this size: somebody must make room."""


def translated(error: OSError, doing: str, family: type[Transient] = StoreUnavailable) -> Transient:
    """Return the error to raise `from error`; `doing` says what was tried, e.g. `cannot prepare load[3]`."""
    if error.errno in NO_SPACE:
        return DiskFull(f"{doing}: no space left", hint="free some space, then resume the run")
    return family(f"{doing}: {error.strerror or type(error).__name__}")


@contextmanager
def storing(doing: str) -> Iterator[None]:
    """Let OSError out as StoreUnavailable or DiskFull."""
    try:
        yield
    except OSError as error:
        raise translated(error, doing) from error


@contextmanager
def supervising(doing: str) -> Iterator[None]:
    """Let OSError out as RunnerUnavailable or DiskFull."""
    try:
        yield
    except OSError as error:
        raise translated(error, doing, RunnerUnavailable) from error
