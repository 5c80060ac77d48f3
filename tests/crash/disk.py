"""Small disks: a file system of its own where this machine lets us mount one, and a limit on the size of files anywhere."""

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

SIZE = 2 << 20
"""Bytes of the small file system."""


class Disk(Protocol):
    """A place for a state directory that can be full."""

    place: Path

    def fill(self, free: int, *pids: int) -> None:
        """Leave so many bytes. Files that exist keep what they have. `pids` are the processes that run already."""

    def free(self, *pids: int) -> None:
        """Make room again."""

    @property
    def before(self) -> Sequence[str]:
        """Words to put before a command for the limit to hold."""


class Tmpfs:
    """A file system in memory, filled by a file of ballast."""

    before: Sequence[str] = ()

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def fill(self, free: int, *pids: int) -> None:
        with self._ballast.open("wb") as file:
            # Others write meanwhile, so it may be less than it was.
            while (spare := shutil.disk_usage(self.place).free - free) > 0:
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), spare)

    def free(self, *pids: int) -> None:
        self._ballast.unlink()


class Limit:
    """No file may grow beyond the limit; it holds for what is started with the words `before`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.before: Sequence[str] = ()

    def fill(self, free: int, *pids: int) -> None:
        # The largest file is the one that meets the limit: the log of the database, long before all others.
        limit = self._largest() + free
        self.before = ("/bin/sh", "-c", f'ulimit -S -f {limit // 512}; exec "$@"', "sh")
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def free(self, *pids: int) -> None:
        self.before = ()
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def _largest(self) -> int:
        return max((path.stat().st_size for path in self.place.rglob("state.db*")), default=0)


@contextmanager
def disk(kind: str, place: Path) -> Iterator[Disk]:
    """A disk of the kind, gone after the block."""
    place.mkdir()
    if kind == "limit":
        yield Limit(place)
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=True)
    try:
        yield Tmpfs(place)
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def kinds() -> list[str]:
    """Which kinds this machine has: mounting takes rights that a container often has not."""
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
        mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)
    return ["limit", "tmpfs"] if mounted else ["limit"]
