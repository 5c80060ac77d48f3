"""Has the program ended, and how far does it say it is meanwhile?"""

import os
import signal
from collections.abc import Callable

from controller.entrypoints.courier.folders import below, entered, opened

ENDS = frozenset({signal.SIGTERM, signal.SIGINT})
"""The kubelet sends SIGTERM when all programs of the pod have ended, or when the pod must end."""

INTERVAL_S = 1.0
"""Seconds between two looks at the progress: a look costs 20 microseconds, for days if need be."""

LONGEST = 64
"""Bytes of `progress` that are read: two numbers and a slash."""

State = tuple[int, int, int]


class ProgressFile:
    """The file `progress` (`n/m`) in the attempt's directory."""

    def __init__(self, directory: str) -> None:
        self._parent, _, self._name = directory.rpartition("/")
        self._path = directory + "/progress"
        self._seen: State | None = None
        self._last = (-1, -1)

    def changed(self) -> tuple[int, int] | None:
        """Return how far the program is, if it says something new."""
        try:
            found = os.lstat(self._path)
            state = found.st_ino, found.st_mtime_ns, found.st_size
            if state == self._seen:
                return None
            with entered(self._parent) as top, below(top, [self._name]) as step, opened(step, "progress") as (file, _):
                done, _, total = os.read(file, LONGEST).partition(b"/")
        except OSError:
            return None  # it has not said anything yet
        self._seen = state
        # The program may just be rewriting it.
        if not (done.strip().isdigit() and total.strip().isdigit()):
            return None
        now = int(done), int(total)
        if now == self._last:
            return None
        self._last = now
        return now


def until_end(progress: ProgressFile, tell: Callable[[int, int], None]) -> None:
    """Return when a signal says so; ENDS must be blocked. `tell` hears of each progress, once a second at most."""
    while signal.sigtimedwait(ENDS, INTERVAL_S) is None:
        news = progress.changed()
        if news is not None:
            tell(*news)
