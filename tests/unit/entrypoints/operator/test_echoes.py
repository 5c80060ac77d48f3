"""What an operator wrote itself is not read again; everything else comes through as it was, however it is cut."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller.adapters.cluster.resources import RUNS
from controller.entrypoints.operator.echoes import WithoutEchoes

PATH = "/apis/libretto.dev/v1alpha1/runs"
KNOWN = {"uid-a": "7"}


def event(kind: str, version: int, uid: str = "uid-a", **spec: object) -> bytes:
    """An event as an API server writes it: members in the order of the alphabet."""
    fields = {"fieldsV1": {"f:status": {"f:state": {}}}, "manager": "libretto"}
    metadata = {
        "managedFields": [fields],
        "name": "a",
        "namespace": "space",
        "resourceVersion": str(version),
        "uid": uid,
    }
    given = {"apiVersion": "libretto.dev/v1alpha1", "kind": "Run", "metadata": metadata, "spec": spec}
    return orjson.dumps({"type": kind, "object": given}) + b"\n"


def seen(sent: bytes, *, cut: int = 1 << 16, query: str = "?watch=true", status: int = 200, path: str = PATH) -> bytes:
    """Return what kopf reads of what a server sends."""

    async def reply(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=status)
        await answer.prepare(request)
        for start in range(0, len(sent), cut):
            await answer.write(sent[start : start + cut])
        return answer

    async def chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        async for chunk in response.content.iter_chunked(cut):
            yield chunk

    async def whole() -> bytes:
        application = web.Application()
        application.router.add_get(path, reply)
        async with TestServer(application) as server:
            without = WithoutEchoes(RUNS, KNOWN.get)
            async with (
                aiohttp.ClientSession(middlewares=(without,)) as session,
                session.get(str(server.make_url(path)) + query) as response,
            ):
                return b"".join([chunk async for chunk in chunks(response)])

    return asyncio.run(whole())


ECHO = event("MODIFIED", 7)
NEWS = {
    "a newer version": event("MODIFIED", 8),
    "an older version": event("MODIFIED", 6),
    "another object": event("MODIFIED", 7, "uid-b"),
    "an object of which a spec only looks like it": event("MODIFIED", 8, resourceVersion="7", uid="uid-a"),
    "a new object": event("ADDED", 7),
    "a deletion": event("DELETED", 7),
    "a bookmark": b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n',
    "an error": b'{"type":"ERROR","object":{"code":410}}\n',
    "no JSON": b"<html>\n",
    "a line without an end": b'{"type":"MODI',
}


@pytest.mark.parametrize("news", NEWS.values(), ids=NEWS)
@pytest.mark.parametrize("cut", [1 << 16, 50, 1])
def test_only_echoes_are_left_out(news: bytes, cut: int) -> None:
    assert seen(ECHO + news, cut=cut) == news
    assert seen(ECHO + ECHO, cut=cut) == b""


@pytest.mark.parametrize(
    "other",
    [{"query": ""}, {"status": 410}, {"path": PATH.replace("runs", "agents")}],
    ids=["a list", "a refusal", "agents"],
)
def test_nothing_else_is_touched(other: dict[str, object]) -> None:
    assert seen(ECHO, **other) == ECHO  # type: ignore[arg-type]


def test_a_response_that_is_closed_ends_its_reader_as_before() -> None:
    """kopf ends its watches so."""

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(NEWS["a newer version"])
        await asyncio.Event().wait()
        return answer

    async def whole() -> None:
        application = web.Application()
        application.router.add_get(PATH, endless)
        without = WithoutEchoes(RUNS, KNOWN.get)
        async with (
            TestServer(application, shutdown_timeout=0) as server,
            aiohttp.ClientSession(middlewares=(without,)) as session,
        ):
            response = await session.get(str(server.make_url(PATH)) + "?watch=true")
            chunks = response.content.iter_chunked(100_000)
            assert await anext(chunks) == NEWS["a newer version"]
            response.close()
            with pytest.raises(aiohttp.ClientConnectionError):
                await anext(chunks)

    asyncio.run(asyncio.wait_for(whole(), 10))
