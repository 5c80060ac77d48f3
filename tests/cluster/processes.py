"""How are the programs of a cluster started and ended? As children that die with their parent, each with a log."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from tests.cluster.waiting import NeverCame, until

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_POLITE_SECONDS = 10.0
_TAIL_LINES = 15
_ROOMY = {"GOGC": "400"}
"""Its programs are in Go: they collect garbage when four times as much has come, not once. A quarter of an API server's
processor time goes there, and the memory of a cluster that lives for minutes is cheap. `GOGC` in the environment wins.
"""


class ProgramFailed(Exception):
    """A program of the cluster has ended or does not answer; the text has the end of its log."""


class Programs:
    """The running programs of one cluster."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> int:
        """Start a program; answers with its process id."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._logs.parent,
                env={**_ROOMY, **os.environ, **(env or {})},
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - the supervisor has one thread
            )
        self._running[name] = process
        return process.pid

    def runs(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def end(self, name: str, *, politely: bool = False) -> None:
        """End a program, if it runs, and wait until it is gone."""
        process = self._running.pop(name, None)
        if process is None:
            return
        if politely:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_POLITE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        process.kill()
        process.wait()

    def end_all(self) -> None:
        """Last started, first ended."""
        for name in reversed(list(self._running)):
            self.end(name)

    def wait(self, name: str, holds: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait until this program is so; its end, or too much time, is a failure that shows its log."""

        def holds_while_it_runs() -> bool:
            code = self._running[name].poll()
            if code is not None:
                raise ProgramFailed(f"{name} ended with {code}:\n{self.tail(name)}")
            return holds()

        try:
            until(holds_while_it_runs, f"{what} of {name}", seconds, pause=0.05)
        except NeverCame as problem:
            raise ProgramFailed(f"{problem}:\n{self.tail(name)}") from problem

    def tail(self, name: str) -> str:
        return tail(self.log(name))


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """The end of a log."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 200 * lines))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


def answers(url: str) -> bool:
    """Whether something says 200 there; never through a proxy."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
