"""How does a process get a cluster? It connects to its supervisor, which it starts if there is none."""

import fcntl
import json
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.cluster import binaries, machine, network, plan, remains
from tests.cluster.plan import Plan

_ROOT = Path(__file__).resolve().parents[2]


class ClusterFailed(Exception):
    """The cluster did not start, or refused what was asked."""


class Tenancy:
    """One connection: as long as it stands, the cluster runs."""

    def __init__(self, folder: Path) -> None:
        self.plan = Plan.decode((folder / "plan.json").read_text())
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connection.connect(str(self.plan.socket))
        except OSError:
            self._connection.close()
            raise
        self._lines = self._connection.makefile("rb")

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Have the supervisor do something; answers when it is done."""
        line = b""
        # A supervisor that was killed closes its end: seen when writing or when reading, as it happens.
        with suppress(ConnectionError):
            self._connection.sendall(json.dumps({"do": verb, **arguments}).encode() + b"\n")
            line = self._lines.readline()
        if not line:
            raise ClusterFailed(f"the cluster {self.plan.name} has ended")
        told = json.loads(line)
        if told.get("problem"):
            raise ClusterFailed(told["problem"])
        return told.get("answer")

    def end(self) -> None:
        """End the cluster; returns when nothing of it is left."""
        self.ask("end")
        self._lines.read()

    def close(self) -> None:
        self._lines.close()
        self._connection.close()


def enter(name: str | None = None, *, for_node: bool = False, stays: bool = False) -> Tenancy:
    """Use the cluster of this name, together with whoever else does; without a name, a new one for oneself.

    `for_node`: it shall be able to have a real node, so it listens where that reaches it.
    """
    name = name or f"c{secrets.token_hex(4)}"
    folder = plan.home() / name
    with _alone(plan.home() / ".lock"):
        if remains.alive(folder):
            return Tenancy(folder)
        remains.clear(plan.home())
        # First what may be refused: nobody shall wait for a build only to be told that this machine cannot.
        if for_node:
            machine.prepare(machine.LINK)
        programs = binaries.find(*binaries.CONTROL_PLANE)
        _start(plan.make(name, programs, network.choose() if for_node else None), stays=stays)
        return Tenancy(folder)


def running(name: str) -> Tenancy | None:
    """The cluster of this name, if there is one."""
    folder = plan.home() / name
    return Tenancy(folder) if remains.alive(folder) else None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One start at a time."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start(made: Plan, *, stays: bool) -> None:
    command = [sys.executable, "-m", "tests.cluster.supervisor", *(["--stays"] if stays else [])]
    log = made.folder.with_name(f".{made.name}.log")
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        process.stdin.write(made.encode() + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    told = json.loads(line or "{}")
    if not told.get("ready"):
        process.wait()
        raise ClusterFailed(told.get("problem") or f"the supervisor ended:\n{log.read_text()[-2000:]}")
    log.unlink()
    # It outlives this process on purpose; the object would warn about that.
    process.returncode = 0
