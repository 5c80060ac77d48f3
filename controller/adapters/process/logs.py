"""What has an attempt printed, from its last lines on, and what comes after?"""

import codecs
import os
from pathlib import Path

from controller.adapters.process.border import storing

CHUNK = 1 << 16


class LogTail:
    """Reads a log while it grows: call `read` as often as wanted. A log that does not exist yet is an empty one."""

    def __init__(self, path: Path, last_lines: int | None = None) -> None:
        """Begin at the last `last_lines` lines; None: at the beginning. Raises StoreUnavailable."""
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with storing(f"cannot read {path}"):
            self._offset = 0 if last_lines is None else _start_of(path, last_lines)

    def read(self, most: int = 1 << 20) -> str:
        """Return what is new, at most about `most` bytes of it; empty when nothing is. Raises StoreUnavailable.

        Bytes that are no UTF-8 become U+FFFD; a character whose second half is not there yet comes next time.
        """
        with storing(f"cannot read {self._path}"):
            try:
                with self._path.open("rb") as file:
                    file.seek(self._offset)
                    content = file.read(most)
            except FileNotFoundError:
                return ""
        self._offset += len(content)
        return self._decoder.decode(content)


def _start_of(path: Path, lines: int) -> int:
    """Return the offset at which the last `lines` lines begin, reading from the end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        end = position = os.fstat(descriptor).st_size
        if lines <= 0:
            return end
        wanted = lines
        while position:
            start = max(0, position - CHUNK)
            chunk = os.pread(descriptor, position - start, start)
            if position == end and chunk.endswith(b"\n"):
                wanted += 1  # the last line's own end
            found = chunk.count(b"\n")
            if found >= wanted:
                place = len(chunk)
                for _ in range(wanted):
                    place = chunk.rindex(b"\n", 0, place)
                return start + place + 1
            wanted -= found
            position = start
        return 0
    finally:
        os.close(descriptor)
