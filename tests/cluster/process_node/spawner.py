"""Who forks the containers? A small process that does nothing else, so that a fork copies little and waits for nobody.

It is started by the node before anything heavy is imported there, hears orders as JSON lines on a socket and answers
with what happened. It is the parent of every container: when it ends, by whatever cause, the kernel kills them all.

Orders: `{do: spawn, id, plan}`, `{do: join, id, in, plan}`, `{do: signal, id, signal}`.
Answers: `{id, started: true}`, `{id, failed: text}`, `{id, ended: code}`. An id is used once.
"""

import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any

from tests.cluster.process_node import sandbox

_RECEIVE_BYTES = 1 << 20


class _Spawner:
    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._selector = selectors.DefaultSelector()
        self._pids: dict[int, int] = {}
        self._ids: dict[int, int] = {}
        self._starting: dict[int, int] = {}
        """Pipes on which a child that has not yet come to its program tells why not, by process id."""
        self._own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY)

    def serve(self) -> None:
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(wake_read, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._selector.register(self._orders, selectors.EVENT_READ, "orders")
        self._selector.register(wake_read, selectors.EVENT_READ, "child")
        pending = b""
        while True:
            for key, _ in self._selector.select():
                if key.data == "orders":
                    received = self._orders.recv(_RECEIVE_BYTES)
                    if not received:
                        return
                    *lines, pending = (pending + received).split(b"\n")
                    for line in lines:
                        self._obey(json.loads(line))
                elif key.data == "child":
                    os.read(wake_read, 4096)
                    self._reap()
                elif key.data in self._starting:
                    self._hear_start(key.data)

    def _obey(self, order: Mapping[str, Any]) -> None:
        if order["do"] == "signal":
            pid = self._pids.get(order["id"])
            if pid is not None:
                os.kill(pid, order["signal"])
            return
        first = self._pids.get(order["in"], 0) if order["do"] == "join" else None
        if first == 0:
            self._answer(order["id"], failed="the container is not running")
            return
        read, write = os.pipe()
        pid = os.fork() if first else sandbox.fork_as_first(self._own_namespace)
        if pid == 0:
            _child(sandbox.Plan.of(order["plan"]), first, write)
        os.close(write)
        self._pids[order["id"]] = pid
        self._ids[pid] = order["id"]
        self._starting[pid] = read
        self._selector.register(read, selectors.EVENT_READ, pid)

    def _hear_start(self, pid: int) -> None:
        pipe = self._starting.pop(pid)
        self._selector.unregister(pipe)
        text = b""
        while chunk := os.read(pipe, 4096):
            text += chunk
        os.close(pipe)
        if text:
            self._answer(self._ids[pid], failed=text.decode(errors="replace"))
        else:
            self._answer(self._ids[pid], started=True)

    def _reap(self) -> None:
        while self._ids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in self._starting:
                self._hear_start(pid)
            number = self._ids.pop(pid)
            del self._pids[number]
            self._answer(number, ended=sandbox.exit_code(status))

    def _answer(self, number: int, **what: Any) -> None:
        self._orders.sendall(json.dumps({"id": number, **what}).encode() + b"\n")


def _child(plan: sandbox.Plan, first: int | None, problem: int) -> None:
    try:
        if first is None:
            sandbox.become(plan)
        sandbox.join(first, plan, problem)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told and the child ends
        os.write(problem, str(error).encode()[:4000] or b"it could not be started")
        os._exit(128)


if __name__ == "__main__":
    _Spawner(socket.socket(fileno=int(sys.argv[1]))).serve()
