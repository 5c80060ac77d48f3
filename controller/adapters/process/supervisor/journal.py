"""What has the supervisor seen? One JSON object per line, appended before anybody is told.

    launched  key, input (digest), boot, secrets (whether), grace, at   written before the program starts: it may run
    started   key, pid (null for http), mark (ticks), at             the program runs, in its own group `pid`
    finished  key, class, reason, exit, signal, startedAt, endedAt, durationMs, cpuMs, maxRssKib, problems
    lost      key, reason, at                                        written by the next driver, never by a supervisor

`key` is [run, step, role, attempt]; times are milliseconds since the epoch; durations come from a clock that never jumps.
Values of secrets never get here.
"""

import errno
import json
import os
from typing import Any

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No space, no quota, or (EFBIG) no permission for a file of this size: somebody must make room."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Journal:
    """Appends whole lines or nothing."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.length = os.fstat(self._descriptor).st_size
        """Bytes that are written."""
        self._lines: list[bytes] = []

    def add(self, event: str, key: tuple[Any, ...], **members: Any) -> None:
        """Keep a line for the next `flush`."""
        self._lines.append(_encode({"event": event, "key": key, **members}).encode() + b"\n")

    def forget_last(self) -> None:
        """Take the line that was added last back."""
        self._lines.pop()

    @property
    def waiting(self) -> bool:
        """Whether lines are not written yet."""
        return bool(self._lines)

    def flush(self) -> OSError | None:
        """Write all kept lines; on an error nothing of them stays in the file, and they stay kept."""
        if not self._lines:
            return None
        content = b"".join(self._lines)
        try:
            written = os.write(self._descriptor, content)
            if written < len(content):
                os.ftruncate(self._descriptor, self.length)
                return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            return error
        self.length += written
        self._lines.clear()
        return None
