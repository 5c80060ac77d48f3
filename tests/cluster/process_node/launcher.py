"""How does the node start a container? Orders to the spawner, and futures for what it answers."""

import asyncio
import dataclasses
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.cluster.process_node.sandbox import Plan

_LINE_BYTES = 1 << 20


class NotStarted(Exception):
    """A program could not be started; the text says why."""


class Process:
    """A program that the spawner started."""

    def __init__(self, number: int, launcher: "Launcher") -> None:
        loop = asyncio.get_running_loop()
        self.number = number
        self.started: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[int] = loop.create_future()
        """Its exit code."""
        self._launcher = launcher

    def signal(self, number: int) -> None:
        """Send a signal to its first process, if it lives."""
        if not self.ended.done():
            self._launcher.order(do="signal", id=self.number, signal=number)


class Launcher:
    """The node's end of the spawner."""

    def __init__(self, starts_at_once: int) -> None:
        self._slots = asyncio.Semaphore(starts_at_once)
        self._numbers: Iterator[int] = count(1)
        self._processes: dict[int, Process] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    async def connect(self, connection: socket.socket) -> None:
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=_LINE_BYTES)
        self._listening = asyncio.create_task(self._listen(reader))

    async def start(self, plan: Plan) -> Process:
        """Start a container; raises `NotStarted`."""
        return await self._start(do="spawn", plan=dataclasses.asdict(plan))

    async def join(self, process: Process, plan: Plan) -> Process:
        """Start one more program in a container; raises `NotStarted`."""
        return await self._start(do="join", plan=dataclasses.asdict(plan), **{"in": process.number})

    async def _start(self, **order: Any) -> Process:
        async with self._slots:
            process = Process(next(self._numbers), self)
            self._processes[process.number] = process
            self.order(id=process.number, **order)
            try:
                await process.started
            except asyncio.CancelledError:
                # Nobody will ever ask for it: it must not live.
                process.signal(signal.SIGKILL)
                raise
        return process

    def order(self, **order: Any) -> None:
        assert self._writer is not None, "connect first"
        self._writer.write(json.dumps(order).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            answer = json.loads(line)
            process = self._processes[answer["id"]]
            if "started" in answer and not process.started.done():
                process.started.set_result(None)
            elif "failed" in answer and not process.started.done():
                process.started.set_exception(NotStarted(answer["failed"]))
            elif "ended" in answer:
                del self._processes[answer["id"]]
                process.ended.set_result(answer["ended"])


def start_spawner() -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """Start the spawner in the namespaces of this process, before this process grows."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "tests.cluster.process_node.spawner", str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    return ours, process
