"""How far do running attempts say they are?"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from controller.adapters.process.layout import PROGRESS, attempt_directory
from controller.model.attempt import AttemptKey, Progress

INTERVAL_S = 0.25
"""Seconds between two looks at the files: often enough for a bar, and a thousand looks take a millisecond."""

LONGEST = 64
"""Bytes of `progress` that are read: two numbers and a slash."""


class ProgressFiles:
    """The `progress` files (`n/m`) of running attempts."""

    def __init__(self, run_directory: Path) -> None:
        self._root = os.fspath(run_directory)
        self._running: dict[AttemptKey, tuple[str, tuple[int, int]]] = {}
        self._next = 0.0

    def follow(self, key: AttemptKey) -> None:
        """Look at this attempt from now on."""
        self._running[key] = (f"{self._root}/{attempt_directory(key)}/{PROGRESS}", (-1, -1))

    def last(self, key: AttemptKey) -> Iterator[Progress]:
        """Look once more, and then no longer."""
        if key in self._running:
            yield from self._look(key)
            del self._running[key]

    def until_next(self, longest: float) -> float:
        """Return the seconds until the next look, at most `longest`."""
        return min(longest, max(0.0, self._next - time.monotonic())) if self._running else longest

    def changed(self) -> Iterator[Progress]:
        """Yield what changed, if it is time to look."""
        now = time.monotonic()
        if self._running and now >= self._next:
            self._next = now + INTERVAL_S
            for key in self._running:
                yield from self._look(key)

    def _look(self, key: AttemptKey) -> Iterator[Progress]:
        path, before = self._running[key]
        now = said(path)
        if now is not None and now != before:
            self._running[key] = (path, now)
            yield Progress(key, *now)


def said(path: str) -> tuple[int, int] | None:
    """Return what a `progress` file says: done, total; None where it says nothing that makes sense."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None  # it has not said anything yet
    try:
        done, _, total = os.read(descriptor, LONGEST).partition(b"/")
    except OSError:
        return None  # not a file: nothing that could be shown
    finally:
        os.close(descriptor)
    # The program may just be rewriting it.
    return (int(done), int(total)) if done.strip().isdigit() and total.strip().isdigit() else None
