"""How soon does an approval in one terminal release a run that another one drives?"""

import sqlite3
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.figures import Figure, Measured
from tests.bench.workshop import LIBRETTO, Workshop

TIMES = 30
PATIENCE_S = 60.0
_LOOK_S = 0.001

_AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata:
  name: worker
spec:
  process:
    argv: [/bin/sh, -c, 'true']
"""

_HEAD = """\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata:
  name: gates
spec:
  version: 1.0.0
  owner: bench
  steps:
"""


def measure(workshop: Workshop) -> Measured:
    """One terminal drives a chain of steps with a checkpoint after each; another one approves them one by one."""
    folder = workshop.folder("approval")
    _write(folder)
    workshop.say(f"approving {TIMES} times")
    released: list[float] = []
    whole: list[float] = []
    with (folder / "run.txt").open("wb") as output:
        run = subprocess.Popen(
            [LIBRETTO, "run", "definitions/gates"],
            cwd=folder,
            env=workshop.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            for number in range(TIMES):
                _until(partial(_waits, folder, number), run)
                watch = _Watch(folder, number)
                watch.start()
                whole.append(1e3 * workshop.libretto(folder, "approve", "latest", f"s{number}").wall_s)
                watch.join()
                _until(partial(_started, folder, number + 1), run)
                started = _log(folder, number + 1).stat().st_mtime_ns
                released.append(max(0.0, (started - watch.decided_ns) / 1e6))
            run.wait(PATIENCE_S)
        finally:
            run.kill()
            run.wait()
    released.sort()
    return Measured(
        "Approval in another terminal",
        f"{TIMES} times `libretto approve` beside a `libretto run`: from the moment at which the decision is stored until"
        " the program of the next step has been started. The whole command includes the start of its interpreter.",
        [
            Figure("median", statistics.median(released), "ms", 200),
            Figure("99th percentile", released[-1], "ms", 200, note=f"the slowest of {TIMES}"),
            Figure("whole `libretto approve`, median", statistics.median(whole), "ms"),
        ],
    )


class _Watch(threading.Thread):
    """Notes when the next decision is in the database."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._number = number
        self.decided_ns = 0

    def run(self) -> None:
        end = time.monotonic() + PATIENCE_S
        with _reading(self._folder) as database:
            while time.monotonic() < end and not self.decided_ns:
                if database.execute("SELECT count(*) FROM decisions").fetchone()[0] > self._number:
                    self.decided_ns = time.time_ns()
                threading.Event().wait(_LOOK_S)
        database.close()


def _write(folder: Path) -> None:
    agent, gates = folder / "definitions" / "agents" / "worker", folder / "definitions" / "gates"
    agent.mkdir(parents=True)
    gates.mkdir()
    (agent / "agent.yaml").write_text(_AGENT, encoding="utf-8")
    lines = [_HEAD]
    for number in range(TIMES + 1):
        gate = ", checkpointAfter: {question: Go on?}" if number < TIMES else ""
        needed = f", dependsOn: [s{number - 1}]" if number else ""
        lines.append(f"    - {{id: s{number}, agent: worker{needed}{gate}}}\n")
    (gates / "definition.yaml").write_text("".join(lines), encoding="utf-8")


def _log(folder: Path, number: int) -> Path:
    """Return the file that the supervisor makes just before it starts the program of a step."""
    found = next((folder / ".libretto" / "runs").glob(f"*/steps/*/s{number}/do-1"), folder / "none")
    return found / "log"


def _started(folder: Path, number: int) -> bool:
    return _log(folder, number).exists()


def _waits(folder: Path, number: int) -> bool:
    if not _started(folder, number):
        return False
    with _reading(folder) as database:
        rows = database.execute("SELECT status FROM ledgers").fetchall()
    database.close()
    return any(f'"gate":"s{number}"'.encode() in bytes(status) for (status,) in rows)


def _reading(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{(folder / '.libretto' / 'state.db').as_uri()}?mode=ro", uri=True)


def _until(condition: Callable[[], bool], run: "subprocess.Popen[bytes]") -> None:
    """Wait for something that the run is about to do. Raises AssertionError when it does not."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end or (run.poll() is not None and not condition()):
            raise AssertionError("the run did not get where it should; its output says more")
        threading.Event().wait(_LOOK_S)
