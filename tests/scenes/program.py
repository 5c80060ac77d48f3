"""The real command line in processes of its own: on a pipe, or on a terminal that a test types at."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.scenes.normalise import loosely
from tests.scenes.screen import Screen

PROGRAM = (sys.executable, "-m", "controller")
PATIENCE = 60.0
"""Seconds after which a test gives up; a loaded machine is slow, a right program is not."""

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "USER", "LOGNAME") if name in os.environ}
    # As after `source .venv/bin/activate`.
    kept["PATH"] = os.pathsep.join([os.fspath(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return {**kept, "PYTHONPATH": os.fspath(ROOT), "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}


class Said(NamedTuple):
    """What a verb came to."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Everything that a person saw: standard output, then standard error."""
        return loosely(self.out + self.err)


def begin(
    place: Path,
    *words: str,
    before: Sequence[str] = (),
    given: Mapping[str, str] | None = None,
    stderr: int = subprocess.PIPE,
) -> "subprocess.Popen[str]":
    """Start a verb in a project folder, without a terminal.

    `before` are words to put before the program, `given` is what the environment holds beside the usual.
    """
    return subprocess.Popen(
        [*before, *PROGRAM, *words],
        cwd=place,
        env=environment(**(given or {})),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> Said:
    """Wait for the end of a verb."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it does not end:\n{out}\n{err}") from None
    return Said(process.returncode, out, err)


def killed(process: "subprocess.Popen[str]") -> bool:
    """Kill a verb with `kill -9`; return whether it had not ended before."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def libretto(place: Path, *words: str, **more: str) -> Said:
    """Run a verb to its end in a project folder, without a terminal."""
    return ended(begin(place, *words, given=more))


class Piped:
    """A verb that writes to a pipe, watched line by line."""

    def __init__(self, place: Path, *words: str, **more: str) -> None:
        self.process = begin(place, *words, given=more, stderr=subprocess.STDOUT)
        self.output = ""
        # Reading waits without end for one that hangs.
        self._patience = threading.Timer(PATIENCE, self.process.kill)
        self._patience.daemon = True
        self._patience.start()

    def wait_for(self, text: str) -> None:
        """Read until a line has the text."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}:\n{self.output}")

    def end(self) -> int:
        """Read the rest and return the exit code."""
        assert self.process.stdout is not None
        self.output += self.process.stdout.read()
        self.process.stdout.close()
        self._patience.cancel()
        return self.process.wait(PATIENCE)


class Terminal:
    """A verb on a terminal of its own, as its session's leader."""

    def __init__(self, place: Path, *words: str, columns: int = 200, lines: int = 50, **more: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(place)
            os.execvpe(PROGRAM[0], [*PROGRAM, *words], environment(TERM="xterm-256color", **more))
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.raw = ""
        self._code: int | None = None

    def screen(self) -> str:
        screen = Screen()
        screen.feed(self.raw)
        return screen.text()

    def wait_for(self, *texts: str) -> None:
        """Read until the screen shows all of them."""
        self.wait_until(lambda screen: all(text in screen for text in texts), f"all of {texts}")

    def wait_until(self, shows: Callable[[str], object], what: str) -> None:
        """Read until the screen is as expected."""
        deadline = time.monotonic() + PATIENCE
        while not shows(self.screen()):
            assert time.monotonic() < deadline, f"never {what} on:\n{self.screen()}"
            assert self._read(0.05), f"it ended without {what} on:\n{self.screen()}"

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def close(self) -> None:
        """Close the terminal, which sends SIGHUP."""
        os.close(self._master)

    def end(self) -> int:
        """Read the rest and return the exit code."""
        while self._read(1.0):
            pass
        return self.code()

    def code(self) -> int:
        if self._code is None:
            _, status = os.waitpid(self.pid, 0)
            self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            chunk = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self.raw += chunk.decode(errors="replace")
        return bool(chunk)

    def kill(self) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.code()


@contextmanager
def terminal(place: Path, *words: str, columns: int = 200, lines: int = 50, **more: str) -> Iterator[Terminal]:
    """A terminal that is gone after the block, whatever happened."""
    opened = Terminal(place, *words, columns=columns, lines=lines, **more)
    try:
        yield opened
    finally:
        opened.kill()


def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait until something outside is so; look every few milliseconds."""
    deadline, pause = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"never: {what or condition}"
        pause.wait(0.005)


def supervised(place: Path) -> bool:
    """Return whether a supervisor of a run of the project lives, that is, whether steps may run."""
    from controller.adapters.process.link import supervised as lives

    runs = place / ".libretto" / "runs"
    return runs.is_dir() and any(lives(tree) for tree in runs.iterdir())
