"""What goes over the wire, and what becomes of what comes back: a client beside a small server in the same process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from controller.adapters.cluster import connection as connections
from controller.adapters.cluster.client import JSON_PATCH, METADATA_LIST, Client
from controller.adapters.cluster.connection import AGENT, Connection
from controller.adapters.cluster.resources import CONFIG_MAPS, JOBS, RUNS
from controller.errors import ConfigurationInvalid, NotFound, ServerUnavailable, Unauthorized

Json = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Wire:
    """A server that keeps what it was asked, and a client of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.counted: list[tuple[str, str, int]] = []
        self.answer: Answer = self._fine
        self.client: Client

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, dict(request.query), await request.read()))
        self.headers.append(dict(request.headers))
        return await self.answer(request)

    async def _fine(self, _: web.Request) -> web.Response:
        return web.json_response({"metadata": {"name": "a"}})


def text(content: str, code: int = 200) -> Answer:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=content, status=code)

    return answer


async def cut(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def wire(**options: Any) -> AsyncIterator[Wire]:
    made = Wire()
    application = web.Application(client_max_size=2**24)
    application.router.add_route("*", "/{path:.*}", made.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.client = Client(
        Connection(f"http://127.0.0.1:{port}/", None, **options), lambda *call: made.counted.append(call)
    )
    try:
        yield made
    finally:
        await made.client.close()
        await runner.cleanup()


def wired(test: Callable[[Wire], Awaitable[None]]) -> Callable[[], None]:
    def play() -> None:
        async def whole() -> None:
            async with asyncio.timeout(30), wire() as made:
                await test(made)

        asyncio.run(whole())

    play.__name__ = test.__name__
    return play


@wired
async def test_words_of_the_wire(one: Wire) -> None:
    client = one.client
    await client.get(JOBS, "space", "a", "status")
    await client.list(RUNS, labels="x=y", parameters={"resourceVersion": "7"})
    await client.create(CONFIG_MAPS, "space", {"a": 1}, dry_run=True)
    await client.create(CONFIG_MAPS, "space", b'{"raw": 1}')
    await client.replace(JOBS, "space", "a", {"b": 2})
    await client.patch(RUNS, "space", "a", {"status": {}}, subresource="status")
    await client.patch(RUNS, "space", "a", [], form=JSON_PATCH)
    await client.delete(JOBS, "space", "a", uid="u")
    await client.delete_collection(JOBS, "space", "x=y")
    assert one.asked == [
        ("GET", "/apis/batch/v1/namespaces/space/jobs/a/status", {}, b""),
        ("GET", "/apis/libretto.dev/v1alpha1/runs", {"labelSelector": "x=y", "resourceVersion": "7"}, b""),
        ("POST", "/api/v1/namespaces/space/configmaps", {"dryRun": "All"}, b'{"a":1}'),
        ("POST", "/api/v1/namespaces/space/configmaps", {}, b'{"raw": 1}'),
        ("PUT", "/apis/batch/v1/namespaces/space/jobs/a", {}, b'{"b":2}'),
        ("PATCH", "/apis/libretto.dev/v1alpha1/namespaces/space/runs/a/status", {}, b'{"status":{}}'),
        ("PATCH", "/apis/libretto.dev/v1alpha1/namespaces/space/runs/a", {}, b"[]"),
        (
            "DELETE",
            "/apis/batch/v1/namespaces/space/jobs/a",
            {},
            b'{"propagationPolicy":"Background","preconditions":{"uid":"u"}}',
        ),
        (
            "DELETE",
            "/apis/batch/v1/namespaces/space/jobs",
            {"labelSelector": "x=y", "propagationPolicy": "Background"},
            b"",
        ),
    ]
    assert {sent["User-Agent"] for sent in one.headers} == {AGENT}
    assert [sent["Content-Type"] for sent in one.headers[5:7]] == [
        "application/merge-patch+json",
        "application/json-patch+json",
    ]
    verbs = ["get", "list", "create", "create", "update", "patch", "patch", "delete", "deletecollection"]
    assert [verb for verb, _, _ in one.counted] == verbs


@wired
async def test_metadata_alone(one: Wire) -> None:
    await one.client.list_metadata(JOBS, "space", labels="x")
    assert one.headers[0]["Accept"] == METADATA_LIST


@wired
async def test_a_refusal_is_our_error_and_is_counted(one: Wire) -> None:
    one.answer = text('{"message": "jobs \\"a\\" not found"}', 404)
    with pytest.raises(NotFound, match="get jobs a"):
        await one.client.get(JOBS, "space", "a")
    assert one.counted == [("get", "jobs", 404)]


@wired
async def test_no_answer(one: Wire) -> None:
    one.answer = cut
    with pytest.raises(ServerUnavailable, match="no answer of the API server"):
        await one.client.create(JOBS, "space", {})
    assert one.counted == [("create", "jobs", 0)]


@wired
async def test_an_answer_of_something_else(one: Wire) -> None:
    one.answer = text("<html>a proxy says hello</html>")
    with pytest.raises(ServerUnavailable, match="no JSON"):
        await one.client.get(JOBS, "space", "a")


@wired
async def test_a_large_body_goes_whole(one: Wire) -> None:
    await one.client.create(CONFIG_MAPS, "space", {"data": {"x": "y" * 2**21}})
    assert len(one.asked[0][3]) > 2**21


def test_nobody_listens() -> None:
    async def whole() -> None:
        client = Client(Connection("http://127.0.0.1:1", None))
        with pytest.raises(ServerUnavailable):
            await client.get(JOBS, "space", "a")
        await client.close()

    asyncio.run(whole())


@wired
async def test_a_stream_that_says_nothing_ends(one: Wire) -> None:
    begun = asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        await reply.write(b'{"type":"BOOKMARK"}\n')
        await begun.wait()
        return reply

    one.answer = silent
    said: list[bytes] = []

    async def listen() -> None:
        async with one.client.stream(JOBS, "space", {"watch": "true"}, 0.1) as stream:
            while True:
                said.append(await stream.readany())

    with pytest.raises(ServerUnavailable, match="the stream broke"):
        await listen()
    begun.set()
    assert said == [b'{"type":"BOOKMARK"}\n']
    assert one.counted == [("watch", "jobs", 200)]


@wired
async def test_a_stream_that_is_refused(one: Wire) -> None:
    one.answer = text("{}", 404)
    with pytest.raises(NotFound):
        async with one.client.stream(JOBS, "space", {}, 1):
            pass


def test_a_token_is_read_again_when_it_is_old_and_when_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")

    async def whole() -> None:
        async with wire(token_file=token) as one:
            await one.client.get(JOBS, "space", "a")
            token.write_text("second\n")
            await one.client.get(JOBS, "space", "a")
            one.answer = text("{}", 401)
            with pytest.raises(Unauthorized):
                await one.client.get(JOBS, "space", "a")
            one.answer = one._fine
            await one.client.get(JOBS, "space", "a")
            monkeypatch.setattr(connections, "TOKEN_S", -1.0)
            token.write_text("third\n")
            await one.client.get(JOBS, "space", "a")
            sent = [headers["Authorization"].removeprefix("Bearer ") for headers in one.headers]
            assert sent == ["first", "first", "first", "second", "third"]

    asyncio.run(whole())


def test_outside_of_a_pod(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="no pod"):
        Connection.in_cluster({}, tmp_path)
    with pytest.raises(ConfigurationInvalid, match="no pod"):
        Connection.in_cluster({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)
