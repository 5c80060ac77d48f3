"""What is the supervisor told, what does it see, and when may it go?"""

import contextlib
import json
import os
import signal
import socket
import time
from collections import deque
from typing import Any

from controller.adapters.process.host import Host
from controller.adapters.process.supervisor.attempt import Attempt
from controller.adapters.process.supervisor.http_call import HttpAttempt
from controller.adapters.process.supervisor.journal import NO_SPACE, Journal
from controller.adapters.process.supervisor.process import ProcessAttempt
from controller.adapters.process.supervisor.reactor import Reactor

CHUNK = 1 << 18

STARTS_PER_TURN = 8
"""Messages handled before looking at signals and deadlines again: a large batch must not delay the end of a step."""

PATIENCE = 0.02
"""Seconds until the client hears that an attempt has started. Most steps that are shorter end within them, which saves
waking it twice; the journal has the start at once."""

RETRY = 0.5
"""Seconds until a journal on a full disk is tried again."""


class Supervisor:
    """Parent of all steps. Stays while a client is connected or an attempt runs; its lock ends with it."""

    def __init__(self, directory: str, lock: int, client: int) -> None:
        os.chdir(directory)
        os.set_inheritable(lock, False)
        os.set_inheritable(client, False)
        self._host = Host()
        self._boot = self._host.boot_id()
        self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._journal = Journal("journal")
        self._told = self._journal.length
        self._reactor = Reactor()
        self._attempts: dict[tuple[Any, ...], Attempt] = {}
        self._processes: dict[int, ProcessAttempt] = {}
        self._launched: set[tuple[Any, ...]] = set()
        self._orders: deque[dict[str, Any]] = deque()
        self._client: socket.socket | None = None
        self._unread = b""
        self._terminated = False
        self._retrying = False
        self._news = False
        self._ringing = False
        with contextlib.suppress(FileNotFoundError):
            os.unlink("s.sock")  # noqa: PTH108 - a relative path: sockets take few characters
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind("s.sock")
        self._listener.listen(8)
        self._listener.setblocking(False)
        self._reactor.watch(self._listener.fileno(), self._accept)
        self._connect(socket.socket(fileno=client))

    def run(self) -> None:
        """Work until nobody needs it any more."""
        while self._needed():
            self._reactor.turn(wait=not self._orders)
            seen = self._reactor.take_signals()
            if signal.SIGTERM in seen:
                self._terminate()
            if signal.SIGCHLD in seen:
                self._reap()
            for _ in range(min(len(self._orders), STARTS_PER_TURN)):
                self._obey(self._orders.popleft())
            self._tell()
        os.unlink("s.sock")  # noqa: PTH108 - as above

    def _needed(self) -> bool:
        if self._attempts or self._journal.waiting:
            return True
        return not self._terminated and (self._client is not None or bool(self._orders))

    # Clients: one at a time, for one process drives a run tree; a newer one replaces one that died.

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        if self._client is not None:
            # What a dead client still had asked for is known to the next one before it looks.
            self._receive()
            self._disconnect()
        self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        client.setblocking(False)
        self._client = client
        self._reactor.watch(client.fileno(), self._receive)

    def _disconnect(self) -> None:
        if self._client is not None:
            self._reactor.forget(self._client.fileno())
            self._client.close()
        self._client, self._unread = None, b""

    def _receive(self) -> None:
        while self._client is not None:
            try:
                chunk = self._client.recv(CHUNK)
            except BlockingIOError:
                return
            except ConnectionError:
                chunk = b""
            *lines, self._unread = (self._unread + chunk).split(b"\n")
            self._orders.extend(json.loads(line) for line in lines)
            if not chunk:
                self._disconnect()

    def _send(self, **message: Any) -> None:
        """Tell the client something, or just (without members) that the journal has grown."""
        if self._client is None:
            return
        line = json.dumps(message).encode() if message else b""
        try:
            self._client.send(line + b"\n")
        except BlockingIOError:
            return  # it has plenty to read, and will look into the journal then
        except OSError:
            # It died, and what it had asked for before may have come in only now.
            self._receive()

    # Orders

    def _obey(self, order: dict[str, Any]) -> None:
        match order["order"]:
            case "start":
                self._start(order)
            case "stop":
                attempt = self._attempts.get(tuple(order["key"]))
                if attempt is not None:
                    attempt.stop(order["why"], order["reason"])
            case "kill":
                for attempt in list(self._attempts.values()):
                    attempt.stop(order["why"], order["reason"])
                    attempt.kill()
            case "attach":
                self._journal.flush()
                self._send(attached=True)
            case _:
                pass  # a newer client may know more; what it can do without is its business

    def _start(self, order: dict[str, Any]) -> None:
        key = tuple(order["key"])
        if self._terminated or key in self._launched:
            return
        # Before the program starts: from here on it may have run, whatever happens to us.
        self._journal.add(
            "launched",
            key,
            input=order["input"],
            boot=self._boot,
            secrets=bool(order["secrets"]),
            grace=order["grace"],
            at=_wall_ms(),
        )
        error = self._journal.flush()
        if error is not None:
            self._journal.forget_last()
            self._send(unstarted=key, diskFull=error.errno in NO_SPACE, reason=error.strerror)
            return
        self._launched.add(key)
        common = (order, self._reactor, self._journal, self._ended)
        attempt = ProcessAttempt(self._host, self._null, *common) if "process" in order else HttpAttempt(*common)
        self._attempts[key] = attempt
        refusal = attempt.start()
        if refusal is not None:
            attempt.end(refusal)
        elif isinstance(attempt, ProcessAttempt):
            self._processes[attempt.pid] = attempt

    def _ended(self, attempt: Attempt) -> None:
        del self._attempts[attempt.key]
        self._news = True

    def _terminate(self) -> None:
        self._terminated = True
        self._orders.clear()
        for attempt in list(self._attempts.values()):
            attempt.stop("Interrupted", "the supervisor was told to end")

    # What happened

    def _reap(self) -> None:
        while self._processes:
            pid = 0
            if hasattr(os, "waitid"):
                exited = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if exited is None:
                    return
                pid = exited.si_pid
                if pid in self._processes:
                    self._processes[pid].leader_exits()
            # Where there is no waitid (macOS before Python 3.13), the group is told to end after its leader is reaped.
            reaped, status, usage = os.wait4(pid or -1, os.WNOHANG)
            if not reaped:
                return
            attempt = self._processes.pop(reaped, None)
            if attempt is not None:
                if not pid:
                    attempt.leader_exits()
                attempt.leader_ended(status, usage)

    def _tell(self) -> None:
        if self._journal.waiting and not self._retrying:
            error = self._journal.flush()
            if error is not None:
                self._retrying = True
                self._send(unwritten=True, diskFull=error.errno in NO_SPACE, reason=error.strerror)
                self._reactor.after(RETRY, self._retry)
        if self._journal.length != self._told:
            self._told = self._journal.length
            self._ring()

    def _ring(self) -> None:
        """Wake the client: at once for an end, which makes room for the next start; a little later for anything else."""
        if self._news:
            self._news = False
            self._send()
        elif not self._ringing:
            self._ringing = True
            self._reactor.after(PATIENCE, self._ring_late)

    def _ring_late(self) -> None:
        self._ringing = False
        self._send()

    def _retry(self) -> None:
        self._retrying = False


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
