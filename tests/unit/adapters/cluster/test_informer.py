"""An informer's cache says what is there, whatever becomes of lists and streams."""

import asyncio

import pytest

from controller.adapters.cluster.informer import QUIET_S, RESYNC_S
from controller.errors import Forbidden, Gone, LibrettoError, ServerUnavailable, Throttled
from tests.unit.adapters.cluster.informer_scene import Scene, scene


@scene
async def test_lists_then_follows(one: Scene) -> None:
    one.watched.put("a")
    await one.begin()
    one.watched.put("b")
    one.watched.put("a")
    one.watched.delete("b")
    await one.settled()
    assert one.told == ["+a", "+b", "~a", "-b"]
    assert one.true()
    one.watched.close_streams()
    assert [kept["kind"] for kept in one.cache.all()] == ["Job"]


@scene
async def test_a_closed_stream_goes_on_from_where_it_was(one: Scene) -> None:
    one.watched.put("a")
    await one.begin()
    await one.settled(5)
    one.watched.close_streams()
    one.watched.put("b")
    await one.settled(0.01)  # at once
    assert one.true()
    assert len(one.watched.lists) == 1


@scene
async def test_a_bookmark_moves_the_point_to_go_on_from(one: Scene) -> None:
    await one.begin()
    one.watched.version += 50  # others write
    one.watched.bookmark()
    await one.settled(5)
    one.watched.close_streams()
    await one.settled()
    assert one.watched.opened[-1][1] == one.watched.version


@scene
async def test_forgotten_history_is_listed_anew_and_nothing_older(one: Scene) -> None:
    for name in ("a", "b", "ghost"):
        one.watched.put(name)
    await one.begin()
    await one.settled(5)
    newest = str(one.watched.version)
    for stream in one.watched.streams:
        stream.mute = True
    one.watched.delete("ghost")
    one.watched.put("b")
    one.watched.compact()
    one.watched.close_streams()
    await one.settled()
    assert one.true()
    assert one.told[-1] == "-ghost"
    not_older = {"resourceVersion": newest, "resourceVersionMatch": "NotOlderThan"}
    assert one.watched.lists[1].items() >= not_older.items()


@scene
async def test_gone_as_the_code_of_a_watch(one: Scene) -> None:
    await one.begin()
    await one.settled(5)
    one.watched.watch_refusals.append(Gone("too old"))
    one.watched.close_streams()
    one.watched.put("a")
    await one.settled()
    assert one.true()
    assert len(one.watched.lists) == 2


@scene
async def test_a_stream_that_is_silently_dead_is_left(one: Scene) -> None:
    await one.begin()
    for stream in one.watched.streams:
        stream.mute = True
    one.watched.put("a")
    await one.settled(QUIET_S - 1)
    assert not one.true()
    await one.settled(2)
    assert one.true()


@pytest.mark.parametrize("refusal", [ServerUnavailable("500"), Forbidden("403"), Throttled("429", retry_after=3)])
def test_an_outage_of_any_length_is_survived(refusal: LibrettoError) -> None:
    @scene
    async def play(one: Scene) -> None:
        one.watched.put("a")
        await one.begin()
        await one.settled(5)
        one.watched.watch_refusals.extend([refusal] * 10_000)
        one.watched.list_refusals.extend([refusal] * 10_000)
        one.watched.close_streams()
        one.watched.delete("a")
        one.watched.put("b")
        await one.settled(3600)
        asked = len(one.watched.opened) + len(one.watched.lists)
        assert 300 < asked < 1500, f"{asked} calls in an hour"
        one.watched.watch_refusals.clear()
        one.watched.list_refusals.clear()
        await one.settled(12)
        assert one.true()

    play()


@scene
async def test_patience_that_is_asked_for_is_had(one: Scene) -> None:
    await one.begin()
    await one.settled(5)
    one.watched.watch_refusals.append(Throttled("429", retry_after=30))
    one.watched.close_streams()
    await one.settled(60)
    _, (asked, _), (again, _) = one.watched.opened
    assert again - asked >= 30


@scene
async def test_a_server_that_closes_every_stream_at_once_is_not_run_over(one: Scene) -> None:
    await one.begin()

    async def slam() -> None:
        while True:
            one.watched.close_streams()
            await asyncio.sleep(0.05)

    slamming = asyncio.create_task(slam())
    await one.settled(600)
    slamming.cancel()
    assert len(one.watched.opened) + len(one.watched.lists) < 300
    one.watched.put("a")
    await one.settled(12)
    assert one.true()


@scene
async def test_an_error_in_the_stream_that_is_no_410_is_waited_for(one: Scene) -> None:
    await one.begin()

    async def fail() -> None:
        while True:
            for stream in one.watched.streams:
                stream.say("ERROR", {"code": 500, "message": "etcd is away"})
            await asyncio.sleep(0.05)

    failing = asyncio.create_task(fail())
    await one.settled(600)
    failing.cancel()
    assert len(one.watched.opened) + len(one.watched.lists) < 300
    one.watched.put("a")
    await one.settled(12)
    assert one.true()


@scene
async def test_what_is_no_json_does_not_end_it(one: Scene) -> None:
    await one.begin()
    one.watched.streams[0].send(b"<html>\n")
    one.watched.put("a")
    await one.settled(1)
    assert one.true()
    assert "no JSON" in one.logged[0]


@scene
async def test_lines_may_be_cut_anywhere(one: Scene) -> None:
    await one.begin()
    (stream,) = one.watched.streams
    stream.mute = True
    given = b'{"type":"ADDED","object":' + str(one.watched.put("a")).replace("'", '"').encode() + b"}\n"
    stream.mute = False
    for index in range(len(given)):
        stream.send(given[index : index + 1])
    await one.settled()
    assert one.true()


@scene
async def test_events_of_before_a_list_bring_nothing_back(one: Scene) -> None:
    """A takeover lists while the stream lags behind."""
    one.watched.put("a")
    await one.begin()
    (stream,) = one.watched.streams
    stream.mute = True
    old = one.watched.put("a", state="old")
    one.watched.delete("a")
    one.watched.put("b")
    await one.informer.relist()
    assert one.names() == {"b"}
    stream.mute = False
    stream.say("MODIFIED", old)
    await one.settled()
    assert one.true()


@scene
async def test_own_writes_are_known_before_the_watch_tells(one: Scene) -> None:
    await one.begin()
    for stream in one.watched.streams:
        stream.mute = True
    one.cache.put(one.watched.put("mine"))
    assert one.names() == {"mine"}
    for stream in one.watched.streams:
        stream.mute = False
        stream.say("ADDED", one.watched.objects["mine"])
    await one.settled()
    assert one.told == ["+mine"]


@scene
async def test_what_a_watch_kept_to_itself_is_found_in_time(one: Scene) -> None:
    for name in ("a", "ghost"):
        one.watched.put(name)
    await one.begin()
    (stream,) = one.watched.streams
    stream.mute = True
    one.watched.put("a")
    one.watched.put("missed")
    one.watched.delete("ghost")
    stream.mute = False

    async def alive() -> None:
        while True:
            one.watched.bookmark()
            await asyncio.sleep(60)

    living = asyncio.create_task(alive())
    await one.settled(RESYNC_S * 1.2)
    living.cancel()
    assert one.true()
    assert any("3 jobs were not as the watch had told" in line for line in one.logged)


@scene
async def test_a_watch_that_tells_all_costs_one_look(one: Scene) -> None:
    one.watched.put("a")
    await one.begin()
    await one.settled(RESYNC_S * 3)
    assert len(one.watched.lists) == 1


@scene
async def test_a_past_that_was_exchanged_is_believed(one: Scene) -> None:
    """etcd was restored: versions begin again lower, and deleted objects are there again."""
    one.watched.put("a")
    kept = one.watched.put("b")
    await one.begin()
    one.watched.delete("b")
    await one.settled()
    one.watched.restore(50, {**kept, "metadata": {**kept["metadata"], "resourceVersion": "40"}})
    await one.settled(RESYNC_S * 1.2)
    assert one.true()


@scene
async def test_how_long_it_heard_nothing(one: Scene) -> None:
    def age() -> float | None:
        heard = one.informer.heard
        return None if heard is None else asyncio.get_running_loop().time() - heard

    assert age() is None
    await one.begin()
    await one.settled(30)
    assert age() == pytest.approx(30, abs=0.2)
    one.watched.bookmark()
    await one.settled()
    assert age() == pytest.approx(0, abs=0.2)
