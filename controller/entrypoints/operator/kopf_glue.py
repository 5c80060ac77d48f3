"""kopf as a source of events, and nothing more: what it sees goes into our caches, which wake our queue."""

import asyncio
import gc
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import aiohttp
import kopf
from aiohttp.base_protocol import BaseProtocol

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.resources import Resource

Json = dict[str, Any]

GARBAGE = (100_000, 50, 1000)
"""Without it Python searches the caches through again and again: a third of the cost of an event, as measured."""


class _NoDiff(kopf.DiffBaseStorage):
    """kopf keeps no copy of an object's last state: it would be an annotation on each."""

    def build(self, *, body: kopf.Body, extra_fields: Any = None) -> Any:  # noqa: ARG002
        return {}

    def fetch(self, *, body: kopf.Body) -> Any:  # noqa: ARG002
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: Any) -> None:
        """Nothing is stored."""


class _NoProgress(kopf.ProgressStorage):
    """kopf keeps no progress of handlers: ours have none."""

    def fetch(self, *, key: Any, body: kopf.Body) -> Any:  # noqa: ARG002
        return None

    def store(self, *, key: Any, record: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Nothing is stored."""

    def purge(self, *, key: Any, body: kopf.Body, patch: kopf.Patch) -> None:
        """Nothing is stored."""

    def touch(self, *, body: kopf.Body, patch: kopf.Patch, value: Any) -> None:
        """Nothing is stored."""

    def clear(self, *, essence: Any) -> Any:
        return essence


class _Backoffs:
    """A fresh, endless series of waits for each call, so that an outage of any length is survived."""

    def __iter__(self) -> Iterator[float]:
        return itertools.chain((0.2, 0.5, 1, 2), itertools.repeat(5))


def configured(settings: kopf.OperatorSettings) -> None:
    """Turn off everything of kopf's that writes, guesses or waits."""
    settings.persistence.diffbase_storage = _NoDiff()
    settings.persistence.progress_storage = _NoProgress()
    settings.persistence.consistency_timeout = 0
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.networking.error_backoffs = _Backoffs()
    settings.networking.request_timeout, settings.networking.connect_timeout = 30, 5
    settings.process.ultimate_exiting_timeout = 25
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def registry(
    caches: Mapping[Resource, Cache],
    session: Callable[[], aiohttp.ClientSession],
    server: str,
    startup: Callable[[], Awaitable[None]],
    cleanup: Callable[[], Awaitable[None]],
) -> kopf.OperatorRegistry:
    """Return the handlers: each event goes into its cache, in microseconds."""
    made = kopf.OperatorRegistry()

    @kopf.on.startup(registry=made)
    async def started(settings: kopf.OperatorSettings, **_: Any) -> None:
        configured(settings)
        await startup()

    @kopf.on.cleanup(registry=made)
    async def ended(**_: Any) -> None:
        await cleanup()

    @kopf.on.login(registry=made)
    async def login(**_: Any) -> kopf.AiohttpSession:
        # kopf closes it when the API server says 401, so it is a new one each time.
        return kopf.AiohttpSession(server=server, aiohttp_session=session())

    for resource, cache in caches.items():
        kopf.on.event(resource.group, resource.version, resource.plural, registry=made)(_observer(resource, cache))
    return made


_GONE = b'{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,"reason":"Expired"}}\n'


async def gone_is_an_event(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Middleware of kopf's session: that a watch cannot go on may be told as its status as well as in its stream.

    kopf lists again for the second and ends for the first, and with it the whole operator.
    """
    response = await handler(request)
    if response.status == HTTPStatus.GONE and request.url.query.get("watch") == "true":
        await response.read()
        loop = asyncio.get_running_loop()
        content = aiohttp.StreamReader(BaseProtocol(loop), len(_GONE), loop=loop)
        content.feed_data(_GONE)
        content.feed_eof()
        response.status, response.content = HTTPStatus.OK, content
    return response


def session(connection: Connection, *middlewares: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
    """Return a session for kopf, which sets a timeout of its own for each call."""
    return connection.session(aiohttp.ClientTimeout(total=None), gone_is_an_event, *middlewares)


def _observer(resource: Resource, cache: Cache) -> Callable[..., Awaitable[None]]:
    async def seen(event: Mapping[str, Any], **_: Any) -> None:
        given = dict(event["object"])
        # kopf gives what a list holds without its kind.
        given.setdefault("kind", resource.kind)
        given.setdefault("apiVersion", resource.api_version)
        given["metadata"] = dict(given["metadata"])
        if event["type"] == "DELETED":
            cache.remove(given)
        else:
            cache.put(given)

    return seen


async def serve(made: kopf.OperatorRegistry, namespaces: Sequence[str]) -> None:
    """Run kopf until it is cancelled."""
    await kopf.operator(
        registry=made,
        clusterwide=not namespaces,
        namespaces=tuple(namespaces),
        standalone=True,
    )
