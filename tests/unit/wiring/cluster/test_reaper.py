"""Programs that do not end when they are asked to: killed when their grace is over, by the leader only."""

import asyncio
import logging
from typing import Any

import pytest

from controller.adapters.cluster.names import GRACE, STOPPED
from controller.adapters.cluster.resources import PODS
from controller.errors import LibrettoError, NotFound, ServerUnavailable
from controller.wiring.cluster.reaper import LEAST_GRACE_S, Reaper
from tests.fakes.virtual_time import LoopClock
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call
from tests.unit.adapters.cluster.contenders import played

Json = dict[str, Any]


class Pods(AnsweringClient):
    """Knows when which pod was deleted."""

    def __init__(self) -> None:
        self.began = asyncio.get_running_loop().time()
        self.deleted: list[tuple[float, str, Json]] = []
        self.fails: LibrettoError | None = None

    async def answer(self, call: Call) -> Any:
        assert (call.verb, call.resource) == ("delete", PODS)
        after = round(asyncio.get_running_loop().time() - self.began, 2)
        self.deleted.append((after, PODS.path(call.namespace, call.name, call.subresource), call.body))
        if self.fails is not None:
            raise self.fails
        return {}


def scene() -> tuple[Pods, Reaper]:
    pods = Pods()
    reaper = Reaper(pods, LoopClock())
    reaper.active = True
    return pods, reaper


def pod(uid: str = "p", *, runs: bool = True, stopped: object = None, grace: object = None) -> Json:
    notes = {STOPPED: stopped, GRACE: grace}
    main = {"name": "main", "state": {"running": {}} if runs else {"terminated": {}}}
    return {
        "metadata": {
            "name": f"pod-{uid}",
            "namespace": "space",
            "uid": uid,
            "annotations": {name: str(value) for name, value in notes.items() if value is not None},
        },
        "spec": {},
        "status": {"containerStatuses": [main]},
    }


@played
async def test_a_program_that_ignores_the_end_of_its_grace_is_killed() -> None:
    pods, reaper = scene()
    reaper.look(pod(stopped=LoopClock().now(), grace=5), "p")
    await asyncio.sleep(60)
    ((after, path, body),) = pods.deleted
    assert after == pytest.approx(6, abs=0.1)  # its grace and a second
    assert path == "/api/v1/namespaces/space/pods/pod-p"
    # That very pod, and its courier keeps a moment.
    assert body == {"gracePeriodSeconds": LEAST_GRACE_S, "preconditions": {"uid": "p"}}


@played
async def test_what_should_have_ended_long_ago_is_killed_at_once() -> None:
    pods, reaper = scene()
    reaper.look(pod(stopped=LoopClock().now() - 3_600_000), "p")
    await asyncio.sleep(0.1)
    assert len(pods.deleted) == 1


@played
async def test_who_ends_in_time_lives_on() -> None:
    pods, reaper = scene()
    asked = LoopClock().now()
    for uid in ("ended", "gone", "stays"):
        reaper.look(pod(uid, stopped=asked, grace=5), uid)
    await asyncio.sleep(5)
    reaper.look(pod("ended", runs=False, stopped=asked, grace=5), "ended")
    reaper.look(None, "gone")
    reaper.look(None, "never seen")
    await asyncio.sleep(60)
    assert [path.rpartition("/")[2] for _, path, _ in pods.deleted] == ["pod-stays"]
    assert reaper._calls == set()


@played
async def test_a_pod_that_is_told_of_often_is_killed_once() -> None:
    pods, reaper = scene()
    asked = LoopClock().now()
    for _ in range(5):
        reaper.look(pod(stopped=asked, grace=5), "p")
        await asyncio.sleep(0.5)
    await asyncio.sleep(60)
    assert len(pods.deleted) == 1


@played
async def test_a_pod_that_nobody_asked_to_end_has_no_timer() -> None:
    pods, reaper = scene()
    reaper.look(pod(), "p")
    reaper.look(pod(runs=False, stopped=1), "q")
    await asyncio.sleep(3600)
    assert (pods.deleted, reaper._timers) == ([], {})


@played
async def test_only_the_leader_kills() -> None:
    pods, reaper = scene()
    reaper.active = False
    reaper.look(pod(stopped=LoopClock().now(), grace=5), "p")
    await asyncio.sleep(60)
    assert pods.deleted == []


@played
async def test_who_comes_to_lead_kills_what_was_due_before() -> None:
    pods, reaper = scene()
    reaper.active = False
    asked = LoopClock().now()
    for uid in ("ended", "gone", "stays"):
        reaper.look(pod(uid, stopped=asked, grace=5), uid)
    await asyncio.sleep(60)
    reaper.look(pod("ended", runs=False, stopped=asked, grace=5), "ended")
    reaper.look(None, "gone")
    # All are listed before, and what has not changed is not told of again.
    reaper.active = True
    await asyncio.sleep(0.1)
    assert [path.rpartition("/")[2] for _, path, _ in pods.deleted] == ["pod-stays"]
    reaper.active = False
    reaper.active = True
    await asyncio.sleep(60)
    assert len(pods.deleted) == 1


@pytest.mark.parametrize(("error", "said"), [(NotFound("gone"), False), (ServerUnavailable("away"), True)])
def test_a_pod_that_cannot_be_killed(error: LibrettoError, said: bool, caplog: pytest.LogCaptureFixture) -> None:
    @played
    async def test() -> None:
        pods, reaper = scene()
        pods.fails = error
        reaper.look(pod(stopped=1), "p")
        await asyncio.sleep(1)
        assert len(pods.deleted) == 1

    with caplog.at_level(logging.WARNING, "libretto.operator"):
        test()
    assert ("could not be killed" in caplog.text) is said


@pytest.mark.parametrize("spoiled", [{"stopped": "yesterday"}, {"stopped": ""}, {"stopped": "1", "grace": "long"}])
def test_notes_that_somebody_spoiled_hurt_nobody_else(spoiled: Json) -> None:
    """Who may edit a pod must not be able to end the operator, which hears of every change."""

    @played
    async def test() -> None:
        _, reaper = scene()
        reaper.look(pod(**spoiled), "p")

    test()
