"""Events are posted by the way: repeats as one series, a full queue drops, and a refusal changes nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.events import LONGEST_NOTE, MOST_WAITING, EventPoster, Happening, event_name
from controller.errors import AlreadyExists, Forbidden, LibrettoError, ServerUnavailable

Json = dict[str, Any]


class Server:
    """Takes events, and tells when it got some."""

    def __init__(self, *refusals: LibrettoError) -> None:
        self.refusals = list(refusals)
        self.calls: list[tuple[str, str, Json]] = []
        self._called = asyncio.Event()

    async def create(self, resource: Any, namespace: str, body: Json) -> Json:
        return self._take("create", body["metadata"]["name"], body)

    async def patch(self, resource: Any, namespace: str, name: str, body: Json) -> Json:
        return self._take("patch", name, body)

    def _take(self, verb: str, name: str, body: Json) -> Json:
        self.calls.append((verb, name, body))
        self._called.set()
        if self.refusals:
            raise self.refusals.pop(0)
        return body

    async def until(self, calls: int) -> None:
        async with asyncio.timeout(10):
            while len(self.calls) < calls:
                self._called.clear()
                await self._called.wait()


def happening(reason: str = "StepFailed", *, about: str = "a", at: int = 1_764_590_400_000) -> Happening:
    run = {"apiVersion": "libretto.dev/v1alpha1", "kind": "Run", "namespace": "space", "name": "r", "uid": "U"}
    return Happening(run, reason, "exit 1", True, at, about)


def during(server: Server, act: Callable[[EventPoster], Awaitable[None]], **options: Any) -> list[str]:
    """Do something while a poster works; return what it logged."""
    logged: list[str] = []

    async def played() -> None:
        options.setdefault("series_s", 0.0)
        poster = EventPoster(cast("Client", server), "pod-1", log=logged.append, **options)
        task = asyncio.create_task(poster.run())
        try:
            await act(poster)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(played())
    return logged


def test_what_an_event_says() -> None:
    server = Server()

    async def act(poster: EventPoster) -> None:
        job = {"kind": "Job", "name": "r-a-1"}
        poster.tell(happening()._replace(note="x" * 5000, related=job, annotations={"libretto.dev/record": "4"}))
        await server.until(1)

    during(server, act)
    ((verb, name, body),) = server.calls
    assert (verb, name) == ("create", event_name(happening()))
    assert name.startswith("r.")
    assert body["metadata"] == {"name": name, "namespace": "space", "annotations": {"libretto.dev/record": "4"}}
    assert body["regarding"] == happening().regarding
    assert (body["reason"], body["action"], body["type"]) == ("StepFailed", "StepFailed", "Warning")
    assert (body["reportingController"], body["reportingInstance"]) == ("libretto.dev/operator", "pod-1")
    assert body["eventTime"] == "2025-12-01T12:00:00.000000Z"
    assert (len(body["note"]), body["related"]["name"], "series" in body) == (LONGEST_NOTE, "r-a-1", False)


def test_repeats_become_a_series_of_few_requests() -> None:
    server = Server()

    async def act(poster: EventPoster) -> None:
        poster.tell(happening())
        await server.until(1)
        for second in range(500):
            poster.tell(happening(at=1_764_590_400_000 + second * 1000))
        await server.until(2)

    during(server, act)
    ((_, name, _), (verb, again, body)) = server.calls
    assert (verb, again) == ("patch", name)
    assert body == {"series": {"count": 501, "lastObservedTime": "2025-12-01T12:08:19.000000Z"}}


def test_a_series_is_not_told_again_at_once() -> None:
    server = Server()

    async def act(poster: EventPoster) -> None:
        poster.tell(happening())
        await server.until(1)
        poster.tell(happening())
        poster.tell(happening(about="b"))
        await server.until(2)

    during(server, act, series_s=3600.0)
    assert [verb for verb, _, _ in server.calls] == ["create", "create"]


def test_names_are_computed_so_that_a_takeover_repeats_none() -> None:
    server = Server(AlreadyExists("it is there"))

    async def act(poster: EventPoster) -> None:
        poster.tell(happening())
        poster.tell(happening("RunFailed", about="None#7"))
        await server.until(2)

    assert during(server, act) == []
    assert event_name(happening()) != event_name(happening(about="b"))


def test_what_is_refused_is_dropped_and_logged_once() -> None:
    server = Server(Forbidden("no"), Forbidden("no"))
    dropped: list[None] = []

    async def act(poster: EventPoster) -> None:
        for about in ("a", "b", "c"):
            poster.tell(happening(about=about))
        await server.until(3)

    logged = during(server, act, dropped=lambda: dropped.append(None))
    assert (len(dropped), len(logged)) == (2, 1)


def test_a_full_queue_drops() -> None:
    server = Server()
    dropped: list[None] = []

    async def act(poster: EventPoster) -> None:
        for number in range(MOST_WAITING + 7):
            poster.tell(happening(about=str(number)))

    during(server, act, dropped=lambda: dropped.append(None))
    assert len(dropped) == 7


def test_while_nobody_answers_an_event_waits() -> None:
    server = Server(ServerUnavailable("down"))
    dropped: list[None] = []

    async def act(poster: EventPoster) -> None:
        poster.tell(happening())
        await server.until(1)
        poster.tell(happening(about="b"))
        await server.until(2)

    during(server, act, dropped=lambda: dropped.append(None))
    assert (len(dropped), len({name for _, name, _ in server.calls})) == (0, 2)
