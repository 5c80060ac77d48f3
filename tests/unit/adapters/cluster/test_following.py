"""Who looks on is woken by what changes, whatever becomes of the streams."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import orjson
import pytest

from controller.adapters.cluster import following
from controller.adapters.cluster.following import Following
from controller.adapters.cluster.resources import Resource
from controller.adapters.cluster.run_objects import RunObjects
from controller.errors import Forbidden, ServerUnavailable
from tests.unit.adapters.cluster.answering_client import Call
from tests.unit.adapters.cluster.api_server import ApiServer, child, run

Json = dict[str, Any]


class Streams(ApiServer):
    """Serves watches: what is put into `events` comes out of the watch of that kind of selector."""

    def __init__(self, *objects: Json) -> None:
        super().__init__(*objects)
        self.events: dict[str, asyncio.Queue[Json | Exception | None]] = {}
        self.opened: list[tuple[str, str]] = []

    async def answer(self, call: Call) -> Any:
        if call.verb != "list":
            return await super().answer(call)
        fields = call.query.get("fieldSelector", "").removeprefix("metadata.name=")
        found = await super().answer(call._replace(query={"labelSelector": call.labels}))
        items = [one for one in found["items"] if not fields or one["metadata"]["name"] == fields]
        return {"items": items, "metadata": {"resourceVersion": "7"}}

    @asynccontextmanager
    async def stream(
        self, resource: Resource, namespace: str | None, query: Mapping[str, str], quiet_s: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        del resource, namespace, quiet_s
        kind = "root" if "fieldSelector" in query else "below"
        self.opened.append((kind, query["resourceVersion"]))
        queue = self.events.setdefault(kind, asyncio.Queue())
        yield cast("aiohttp.StreamReader", _Reader(queue))

    async def tell(self, kind: str, event: Json | Exception | None) -> None:
        await self.events.setdefault(kind, asyncio.Queue()).put(event)


class _Reader:
    """A stream of lines, each of which comes in two pieces; None ends it."""

    def __init__(self, queue: "asyncio.Queue[Json | Exception | None]") -> None:
        self._queue = queue
        self._rest = b""

    async def readany(self) -> bytes:
        if self._rest:
            rest, self._rest = self._rest, b""
            return rest
        given = await self._queue.get()
        if isinstance(given, Exception):
            raise given
        if given is None:
            return b""
        line = orjson.dumps(given) + b"\n"
        self._rest = line[10:]
        return line[:10]


def event(kind: str, one: Json, version: str) -> Json:
    return {"type": kind, "object": {**one, "metadata": {**one["metadata"], "resourceVersion": version}}}


def played(
    play: Callable[[Streams, RunObjects, Following, list[str]], Awaitable[None]], *objects: Json
) -> tuple[Streams, list[str]]:
    server, said = Streams(*objects), list[str]()

    async def played_() -> None:
        runs = RunObjects(server, "space", lambda *_: None)
        one = Following(server, runs, run("q3"), said.append)
        await one.begin()
        try:
            await asyncio.wait_for(play(server, runs, one, said), 20)
        finally:
            await one.end()

    asyncio.run(played_())
    return server, said


async def until_news(one: Following) -> None:
    while not one.news():
        await one.pause(5)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "SHORTEST_S", 0.001)


def test_the_tree_is_listed_and_then_watched_from_there() -> None:
    async def play(server: Streams, runs: RunObjects, one: Following, _: list[str]) -> None:
        assert one.news()
        assert not one.news()
        await server.tell("below", event("ADDED", child("a", "q3", "q3"), "8"))
        await until_news(one)
        assert [each["metadata"]["name"] for each in runs.tree("uid-q3")] == ["a", "q3"]
        changed = run("q3", status={"state": "Succeeded"})
        await server.tell("root", event("MODIFIED", changed, "9"))
        await until_news(one)
        found = runs.find("uid-q3")
        assert found is not None
        assert found["status"]["state"] == "Succeeded"

    server, said = played(play, run("q3"), run("other"))
    assert sorted(server.opened) == [("below", "7"), ("root", "7")]
    assert said == []


def test_a_closed_stream_goes_on_from_where_it_was_and_a_forgotten_one_from_a_list() -> None:
    async def play(server: Streams, _: RunObjects, one: Following, __: list[str]) -> None:
        one.news()
        await server.tell("root", event("BOOKMARK", run("q3"), "8"))
        await server.tell("root", None)
        await server.tell("root", event("MODIFIED", run("q3"), "9"))
        await until_news(one)
        await server.tell("root", {"type": "ERROR", "object": {"code": 410, "message": "too old"}})
        await until_news(one)  # the list
        await server.tell("root", event("MODIFIED", run("q3"), "10"))
        await until_news(one)

    server, _ = played(play, run("q3"))
    assert [version for kind, version in server.opened if kind == "root"] == ["7", "8", "7"]


def test_why_there_is_nothing_to_see_is_said_once() -> None:
    async def play(server: Streams, _: RunObjects, one: Following, said: list[str]) -> None:
        one.news()
        for _tries in range(3):
            await server.tell("below", ServerUnavailable("no answer"))
        while not said:
            await one.pause(0.01)
        await server.tell("root", event("MODIFIED", run("q3"), "9"))
        await until_news(one)

    _, said = played(play, run("q3"))
    assert said == ["ServerUnavailable: no answer"]


@pytest.mark.parametrize("how", ["told", "found out"])
def test_a_run_that_is_deleted_is_gone(how: str) -> None:
    async def play(server: Streams, runs: RunObjects, one: Following, _: list[str]) -> None:
        one.news()
        del server.objects["Run", "q3"]
        told = event("DELETED", run("q3"), "9") if how == "told" else {"type": "ERROR", "object": {"message": "old"}}
        await server.tell("root", told)
        await until_news(one)
        assert one.gone
        assert how != "told" or runs.tree("uid-q3") == []

    played(play, run("q3"))


def test_who_may_not_list_is_told_at_once() -> None:
    class Closed(Streams):
        async def answer(self, call: Call) -> Any:
            assert call.verb == "list"
            raise Forbidden("no")

    async def begin() -> None:
        server = Closed()
        await Following(server, RunObjects(server, "space", lambda *_: None), run("q3"), print).begin()

    with pytest.raises(Forbidden):
        asyncio.run(begin())
