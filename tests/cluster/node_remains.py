"""What does a real node leave on the machine, and how does it go? Processes, mounts, cgroups, links and settings."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.cluster import network
from tests.cluster.node_settings import containerd_socket, node_folder
from tests.cluster.plan import Plan
from tests.cluster.waiting import NeverCame, until

_CHANGED = (
    *("vm/overcommit_memory", "vm/panic_on_oom"),
    *("kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
)
"""What a kubelet sets for the whole machine."""

_CGROUPS = Path("/sys/fs/cgroup")
_SETTINGS = Path("/proc/sys")
_KEPT = ".settings"
_SECONDS = 10.0


def remember_settings(plan: Plan) -> None:
    """Write down what the kubelet will change; of several nodes, the first one sees what it was."""
    kept = plan.folder.parent / _KEPT
    for name in () if kept.exists() else _CHANGED:
        place = kept / name
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            place.write_text((_SETTINGS / name).read_text())


def make_cgroups(name: str) -> None:
    """A root of its own, in every hierarchy; version 1 wants processors and memory named in it."""
    for root in _hierarchies():
        made = root / name
        made.mkdir(exist_ok=True)
        if (root / "cgroup.controllers").exists():
            wanted = " ".join(f"+{each}" for each in (root / "cgroup.controllers").read_text().split())
            with suppress(OSError):
                (root / "cgroup.subtree_control").write_text(wanted)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (root / setting).exists() and not (root / "cgroup.controllers").exists():
                (made / setting).write_text((root / setting).read_text())


def clear(plan: Plan) -> None:
    """Take away all of a node; its own programs have ended. May be partly gone already."""
    if plan.network is None:
        return
    name = plan.network.name
    sockets = [path for pid in _shims(plan) for path in _sockets(pid)]
    # What cannot be killed, because the kernel holds it, shall not keep the rest from being taken away.
    with suppress(NeverCame):
        until(lambda: _killed([*_inside(name), *_shims(plan)]), "the containers to end", _SECONDS, pause=0.02)
    for path in sockets:
        path.unlink(missing_ok=True)
    _unmount(node_folder(plan))
    # A hybrid's version 2 too: runc makes a group there.
    for root in {*_hierarchies(), _CGROUPS / "unified"}:
        for folder, _, _ in os.walk(root / name, topdown=False):
            with suppress(OSError):
                Path(folder).rmdir()
    network.remove(plan.network)
    for path in Path("/var/lib/cni/results").glob("*"):
        with suppress(OSError):
            if str(node_folder(plan)) in path.read_text():
                path.unlink()
    for link in Path("/var/log/containers").glob("*"):
        if link.is_symlink() and str(link.readlink()).startswith(f"{node_folder(plan)}/"):
            link.unlink()
    shutil.rmtree(node_folder(plan), ignore_errors=True)
    if not any(plan.folder.parent.glob(f"*/{node_folder(plan).name}")):
        _restore(plan.folder.parent / _KEPT)


def _hierarchies() -> Iterator[Path]:
    """The one of version 2, or all of version 1; in a hybrid, version 2 has no controllers and is not used."""
    if (_CGROUPS / "cgroup.controllers").exists():
        yield _CGROUPS
        return
    for root in _CGROUPS.iterdir():
        if root.is_dir() and not root.is_symlink() and root.name != "unified":
            yield root


def _inside(name: str) -> set[int]:
    """Processes in the node's cgroups: the containers."""
    found = set()
    for root in _hierarchies():
        for listed in (root / name).rglob("cgroup.procs"):
            with suppress(OSError):
                found |= {int(word) for word in listed.read_text().split()}
    return found - {0}


def _killed(found: list[int]) -> bool:
    """Kill these; whether there was none."""
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return not found


def _shims(plan: Plan) -> Iterator[int]:
    """The parents of containers; they outlive containerd by design."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if "containerd-shim" in words[0] and str(containerd_socket(plan)) in words:
                    yield int(entry.name)


def _sockets(pid: int) -> Iterator[Path]:
    """Where a shim listens, which nobody takes away when it is killed."""
    with suppress(OSError):
        own = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()}
        for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
            words = line.split()
            if len(words) == 8 and f"socket:[{words[6]}]" in own and words[7].startswith("/run/containerd/"):
                yield Path(words[7])


def _unmount(folder: Path) -> None:
    """Innermost first; again, for what was mounted over another mount."""
    for _ in range(3):
        lines = Path("/proc/self/mounts").read_text().splitlines()
        mounts = [line.split()[1] for line in lines if line.split()[1].startswith(f"{folder}/")]
        for mount in sorted(mounts, reverse=True):
            subprocess.run(["umount", "-l", mount], capture_output=True, check=False)


def _restore(kept: Path) -> None:
    for name in _CHANGED:
        with suppress(OSError):
            if (kept / name).read_text() != (_SETTINGS / name).read_text():
                (_SETTINGS / name).write_text((kept / name).read_text())
    shutil.rmtree(kept, ignore_errors=True)
