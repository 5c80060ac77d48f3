"""What does a step cost, apart from what it does? `python -m tests.adapters.process.bench [STEPS]`."""

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from controller.model.attempt import Finished
from tests.adapters.process.workshop import Workshop

PARALLEL = 2


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        runner = workshop.runner()
        launches = [workshop.launch(f"step-{number}", argv=["true"]) for number in range(steps)]
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        running = ended = 0
        while ended < steps:
            batch = [launches.pop() for _ in range(min(PARALLEL - running, len(launches)))]
            runner.start_many(batch)
            running += len(batch)
            for seen in runner.observe(10_000):
                if isinstance(seen, Finished):
                    runner.collect(seen.key)
                    running, ended = running - 1, ended + 1
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        fields = Path(f"/proc/{workshop.supervisor()}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        tick = 1000 / os.sysconf("SC_CLK_TCK") / steps
        supervisor, programs = (sum(map(int, fields[at : at + 2])) * tick for at in (11, 13))
        driver = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / steps
        print(f"{steps} steps, {PARALLEL} at a time: {wall * 1000 / steps:.2f} ms of wall time per step")
        print(
            f"processor time per step: driver {driver:.2f} ms, supervisor {supervisor:.2f} ms, program {programs:.2f} ms"
        )
        workshop.end()


if __name__ == "__main__":
    main()
