"""Keyboard: lines that a person types, read without ever waiting, and without the terminal's own echo."""

import codecs
import os
import re
import select
import termios
from collections.abc import Iterator

_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?")
"""Cursor and function keys: nothing of them is text."""

_ERASE, _KILL_LINE, _ENTER = ("\x7f", "\x08"), "\x15", ("\r", "\n")


class Keyboard:
    """The terminal behind a descriptor, character by character; signals of keys (Ctrl-C) stay what they are."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._before = termios.tcgetattr(descriptor)
        self.typed = ""
        """What was typed since the last Enter."""
        self.gone = False
        """Whether the terminal was closed."""
        self.take()

    def take(self) -> None:
        """Turn echo and line editing off, unless somebody else has the terminal just now."""
        if self._ours():
            mode = termios.tcgetattr(self._descriptor)
            mode[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)

    def give_back(self) -> None:
        """Leave the terminal as it was found."""
        try:
            if self._ours():
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
        except termios.error:
            self.gone = True

    def forget(self) -> None:
        """Drop everything that was typed so far."""
        self.typed = ""
        self._read()

    def lines(self) -> Iterator[str]:
        """Yield the lines that were ended since the last call."""
        for letter in _ESCAPES.sub("", self._read()):
            if letter in _ENTER:
                line, self.typed = self.typed, ""
                yield line
            elif letter in _ERASE:
                self.typed = self.typed[:-1]
            elif letter == _KILL_LINE:
                self.typed = ""
            elif letter.isprintable():
                self.typed += letter

    def _read(self) -> str:
        content = b""
        try:
            while self._ours() and select.select([self._descriptor], [], [], 0)[0]:
                chunk = os.read(self._descriptor, 4096)
                if not chunk:
                    self.gone = True
                    break
                content += chunk
        except OSError:
            self.gone = True
        return self._decoder.decode(content)

    def _ours(self) -> bool:
        """A job in the background that reads or changes the terminal would be stopped."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return not self.gone
