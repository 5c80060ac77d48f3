"""How do secrets stay out of the log of a program that knows them? Its output passes through here."""

import os
from collections.abc import Sequence

from controller.adapters.process.supervisor.reactor import Reactor
from controller.adapters.process.supervisor.redaction import Redactor

CHUNK = 1 << 16
"""Bytes read at once: what a pipe holds."""

RETRY = 0.5
"""Seconds until a full disk is tried again; meanwhile the program is slowed down by its full pipe."""


class RedactedLog:
    """A pipe for the program, whose end here writes the log. Programs without secrets write it themselves."""

    def __init__(self, log: int, patterns: Sequence[bytes], reactor: Reactor) -> None:
        self._log = log
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._reactor = reactor
        self._redactor = Redactor(patterns)
        self._unwritten = b""
        self._watched = False
        self._closed = False
        self._watch()

    def close(self) -> None:
        """Write what is in the pipe; what a process that left the group may still say is dropped."""
        if self._closed:
            return
        while not self._unwritten and self._read():
            pass
        self._write(self._redactor.finish())
        self._closed = True
        self._unwatch()
        os.close(self._reader)
        os.close(self._log)

    def _watch(self) -> None:
        self._watched = True
        self._reactor.watch(self._reader, self._readable)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._reactor.forget(self._reader)

    def _readable(self) -> None:
        if not self._read():
            self._unwatch()

    def _read(self) -> bool:
        """Pass one chunk on; return whether there was one."""
        try:
            chunk = os.read(self._reader, CHUNK)
        except BlockingIOError:
            return False
        self._write(self._redactor.feed(chunk))
        return bool(chunk)

    def _write(self, content: bytes) -> None:
        self._unwritten += content
        while self._unwritten:
            try:
                written = os.write(self._log, self._unwritten)
            except OSError:
                self._unwatch()
                self._reactor.after(RETRY, self._retry)
                return
            self._unwritten = self._unwritten[written:]

    def _retry(self) -> None:
        if self._closed:
            return
        self._write(b"")
        if not self._unwritten and not self._watched:
            self._watch()
