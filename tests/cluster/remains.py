"""What did a supervisor leave that was killed itself? Its folder, whose lock nobody holds; the next start clears it.

Its programs are gone: they die with their parent. What a node left is more.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.cluster import node_remains
from tests.cluster.plan import Plan

_LOCK = "alive"
_OLD_SECONDS = 24 * 3600


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Say that the cluster of this folder lives."""
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def alive(folder: Path) -> bool:
    """Whether a supervisor holds this folder."""
    try:
        with (folder / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


def clear(home: Path) -> None:
    """Take away what is left of clusters that nobody keeps any more."""
    for entry in home.iterdir():
        if entry.is_file() and entry.stat().st_mtime < time.time() - _OLD_SECONDS:
            entry.unlink(missing_ok=True)
        elif (entry / _LOCK).exists() and not alive(entry):
            with suppress(OSError, ValueError):
                node_remains.clear(Plan.decode((entry / "plan.json").read_text()))
            shutil.rmtree(entry, ignore_errors=True)
