"""A thousand Jobs that wait for a pod cost one question, and only one that was refused a pod costs another."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from controller.adapters.cluster.pod_refusals import FRESH_S, PodRefusals
from controller.adapters.cluster.resources import EVENTS
from controller.errors import ServerUnavailable
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]

ALL = "reason=FailedCreate,regarding.kind=Job"


class Server(AnsweringClient):
    """Knows events."""

    def __init__(self, *refused: str) -> None:
        self.events = [{"reason": "FailedCreate", "regarding": {"kind": "Job", "uid": uid}} for uid in refused]
        self.asked: list[tuple[str | None, str]] = []
        self.fails = 0

    async def answer(self, call: Call) -> Any:
        assert (call.verb, call.resource, call.brief) == ("list", EVENTS, False)
        selector = call.query["fieldSelector"]
        self.asked.append((call.namespace, selector))
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            raise ServerUnavailable("no answer")
        if selector == ALL:
            return {"items": self.events or None}
        return {"items": [{"about": selector}]}


def job(uid: str) -> Json:
    return {"metadata": {"uid": uid}}


def played(server: Server, test: Callable[[PodRefusals], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(test(PodRefusals(server)))


def test_all_that_wait_are_asked_about_at_once() -> None:
    server = Server("b")

    async def test(refusals: PodRefusals) -> Any:
        return await asyncio.gather(*(refusals.of("space", job(uid)) for uid in "abc"))

    # Of one that was refused a pod everything is asked: the refusal alone does not tell that a pod was made afterwards.
    assert played(server, test) == [(), [{"about": "regarding.uid=b"}], ()]
    assert server.asked == [("space", ALL), ("space", "regarding.uid=b")]


def test_each_namespace_is_asked_for_itself() -> None:
    server = Server()

    async def test(refusals: PodRefusals) -> None:
        assert await refusals.of("one", job("a")) == ()
        assert await refusals.of("other", job("b")) == ()

    played(server, test)
    assert server.asked == [("one", ALL), ("other", ALL)]


def test_an_answer_counts_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    async def test(refusals: PodRefusals) -> None:
        loop = asyncio.get_running_loop()
        began, later = loop.time(), 0.0
        monkeypatch.setattr(loop, "time", lambda: began + later)
        assert await refusals.of("space", job("a")) == ()
        server.events.append({"reason": "FailedCreate", "regarding": {"kind": "Job", "uid": "a"}})
        later = FRESH_S - 0.001
        assert await refusals.of("space", job("a")) == ()
        later = FRESH_S
        assert await refusals.of("space", job("a")) == [{"about": "regarding.uid=a"}]

    played(server, test)
    assert [selector for _, selector in server.asked] == [ALL, ALL, "regarding.uid=a"]


def test_a_question_that_failed_is_asked_anew_and_one_who_gives_up_leaves_the_others_their_answer() -> None:
    server = Server()
    server.fails = 1

    async def test(refusals: PodRefusals) -> None:
        with pytest.raises(ServerUnavailable):
            await refusals.of("space", job("a"))
        impatient = asyncio.create_task(refusals.of("space", job("a")))
        patient = asyncio.create_task(refusals.of("space", job("b")))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == ()

    played(server, test)
    assert server.asked == [("space", ALL)] * 2
