"""Which request leads to which call, and which error to which answer?"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping

from aiohttp import web

from controller.adapters.results_service.answers import answer_of
from controller.adapters.results_service.blobs import Blobs, Owner, StoreOf
from controller.adapters.results_service.gate import Gate
from controller.adapters.results_service.limits import USUAL, Limits
from controller.adapters.results_service.receiving import checked, declared_size
from controller.adapters.results_service.tokens import Caller
from controller.errors import (
    Forbidden,
    LibrettoError,
    NotFound,
    StoreUnavailable,
    Unauthorized,
)
from controller.model.digest import DIGEST_PATTERN

Verify = Callable[[str], Awaitable[Caller]]
"""Says whose token it is."""

Observe = Callable[[str, int, int, float], None]
"""Hears of every answer: method and route, status, bytes of content in or out, seconds."""

Metrics = Callable[[], tuple[bytes, str]]
"""Gives a page of metrics and its content type."""

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

_CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)
_MOVED: web.RequestKey[int] = web.RequestKey("moved", int)


def make_application(
    *,
    store_of: StoreOf,
    verify: Verify,
    limits: Limits = USUAL,
    trusted: Collection[str] = (),
    observe: Observe = lambda *_: None,
    metrics: Metrics | None = None,
) -> web.Application:
    """Return the service. Accounts that are `trusted`, as `namespace/serviceaccount`, may name any namespace by the header
    Libretto-Namespace: the operator, when the service is libretto-store.
    """
    service = _Service(store_of, verify, limits, frozenset(trusted), observe)
    made = web.Application(middlewares=[service.answered])
    made.router.add_put("/v1/blobs/{digest}", service.put)
    made.router.add_get("/v1/blobs/{digest}", service.get, allow_head=False)
    made.router.add_head("/v1/blobs/{digest}", service.head)
    made.router.add_get("/healthz", service.healthy)
    if metrics is not None:
        page = metrics

        async def measured(_: web.Request) -> web.Response:
            content, kind = page()
            return web.Response(body=content, headers={"Content-Type": kind})

        made.router.add_get("/metrics", measured)
    return made


def runner_of(application: web.Application, limits: Limits = USUAL) -> web.AppRunner:
    """Return what runs it, with limits for connections on which nothing is asked."""
    return web.AppRunner(application, access_log=None, keepalive_timeout=limits.keep_alive_s)


class _Service:
    def __init__(
        self,
        store_of: StoreOf,
        verify: Verify,
        limits: Limits,
        trusted: frozenset[str],
        observe: Observe,
    ) -> None:
        self._store_of = store_of
        self._verify = verify
        self._limits = limits
        self._trusted = trusted
        self._observe = observe
        self._gate = Gate(limits)

    @web.middleware
    async def answered(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Say who asks, and make answers of errors."""
        loop = asyncio.get_running_loop()
        begun, status = loop.time(), 0
        try:
            response = await self._response(request, handler)
            status = response.status
        finally:
            # Status 0: an error that is none of ours; the server logs it and answers 500.
            route = request.match_info.route.resource
            where = route.canonical if route is not None else "unknown"
            self._observe(f"{request.method} {where}", status, request.get(_MOVED, 0), loop.time() - begun)
        return response

    async def put(self, request: web.Request) -> web.StreamResponse:
        digest, blobs, namespace = self._place(request)
        size = declared_size(request, self._limits)
        with self._gate.entered(namespace):
            try:
                async with asyncio.timeout(self._limits.deadline_s(size)):
                    await blobs.receive(digest, size, checked(request, digest, size, self._limits))
            except TimeoutError as error:
                raise web.HTTPRequestTimeout(text="the transfer took too long") from error
        request[_MOVED] = size
        return web.json_response({"digest": digest, "size": size}, status=201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        digest, blobs, namespace = self._place(request)
        with self._gate.entered(namespace):
            size, content = await blobs.send(digest)
            return await self._send(request, digest, size, content)

    async def head(self, request: web.Request) -> web.StreamResponse:
        digest, blobs, _ = self._place(request)
        size = await blobs.size(digest)
        if size is None:
            raise NotFound(f"there is no blob {digest}")
        return web.Response(headers={"Content-Length": str(size), "ETag": f'"{digest}"'})

    async def healthy(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n")

    async def _who(self, request: web.Request) -> Caller:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("a token is missing (Authorization: Bearer ...)")
        return await self._verify(token.strip())

    def _place(self, request: web.Request) -> tuple[str, Blobs, str]:
        caller = request[_CALLER]
        digest = request.match_info["digest"]
        if not DIGEST_PATTERN.fullmatch(digest):
            raise web.HTTPBadRequest(text="a digest is blake3: and 64 hexadecimal digits")
        namespace = request.headers.get("Libretto-Namespace", caller.namespace)
        if namespace != caller.namespace and f"{caller.namespace}/{caller.service_account}" not in self._trusted:
            raise Forbidden(f"{caller.namespace}/{caller.service_account} may not use blobs of {namespace}")
        if not NAMESPACE.fullmatch(namespace):
            raise web.HTTPBadRequest(text="Libretto-Namespace is no name of a namespace")
        return digest, self._store_of(namespace, _owner(request.headers)), namespace

    async def _send(
        self, request: web.Request, digest: str, size: int, content: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"ETag": f'"{digest}"', "Content-Type": "application/octet-stream"})
        response.content_length = size
        try:
            async with asyncio.timeout(self._limits.deadline_s(size)):
                async for part in content:
                    # Only when there is a part it is known that the content can be had at all.
                    await response.prepare(request)
                    async with asyncio.timeout(self._limits.quiet_s):
                        await response.write(part)
                    request[_MOVED] = request.get(_MOVED, 0) + len(part)
                await response.prepare(request)
                await response.write_eof()
        except (LibrettoError, OSError) as error:
            if not response.prepared:
                raise (
                    error if isinstance(error, LibrettoError) else StoreUnavailable("the store is too slow")
                ) from error
            # The head said how much would come: only the end of the connection says that it does not.
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _response(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            if request.path.startswith("/v1/"):
                request[_CALLER] = await self._who(request)
            return await handler(request)
        except (LibrettoError, web.HTTPException) as error:
            return answer_of(error)


def _owner(headers: Mapping[str, str]) -> Owner | None:
    name, _, uid = headers.get("Libretto-Owner", "").partition("/")
    return Owner(name, uid) if name and uid else None
