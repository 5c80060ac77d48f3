"""How does a driver reach the supervisor of its run tree, or become the one that starts it?"""

import contextlib
import fcntl
import json
import os
import select
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from controller.adapters.process.layout import LOCK, SOCKET, SUPERVISOR_LOG

LONGEST_SOCKET_PATH = 100
"""Bytes; macOS allows 103, Linux 107."""

PATIENCE_S = 30.0
"""Seconds that a living supervisor may be silent or take nothing before it counts as unreachable."""

FIRST_FREE_DESCRIPTOR = 10
"""Above the numbers under which the supervisor gets its lock and its first client, so that neither overwrites the other."""

PROGRAM = Path(__file__).parent / "supervisor" / "__main__.py"


class Link:
    """A connection to a living supervisor."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.settimeout(PATIENCE_S)
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._unread = b""
        self.closed = False

    def send(self, orders: Sequence[Mapping[str, Any]]) -> None:
        """Send all orders in one go; a supervisor that has gone is noticed later. Raises TimeoutError."""
        if self.closed:
            return
        try:
            self._socket.sendall(b"".join(map(_line, orders)))
        except TimeoutError:
            # Half an order may be on its way, so this connection is of no more use.
            self.closed = True
            raise
        except OSError:
            self.closed = True

    def receive(self, wait_ms: int) -> list[dict[str, Any]]:
        """Wait until the supervisor says something; return what is more than "the journal has grown"."""
        if self.closed or not self._poll.poll(wait_ms):
            return []
        try:
            chunk = self._socket.recv(1 << 16)
        except OSError:
            chunk = b""
        self.closed = not chunk
        *lines, self._unread = (self._unread + chunk).split(b"\n")
        return [orjson.loads(line) for line in lines if line]

    def attach(self) -> bool:
        """Return once everything that an earlier client asked for is in the journal; False when the supervisor went."""
        self.send([{"order": "attach"}])
        deadline = time.monotonic() + PATIENCE_S
        while not self.closed:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the supervisor does not answer")
            if any(message.get("attached") for message in self.receive(int(left * 1000) + 1)):
                return True
        return False

    def close(self) -> None:
        """Hang up. The supervisor stays as long as something runs."""
        self.closed = True
        self._socket.close()


def _line(order: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(order) + b"\n"
    except TypeError:
        # Paths and environments are bytes; what is not UTF-8 in them comes as surrogates, which orjson refuses.
        return json.dumps(order).encode() + b"\n"


def take_lock(run_directory: Path) -> int | None:
    """Return a descriptor that holds the lock; None when a supervisor holds it. Raises OSError."""
    descriptor = os.open(run_directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def connect(run_directory: Path) -> Link | None:
    """Return a connection to the supervisor; None when none listens (it is starting or ending). Raises OSError."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        path = os.fspath(run_directory / SOCKET)
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            connection.connect(path)
        else:
            with tempfile.TemporaryDirectory(prefix="libretto-") as short:
                link = Path(short, "r")
                link.symlink_to(run_directory.absolute())
                connection.connect(os.fspath(link / SOCKET))
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return Link(connection)


def start_supervisor(run_directory: Path, python: str, environment: Mapping[str, str], lock: int) -> tuple[Link, int]:
    """Start a supervisor that takes the lock over; return the connection and its process id. Raises OSError."""
    kept = {name: environment[name] for name in ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in environment}
    ours, theirs = socket.socketpair()
    with theirs, contextlib.ExitStack() as opened:
        copies = []
        for descriptor in (lock, theirs.fileno()):
            copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR)
            opened.callback(os.close, copy)
            copies.append(copy)
        report = os.fspath(run_directory / SUPERVISOR_LOG)
        try:
            pid = os.posix_spawn(
                python,
                [python, "-I", "-S", "-X", "utf8", os.fspath(PROGRAM), os.fspath(run_directory), "3", "4"],
                kept,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                    (os.POSIX_SPAWN_DUP2, copies[0], 3),
                    (os.POSIX_SPAWN_DUP2, copies[1], 4),
                ],
                setsid=True,
            )
        except BaseException:
            ours.close()
            raise
    return Link(ours), pid


def supervised(run_directory: Path) -> bool:
    """Return whether a supervisor lives for this run tree, that is, whether steps of it may still run."""
    try:
        descriptor = os.open(run_directory / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
