"""A proxy in front of the API server that does to calls what networks do, as a test says. It runs in a thread of its own.

Clients speak plain HTTP with it; it speaks with the API server as one user. So it can stand between an operator that is
a process and the real API server, or between a client of the test's own and the same.
"""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from tests.cluster.control_plane import ControlPlane
from tests.cluster.faults import Answer, Call, Cut, Delay, Drop, Fault, Hang, Matches, Rule, Stream, Twice, call_of

T = TypeVar("T")

_PASSED_ON = ("Content-Type", "Accept", "User-Agent")
_BUFFER = 2**24

Interposed = Callable[[Call], bool]
"""Told of a write, in a thread where it may block. False: its sender is gone, and so is the call or the answer."""


class FaultProxy:
    """Stands between clients and the API server until it is closed."""

    def __init__(self, control_plane: ControlPlane, user: str, groups: Sequence[str] = ()) -> None:
        self._server = control_plane.server
        certificate, key = control_plane.client_certificate(user, groups)
        self._tls = ssl.create_default_context(cafile=str(control_plane.ca))
        self._tls.load_cert_chain(certificate, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.calls: list[Call] = []
        self.before: Interposed = lambda _: True
        """Asked before a write is passed on."""
        self.after: Interposed = lambda _: True
        """Asked after a write was answered, before its sender hears of it."""
        self._rules: list[Rule] = []
        self._hanging: asyncio.Event
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxy", daemon=True)
        self._thread.start()
        self._do(self._open())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig by which programs come here."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "anybody", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "anybody"}}],
            "current-context": "proxy",
        }
        path.write_text(json.dumps(content))
        return path

    def when(self, matches: Matches, fault: Fault, times: int = 1) -> Rule:
        """Have a fault happen to the next calls that match. Earlier rules come first."""
        made = Rule(matches, fault, times)
        self._rules.append(made)
        return made

    def calm(self) -> None:
        """Let everything pass from now on; what hangs is reset."""
        self._rules.clear()
        self._do(self._reset())

    def silence(self) -> int:
        """Cut all watches without a word: they stay open, and nothing comes any more. Return how many there are."""
        return self._do(self._silence())

    def refuse(self) -> None:
        """Be away: connections are reset, and new ones refused."""
        self._do(self._leave())

    def accept(self) -> None:
        """Be back, at the same address."""
        self._do(self._listen(socket.create_server(("127.0.0.1", self.port))))

    def close(self) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # In the proxy's own thread

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _open(self) -> None:
        self._hanging = asyncio.Event()
        self._streams: dict[int, bool] = {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
            read_bufsize=_BUFFER,
        )
        application = web.Application(client_max_size=_BUFFER)
        application.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await self._listen(self._socket)

    async def _listen(self, listener: socket.socket) -> None:
        self._site = web.SockSite(self._runner, listener)
        await self._site.start()

    async def _leave(self) -> None:
        await self._site.stop()
        await self._reset()

    async def _reset(self) -> None:
        self._hanging.set()
        self._hanging = asyncio.Event()
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _silence(self) -> int:
        for number in self._streams:
            self._streams[number] = True
        return len(self._streams)

    async def _end(self) -> None:
        await self._reset()
        await self._site.stop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._reset()
        await self._runner.cleanup()
        await self._session.close()
        await asyncio.sleep(0.05)  # what was aborted closes its sockets

    async def _take(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        if transport is None:
            return web.Response()
        try:
            return await self._pass_on(request)
        except (aiohttp.ClientError, OSError):
            transport.abort()  # the API server itself is away, or the client
            return web.Response()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        call = call_of(len(self.calls), request.method, request.path, request.query)
        self.calls.append(call)
        body = await request.read()
        fault = next((rule.fault for rule in self._rules if rule.takes(call)), None)
        match fault:
            case Answer():
                return _answered(fault)
            case Drop(carried_out=False):
                return _dropped(request)
            case Hang():
                await self._hanging.wait()
                return _dropped(request)
            case Delay(seconds=seconds):
                await asyncio.sleep(seconds)
            case Twice():
                async with self._ask(request, body) as first:
                    await first.read()
            case _:
                pass
        if call.writes and not await asyncio.to_thread(self.before, call):
            return _dropped(request)
        async with self._ask(request, body) as reply:
            if call.watch and reply.status == 200:
                return await self._stream(request, reply, call, fault if isinstance(fault, Stream) else Stream())
            content = await reply.read()
            headers = {name: reply.headers[name] for name in ("Content-Type", "Retry-After") if name in reply.headers}
        if call.writes and not await asyncio.to_thread(self.after, call):
            return _dropped(request)
        if isinstance(fault, Drop):
            return _dropped(request)
        if isinstance(fault, Cut):
            return await _cut(request, content, headers)
        return web.Response(status=reply.status, body=content, headers=headers)

    def _ask(self, request: web.Request, body: bytes) -> Any:
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        url = self._server + request.path_qs
        return self._session.request(request.method, url, data=body or None, headers=headers)

    async def _stream(
        self, request: web.Request, reply: aiohttp.ClientResponse, call: Call, fault: Stream
    ) -> web.StreamResponse:
        passed = web.StreamResponse(headers={"Content-Type": reply.headers["Content-Type"]})
        await passed.prepare(request)
        self._streams[call.number] = False
        left, rest = fault.events, b""
        try:
            while chunk := await reply.content.readany():
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                told, left = lines[: max(0, left)], left - len(lines)
                if told and not self._streams[call.number]:
                    await passed.write(b"".join(line + b"\n" for line in told for _ in range(fault.times)))
                if left <= 0 and not fault.silent:
                    return passed
                if left <= 0:
                    self._streams[call.number] = True
            if self._streams[call.number]:
                await self._hanging.wait()  # also the end is kept from the client
        finally:
            del self._streams[call.number]
        return passed


def _answered(fault: Answer) -> web.Response:
    status = {"kind": "Status", "status": "Failure", "code": fault.code, "reason": fault.reason, "message": "a fault"}
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return web.json_response(status, status=fault.code, headers=headers)


def _dropped(request: web.Request) -> web.Response:
    with suppress(AttributeError):
        request.transport.abort()  # type: ignore[union-attr]
    return web.Response()


async def _cut(request: web.Request, content: bytes, headers: dict[str, str]) -> web.StreamResponse:
    half = web.StreamResponse(headers={**headers, "Content-Length": str(len(content))})
    await half.prepare(request)
    await half.write(content[: len(content) // 2])
    _dropped(request)
    return half
