"""What did a program take: time by the wall and by the processor, and memory at its peak?"""

import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_S = 0.1
"""Seconds between two looks at the memory of a program's companions; a look takes a millisecond."""


class CommandFailed(Exception):
    """A program that is measured must succeed, else its time says nothing."""


@dataclass(frozen=True)
class Usage:
    """What one program took, with everything that it waited for."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    """Of the program; with `companion`, the sum of both peaks."""
    output: str


def run(
    argv: Sequence[str | Path],
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    companion: str | None = None,
    codes: Sequence[int] = (0,),
) -> Usage:
    """Run a program to its end, its output going to a file, and say what it took. Raises CommandFailed.

    `companion` is a text in the command line of another process whose memory counts too: one that outlives the program
    and that it therefore never waits for.
    """
    words = [os.fspath(word) for word in argv]
    report = folder / "output.txt"
    watch = _Companion(companion) if companion is not None and Path("/proc/self/status").exists() else None
    with report.open("wb") as output:
        began = time.perf_counter()
        child = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        if watch is not None:
            watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
    # It is reaped; nothing shall wait for it again.
    child.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    if watch is not None:
        peak += watch.stop()
    text = report.read_text(encoding="utf-8", errors="replace")
    if child.returncode not in codes:
        raise CommandFailed(f"{shlex.join(words)} ended with {child.returncode}:\n{text[-2000:]}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, peak, text)


class _Companion(threading.Thread):
    """Looks again and again at the peak memory of processes whose command line holds a text."""

    def __init__(self, text: str) -> None:
        super().__init__(daemon=True)
        self._text = text.encode()
        self._over = threading.Event()
        self._peaks: dict[str, float] = {}

    def run(self) -> None:
        while not self._over.wait(_LOOK_S):
            if self._peaks:
                processes = [Path("/proc", name) for name in self._peaks]
            else:
                processes = [one for one in Path("/proc").iterdir() if one.name.isdigit()]
            for process in processes:
                self._look(process)

    def stop(self) -> float:
        """End, and return the sum of the peaks in MB."""
        self._over.set()
        self.join()
        return sum(self._peaks.values())

    def _look(self, process: Path) -> None:
        try:
            if process.name not in self._peaks and self._text not in (process / "cmdline").read_bytes():
                return
            lines = (process / "status").read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return  # it has gone
        peak = next((line for line in lines if line.startswith("VmHWM:")), None)
        if peak is not None:
            self._peaks[process.name] = int(peak.split()[1]) / 1024
