"""What does this operating system say about a process, and is it still the one that was started?"""

import os
import sys
import time
from collections.abc import Callable, Sequence

SAME_START_TICKS = 1
"""The kernel and we round one and the same moment each on its own."""

SAME_START_MS = 2500
"""How far `ps` and the journal may differ about one start: `lstart` has whole seconds, and the clock may be slewed."""

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

_DIRECTORY_VARIABLE = b"LIBRETTO_DIR="

_DEAD = frozenset({b"Z", b"X"})
"""States of a process that runs no more: zombie, dead."""


def _output(command: Sequence[str]) -> str:
    """Return what a command prints; empty when it fails (for `ps`: there is no such process)."""
    import subprocess

    environment = {"LC_ALL": "C", "PATH": os.environ.get("PATH", os.defpath)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.stdout.strip() if done.returncode == 0 else ""


class Host:
    """Identity of processes on Linux (`/proc`) and macOS (`ps`, `sysctl`).

    `platform` is `sys.platform`, and `output` runs a command; tests give others.
    """

    def __init__(self, platform: str = sys.platform, output: Callable[[Sequence[str]], str] = _output) -> None:
        self.platform = platform
        self._output = output

    @property
    def has_proc(self) -> bool:
        """Whether processes are described below `/proc`."""
        return self.platform.startswith("linux")

    def boot_id(self) -> str:
        """Return an id that is new after every start of the machine."""
        if self.has_proc:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - no pathlib in the supervisor
                return file.read().strip()
        return self._output(["sysctl", "-n", "kern.bootsessionuuid"])

    def ticks(self) -> int:
        """Return the time by the clock in which the kernel notes when a process started; 0 where it is not told (macOS).

        Taken before and after a start, it is the process's birth mark; reading `/proc` of a process that is just being
        born would take sixty times as long.
        """
        return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS_PER_SECOND) if self.has_proc else 0

    def is_same(self, pid: int, mark: Sequence[int], started_at: int) -> bool:
        """Return whether `pid` lives and was born between the two ticks of `mark` (macOS: at `started_at`, in ms)."""
        if self.has_proc:
            fields = _stat(str(pid))
            if not fields or fields[0] in _DEAD:
                return False
            return mark[0] - SAME_START_TICKS <= int(fields[19]) <= mark[1] + SAME_START_TICKS
        text = self._output(["ps", "-o", "lstart=", "-p", str(pid)])
        return bool(text) and abs(_epoch_ms(text) - started_at) <= SAME_START_MS

    def group_alive(self, group: int) -> bool:
        """Return whether a process group has a member that is not a zombie."""
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            # macOS answers so for zombies; Linux for members of another user, which live.
            return self.has_proc
        if not self.has_proc:
            return True
        # In a container whose first process never reaps, zombies would keep a group alive for ever.
        wanted = str(group).encode()
        found = (_stat(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - as above
        return any(fields and fields[2] == wanted and fields[0] not in _DEAD for fields in found)

    def processes_by_attempt(self) -> dict[str, list[int]]:
        """Return the processes whose environment says to which attempt they belong, by its directory (Linux only)."""
        found: dict[str, list[int]] = {}
        if not self.has_proc:
            return found
        for name in os.listdir("/proc"):  # noqa: PTH208 - as above
            if name.isdigit():
                for variable in _read(f"/proc/{name}/environ").split(b"\0"):
                    if variable.startswith(_DIRECTORY_VARIABLE):
                        directory = os.fsdecode(variable.removeprefix(_DIRECTORY_VARIABLE))
                        found.setdefault(directory, []).append(int(name))
        return found


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 1 << 20)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _stat(pid: str) -> list[bytes]:
    """Return the fields of `/proc/<pid>/stat` from the state on; the name before it may hold blanks and brackets."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _epoch_ms(lstart: str) -> int:
    return int(time.mktime(time.strptime(lstart, "%a %b %d %H:%M:%S %Y"))) * 1000
