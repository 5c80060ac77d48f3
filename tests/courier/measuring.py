"""What do processes cost? A small parent runs them, so that neither its memory nor others' counts.

`python -m tests.courier.measuring` reads a list of {argv, env} from standard input, runs one after another, each with a
SIGTERM that waits for it, and prints what they took together and at most.
"""

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Cost(NamedTuple):
    """Of several processes."""

    cpu_ms: float
    """Of all together, user and system."""
    memory_mib: float
    """Resident, of the largest."""
    statuses: Sequence[int]


def cost(processes: Sequence[Mapping[str, Any]], cwd: str) -> Cost:
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(processes),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return Cost(*json.loads(done.stdout))


def _main() -> None:
    statuses = []
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    for each in json.load(sys.stdin):
        process = subprocess.Popen(each["argv"], env=each["env"], stdout=subprocess.DEVNULL)
        if each["ends"]:
            process.send_signal(signal.SIGTERM)
        statuses.append(process.wait())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps([(used.ru_utime + used.ru_stime) * 1000, used.ru_maxrss / 1024, statuses]))


if __name__ == "__main__":
    _main()
