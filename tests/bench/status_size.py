"""How large does the status of a run of 10,000 steps ever get? `python -m tests.bench.status_size FOLDER` plays it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, Measured
from tests.bench.workshop import ROOT, Workshop

if TYPE_CHECKING:
    from controller.model.outcomes import Outcome

STEPS = 10_000
AT_ONCE = 1_000
"""As many as definitions may ask for."""
LONGEST_ID = 128
GATED_EVERY = 50
"""Steps per checkpoint."""
LARGEST_OUTPUT = 980
MOMENTS = 50
"""Moments at which the steps that run side by side end."""

_HEAD = f"""\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata:
  name: wide
spec:
  version: 1.0.0
  owner: bench
  execution:
    concurrency: {{maxParallel: {AT_ONCE}}}
  errorHandling:
    onStepFailure: {{maxAttempts: 2, initialDelayMs: 250}}
  steps:
"""

_AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata:
  name: worker
spec:
  process:
    argv: ['true']
"""


def measure(workshop: Workshop) -> Measured:
    """In a process of its own, so that its memory does not count as that of programs measured later."""
    folder = workshop.folder("status")
    write(folder)
    workshop.say(f"looking at every status of a run of {STEPS:,} steps")
    words = [sys.executable, "-m", "tests.bench.status_size", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    largest, largest_object, looks = map(int, done.stdout.split())
    return Measured(
        "Status of a run of 10,000 steps",
        f"Simulated with {AT_ONCE:,} steps at once, ids of {LONGEST_ID} characters, a second attempt of every step and a"
        f" checkpoint after every {GATED_EVERY}th; the status is taken after every write.",
        [
            Figure("largest status", largest / 1024, "KiB", 256, below=True),
            Figure("largest Run object", largest_object / 1024, "KiB", 256, below=True, note="as on a cluster"),
            Figure("writes looked at", looks, ""),
        ],
    )


def write(folder: Path) -> None:
    """Write the definition."""
    (folder / "agents" / "worker").mkdir(parents=True)
    (folder / "agents" / "worker" / "agent.yaml").write_text(_AGENT, encoding="utf-8")
    question = "Is this right? " * 60
    lines = [_HEAD]
    for number in range(STEPS):
        lines.append(f"    - id: {_id(number)}\n      agent: worker\n")
        if number % GATED_EVERY == 0:
            lines.append(f"      checkpointAfter: {{question: '{question}', severity: high}}\n")
    (folder / "definition.yaml").write_text("".join(lines), encoding="utf-8")


def _id(number: int) -> str:
    return f"step-{number:05d}-".ljust(LONGEST_ID, "x")


def _twice(number: int) -> "list[Outcome]":
    """A failed attempt and a good one. Steps end a few at a time, so that many different statuses are written."""
    from controller.model.outcomes import Outcome

    took = 1000 + 20 * (number % MOMENTS)
    return [Outcome(exit_code=1, duration_ms=took), Outcome(duration_ms=took, output=_output(number))]


def _output(number: int) -> str:
    """As much as travels with its record."""
    return f"{number:05d}".ljust(LARGEST_OUTPUT, ".")


def play(folder: Path) -> tuple[int, int, int]:
    """Return the bytes of the largest status and of the largest Run object of a cluster, and the number of writes."""
    from controller.adapters.memory import MemoryLedgerStore, MemoryObjectStore
    from controller.adapters.sqlite.ledger import status_bytes
    from controller.engine.status import status_of
    from controller.machine.chain import Link
    from controller.model.outcomes import Outcomes
    from controller.model.states import RunState
    from controller.runtime.member import Member
    from controller.wiring.definitions import find
    from controller.wiring.simulation import simulate
    from tests.bench.run_object import RunObject

    sizes: list[int] = []
    on_cluster = RunObject({"output": _output(number), "artifacts": {}} for number in range(STEPS))

    def look(member: Member, links: Sequence[Link]) -> None:
        status = status_of(member.state)
        sizes.append(len(status_bytes(status)))
        on_cluster.write(links, status)

    found = find(str(folder / "definition.yaml"), MemoryObjectStore(MemoryLedgerStore()))
    outcomes = Outcomes(outcomes={_id(number): _twice(number) for number in range(STEPS)})
    played = simulate(found, outcomes, requester="bench", now=1_700_000_000_000, approve_all=True, on_records=look)
    if played.root.state.run is not RunState.SUCCEEDED:
        raise AssertionError(f"the run came to {played.root.state.run}: {played.root.state.message}")
    return max(sizes), on_cluster.largest, len(sizes)


if __name__ == "__main__":
    print(*play(Path(sys.argv[1])))
