"""Nothing of a cluster is left when its supervisor is killed, nor of a node full of pods when its user is."""

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cluster import images, node_remains, plan, tenancy
from tests.cluster.control_plane import ControlPlane
from tests.cluster.node import RealNode
from tests.cluster.node_settings import node_folder
from tests.cluster.plan import Plan
from tests.cluster.waiting import until

_ROOT = Path(__file__).resolve().parents[2]
_USER = """
import sys
from tests.cluster import tenancy
kept = tenancy.enter(sys.argv[1], for_node=sys.argv[2] == "node")
print(kept.plan.encode(), flush=True)
sys.stdin.read()
"""


@contextmanager
def user(name: str, *, for_node: bool = False) -> Iterator[tuple[subprocess.Popen[str], Plan]]:
    """Another process that uses a cluster, as a test run does; killed at the latest after the block."""
    command = [sys.executable, "-c", _USER, name, "node" if for_node else ""]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, Plan.decode(process.stdout.readline())
        finally:
            process.kill()


def programs_of(of: Plan) -> set[int]:
    """Processes whose command names the folder of this cluster."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if f"{of.folder}/" in (entry / "cmdline").read_bytes().decode(errors="replace"):
                    found.add(int(entry.name))
    return found


def supervisor_of(of: tenancy.Tenancy) -> int:
    told = of._connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", told)[0])


def test_the_next_start_clears_what_a_killed_supervisor_left() -> None:
    first = tenancy.enter("test-orphan")
    os.kill(supervisor_of(first), signal.SIGKILL)
    until(lambda: not programs_of(first.plan), "the programs to die with their supervisor")
    with pytest.raises(tenancy.ClusterFailed, match="test-orphan has ended"):
        first.ask("start")
    first.close()
    assert first.plan.folder.exists()
    second = tenancy.enter("test-orphan")
    assert second.plan != first.plan
    ControlPlane(second).end()


def test_a_node_full_of_pods_goes_with_its_killed_user(real_node: RealNode) -> None:
    """`real_node` says why, where no node can be."""
    with user("test-full", for_node=True) as (process, used):
        tenant = tenancy.running("test-full")
        assert tenant
        control_plane = ControlPlane(tenant)
        RealNode(control_plane)
        create = ("create", "deployment", "full", f"--image={images.BUSYBOX}", "--replicas=4")
        control_plane.kubectl(*create, "--", "sleep", "1000")
        control_plane.kubectl("rollout", "status", "deployment/full", "--timeout=60s")
        left = remains_of(used)
        assert all(left.values()), left
        control_plane.close()
        process.send_signal(signal.SIGKILL)
        until(lambda: not used.folder.exists(), "the folder to go")
        assert {what: found for what, found in remains_of(used).items() if found} == {}


def remains_of(of: Plan) -> dict[str, list[str]]:
    """What a node has on this machine, by kind."""
    assert of.network
    name, folder = of.network.name, str(node_folder(of))
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    links = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True).stdout.splitlines()
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout.splitlines()
    notes = [path for path in Path("/var/lib/cni/results").glob("*") if _mentions(path, folder)]
    return {
        "programs": [str(pid) for pid in programs_of(of)],
        "shims": [str(pid) for pid in node_remains._shims(of)],
        "mounts": [line for line in mounts if f"{folder}/" in line],
        "cgroups": [str(root / name) for root in node_remains._hierarchies() if (root / name).exists()],
        "namespaces": [each.name for each in Path("/run/netns").glob(name)],
        "links": [line for line in links if line.startswith(name)],
        "routes": [line for line in routes if f"10.{of.network.number}." in line],
        "notes of plugins": [str(path) for path in notes],
        "links to logs": [
            str(path) for path in Path("/var/log/containers").glob("*") if folder in str(path.readlink())
        ],
    }


def _mentions(path: Path, text: str) -> bool:
    with suppress(OSError):
        return text in path.read_text()
    return False


def test_clusters_of_this_user_are_in_a_folder_of_their_own() -> None:
    assert plan.home().stat().st_mode & 0o777 == 0o700
