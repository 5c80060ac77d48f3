"""What does this operating system say about a process, and is it still the one that was started?"""

import os
import sys
from collections.abc import Callable, Sequence

SAME_START_MS = 2500
"""How far `ps` and the journal may differ about one start: `lstart` has whole seconds, and the clock may be slewed."""


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

    def start_mark(self, pid: int) -> str:
        """Return when a process started, in the kernel's own words; empty where asking would cost a process (macOS)."""
        if not self.has_proc:
            return ""
        fields = _stat(str(pid))
        return fields[19].decode() if fields else ""

    def is_same(self, pid: int, mark: str, started_at: int) -> bool:
        """Return whether `pid` still is the process that was started at `started_at` (ms) with that mark."""
        if self.has_proc:
            fields = _stat(str(pid))
            return bool(fields) and fields[0] not in {b"Z", b"X"} and fields[19].decode() == mark
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
        return any(fields and fields[2] == wanted and fields[0] not in {b"Z", b"X"} for fields in found)

    def processes_of(self, directory: str) -> list[int]:
        """Return the processes whose environment says that they belong to the attempt in `directory` (Linux only)."""
        if not self.has_proc:
            return []
        wanted = b"LIBRETTO_DIR=" + os.fsencode(directory)
        found = []
        for name in os.listdir("/proc"):  # noqa: PTH208 - as above
            if name.isdigit() and int(name) != os.getpid() and wanted in _read(f"/proc/{name}/environ").split(b"\0"):
                found.append(int(name))
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
    import time

    return int(time.mktime(time.strptime(lstart, "%a %b %d %H:%M:%S %Y"))) * 1000
