"""kopf as a source of events: it feeds our caches, writes nothing, and survives an API server that is away."""

import asyncio
import gc
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import aiohttp
import kopf
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.resources import RUNS
from controller.entrypoints.operator import kopf_glue

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def garbage() -> Iterator[None]:
    """The collector as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def run(name: str, version: int, **status: Any) -> Json:
    metadata = {"name": name, "namespace": "space", "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"orchestrationRef": {"name": "nightly"}}, "status": status}


class ApiServer:
    """As much of an API server as kopf asks of one that must not be written to."""

    def __init__(self, *runs: Json) -> None:
        self.runs = list(runs)
        self.version = 100
        self.asked: list[str] = []
        self.events: asyncio.Queue[Json | None] = asyncio.Queue()
        """What the watch tells next; None: it is closed."""
        self.refusals = 0
        """So many lists are answered with 503."""
        self.forgotten = 0
        """So many watches are answered with 410."""

    def application(self) -> web.Application:
        made = web.Application()
        made.router.add_get("/api", self._versions)
        made.router.add_get("/api/v1", self._core)
        made.router.add_get("/apis", self._groups)
        made.router.add_get("/apis/libretto.dev/v1alpha1", self._resources)
        made.router.add_get("/apis/libretto.dev/v1alpha1/runs", self._runs)
        made.router.add_get("/apis/libretto.dev/v1alpha1/namespaces/{_}/runs", self._runs)
        made.router.add_route("*", "/{path:.*}", self._else)
        return made

    async def _versions(self, _: web.Request) -> web.Response:
        return web.json_response({"kind": "APIVersions", "versions": ["v1"]})

    async def _core(self, _: web.Request) -> web.Response:
        found = {"name": "namespaces", "singularName": "namespace", "namespaced": False, "kind": "Namespace"}
        return web.json_response({"groupVersion": "v1", "resources": [found | {"verbs": ["get", "list", "watch"]}]})

    async def _groups(self, _: web.Request) -> web.Response:
        version = {"groupVersion": "libretto.dev/v1alpha1", "version": "v1alpha1"}
        group = {"name": "libretto.dev", "versions": [version], "preferredVersion": version}
        return web.json_response({"kind": "APIGroupList", "groups": [group]})

    async def _resources(self, _: web.Request) -> web.Response:
        verbs = ["get", "list", "watch", "patch", "create", "update", "delete"]
        found = {"name": "runs", "singularName": "run", "namespaced": True, "kind": "Run", "verbs": verbs}
        body = {"kind": "APIResourceList", "groupVersion": "libretto.dev/v1alpha1", "resources": [found]}
        return web.json_response(body)

    async def _runs(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch") != "true":
            self.asked.append(f"list {request.path.removeprefix('/apis/libretto.dev/v1alpha1/')}")
            if self.refusals:
                self.refusals -= 1
                return web.json_response({"code": 503}, status=503)
            metadata = {"resourceVersion": str(self.version)}
            return web.json_response({"kind": "RunList", "metadata": metadata, "items": self.runs})
        self.asked.append("watch")
        if self.forgotten:
            self.forgotten -= 1
            return web.json_response({"code": 410}, status=410)
        reply = web.StreamResponse()
        await reply.prepare(request)
        while (event := await self.events.get()) is not None:
            await reply.write(orjson.dumps(event) + b"\n")
            if event["type"] == "ERROR":
                break
        return reply

    async def _else(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        return web.json_response({"code": 404}, status=404)


class Scene:
    """kopf over an API server, and a cache whose changes can be waited for."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.cache = Cache(listener=lambda *_: self._changed.set())
        self._changed = asyncio.Event()
        self.said: list[str] = []
        self.sessions: list[aiohttp.ClientSession] = []

    async def until(self, holds: Callable[[], object]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    def session(self) -> aiohttp.ClientSession:
        self.sessions.append(aiohttp.ClientSession(middlewares=(kopf_glue.gone_is_an_event,)))
        return self.sessions[-1]

    async def started(self) -> None:
        self.said.append("started")

    async def ended(self) -> None:
        self.said.append("ended")

    def version(self, name: str) -> int | None:
        found = self.cache.get("space", name)
        return None if found is None else int(found["metadata"]["resourceVersion"])


def over(server: ApiServer, test: Callable[[Scene], Awaitable[None]], namespaces: tuple[str, ...] = ()) -> Scene:
    async def whole() -> Scene:
        scene = Scene(server)
        async with asyncio.timeout(30), TestServer(server.application()) as listening:
            address = str(listening.make_url("")).rstrip("/")
            made = kopf_glue.registry({RUNS: scene.cache}, scene.session, address, scene.started, scene.ended)
            kopfs = asyncio.create_task(kopf_glue.serve(made, namespaces))
            testing = asyncio.ensure_future(test(scene))
            try:
                await asyncio.wait((kopfs, testing), return_when=asyncio.FIRST_COMPLETED)
                assert testing.done(), f"kopf ended by itself: {kopfs.exception()!r}"
                await testing
            finally:
                testing.cancel()
                kopfs.cancel()
                with suppress(asyncio.CancelledError):
                    await kopfs
                server.events.put_nowait(None)
                for session in scene.sessions:
                    await session.close()
        return scene

    return asyncio.run(whole())


def test_what_is_there_and_what_changes_comes_into_the_cache_and_nothing_is_written() -> None:
    server = ApiServer(run("a", 5), run("b", 6))

    async def test(scene: Scene) -> None:
        await scene.until(lambda: len(scene.cache) == 2)
        found = scene.cache.get("space", "a")
        assert found is not None
        assert (found["kind"], found["apiVersion"]) == ("Run", "libretto.dev/v1alpha1")
        server.events.put_nowait({"type": "MODIFIED", "object": run("a", 101, state="Running")})
        server.events.put_nowait({"type": "ADDED", "object": run("c", 102)})
        server.events.put_nowait({"type": "DELETED", "object": run("b", 103)})
        await scene.until(lambda: scene.version("a") == 101 and scene.version("c") and scene.version("b") is None)

    scene = over(server, test)
    assert scene.said == ["started", "ended"]
    words = {asked.split()[0] for asked in server.asked}
    assert words <= {"list", "watch", "GET"}, server.asked


def test_only_the_namespaces_that_are_looked_after_are_asked_for() -> None:
    server = ApiServer(run("a", 5))

    async def test(scene: Scene) -> None:
        await scene.until(lambda: len(scene.cache) == 1)

    over(server, test, ("space",))
    assert {asked for asked in server.asked if asked.startswith("list")} == {"list namespaces/space/runs"}


def test_everything_of_kopf_that_writes_or_waits_is_off() -> None:
    settings = kopf.OperatorSettings()
    kopf_glue.configured(settings)
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    assert settings.peering.standalone
    assert settings.persistence.consistency_timeout == 0
    body, patch = kopf.Body({}), kopf.Patch()
    diffs, progress = settings.persistence.diffbase_storage, settings.persistence.progress_storage
    diffs.store(body=body, patch=patch, essence=diffs.build(body=body))
    record: Any = {}
    progress.store(key="x", record=record, body=body, patch=patch)  # type: ignore[arg-type]
    progress.touch(body=body, patch=patch, value="now")
    progress.purge(key="x", body=body, patch=patch)  # type: ignore[arg-type]
    assert (diffs.fetch(body=body), progress.fetch(key="x", body=body)) == (None, None)  # type: ignore[arg-type]
    assert dict(patch) == {}


def test_an_outage_of_any_length_is_survived_by_every_call() -> None:
    """kopf gives up when its waits are used up, so they must not end, and each call must have its own."""
    settings = kopf.OperatorSettings()
    kopf_glue.configured(settings)
    waits: Any = settings.networking.error_backoffs
    first = list(itertools.islice(iter(waits), 1000))
    assert first == sorted(first)
    assert max(first) <= 5
    assert list(itertools.islice(iter(waits), 1000)) == first


def test_a_list_that_fails_is_asked_for_again() -> None:
    server = ApiServer(run("a", 5))
    server.refusals = 1

    async def test(scene: Scene) -> None:
        await scene.until(lambda: len(scene.cache) == 1)

    over(server, test)
    assert server.asked.count("list runs") == 2


@pytest.mark.requirement("K8S-021")
def test_a_watch_that_cannot_go_on_lists_again_however_it_is_told() -> None:
    server = ApiServer(run("a", 5))
    server.forgotten = 2

    async def test(scene: Scene) -> None:
        await scene.until(lambda: len(scene.cache) == 1)
        server.events.put_nowait({"type": "ADDED", "object": run("b", 101)})
        await scene.until(lambda: scene.version("b") == 101)
        server.events.put_nowait({"type": "ERROR", "object": {"kind": "Status", "code": 410}})
        server.events.put_nowait({"type": "ADDED", "object": run("c", 102)})
        await scene.until(lambda: scene.version("c") == 102)

    over(server, test)
    assert server.asked.count("list runs") >= 3
