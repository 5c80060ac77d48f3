"""What does a process use that goes on? Processor time and memory, as the kernel counts them."""

import os
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")


class Processor(NamedTuple):
    """Processor time of a process."""

    user_s: float
    system_s: float

    @property
    def total_s(self) -> float:
        return self.user_s + self.system_s


def processor(pid: int) -> Processor:
    """Return what it has used so far; a tick is 10 ms, so only many steps together say anything."""
    # The name in brackets may hold blanks.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return Processor(int(fields[11]) / _TICKS, int(fields[12]) / _TICKS)


def memory_mb(pid: int, member: str = "VmRSS") -> float:
    """Return its memory now, or with `VmHWM` at its peak."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{member}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(f"process {pid} has no {member}")
