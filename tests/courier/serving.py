"""A results service that really listens, in a thread of this process; it can be away, and break."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from controller.adapters.clock import SystemClock
from controller.adapters.file_blob_store import FileBlobs, FileBlobStore
from controller.adapters.results_service.application import make_application, runner_of
from controller.adapters.results_service.blobs import Blobs, Owner, StoreOf
from controller.adapters.results_service.limits import USUAL, Limits
from controller.adapters.results_service.tokens import TokenVerifier
from tests.courier.issuing import ApiServer, Signer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Serving:
    """A service. `failing` requests more are answered 503 before any other code sees them."""

    def __init__(
        self,
        folder: Path,
        store_of: StoreOf | None = None,
        limits: Limits = USUAL,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self.folder = folder
        self.signer = Signer.elliptic("key-1")
        self.failing = 0
        self.requests: list[str] = []
        self.owners: list[Owner | None] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._store_of = store_of or self.files
        self._limits = limits

    @property
    def url(self) -> str:
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    def files(self, namespace: str, owner: Owner | None) -> Blobs:
        self.owners.append(owner)
        return FileBlobs(self.folder / namespace)

    def stored(self, namespace: str = "team-a") -> FileBlobStore:
        """What is kept of a namespace."""
        return FileBlobStore(self.folder / namespace)

    def token(self) -> str:
        return self.signer.token(time.time())

    @contextmanager
    def running(self) -> Iterator["Serving"]:
        """Listen; within the block it does."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        runner = asyncio.run_coroutine_threadsafe(self._start(), loop).result(30)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(30)
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def _start(self) -> web.AppRunner:
        made = make_application(
            store_of=self._store_of,
            verify=TokenVerifier(ApiServer(self.signer).issuer, SystemClock()),
            limits=self._limits,
        )
        made.middlewares.insert(0, self._failing)
        runner = runner_of(made, self._limits)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True, ssl_context=self._tls).start()
        return runner

    @web.middleware
    async def _failing(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if self.failing > 0:
            self.failing -= 1
            return web.Response(status=503, text="upstream connect error")
        return await handler(request)
