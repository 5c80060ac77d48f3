"""What says nothing is passed over, and the cache is as true as if it had been read."""

import asyncio
from functools import partial
from typing import Any

import orjson

from controller.adapters.cluster.informer import RESYNC_S
from tests.fakes.virtual_time import run
from tests.unit.adapters.cluster.informer_scene import Scene, scene

Json = dict[str, Any]


def _dull(line: bytes, known: Json) -> bool:
    return b'"says":"nothing"' in line or f'"says":"{known.get("says")}"'.encode() in line


def torn(kind: str, given: Json) -> bytes:
    """An event that cannot be read to its end: whoever tries says so."""
    return orjson.dumps({"type": kind, "object": given})[:-1] + b",\n"


def test_only_the_version_is_noted_of_what_says_nothing() -> None:
    async def play() -> None:
        one = Scene(dull=_dull)
        one.watched.put("a", says="much")
        await one.begin()
        one.watched.put("a", says="nothing")
        one.watched.put("a", says="nothing")
        await one.settled()
        assert one.told == ["+a"]
        assert one.true()
        assert next(iter(one.cache.all()))["says"] == "much"
        # The next watch goes on from there, and no comparison finds a difference.
        one.watched.close_streams()
        await one.settled(RESYNC_S * 3)
        assert one.watched.opened[-1][1] == one.watched.version
        assert len(one.watched.lists) == 1
        one.watched.put("a", says="more")
        await one.settled()
        assert one.told == ["+a", "~a"]
        one.watched.delete("a")
        await one.settled()
        assert one.told == ["+a", "~a", "-a"]
        assert one.task is not None
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)

    run(play())


def test_what_is_new_is_read_whatever_it_says() -> None:
    async def play() -> None:
        one = Scene(dull=_dull)
        await one.begin()
        one.watched.put("a", says="nothing")
        await one.settled()
        assert one.true()
        (stream,) = one.watched.streams
        stream.mute = True
        one.watched.put("b", says="much")
        stream.mute = False
        one.watched.put("b", says="nothing")  # changed, as far as the watch tells, and not known
        await one.settled()
        assert one.told == ["+a", "+b"]
        assert one.true()
        assert one.task is not None
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)

    run(play())


saying = partial(scene, dull=_dull)


@saying
async def test_what_says_what_was_said_before(one: Scene) -> None:
    one.watched.put("a", says="much")
    await one.begin()
    stream = one.watched.streams[-1]
    stream.mute = True
    again = one.watched.put("a", says="much")
    stream.mute = False
    stream.send(torn("MODIFIED", again))
    await one.settled()
    assert (one.logged, one.told, one.true()) == ([], ["+a"], True)


@saying
async def test_what_our_own_write_told_already(one: Scene) -> None:
    """The answer was here before the event."""
    await one.begin()
    stream = one.watched.streams[-1]
    stream.mute = True
    made = one.watched.put("a", says="much")
    one.cache.put(orjson.loads(orjson.dumps(made)))
    stream.mute = False
    stream.send(torn("ADDED", made))
    await one.settled()
    assert (one.logged, one.told, one.true()) == ([], ["+a"], True)
    stream.send(torn("DELETED", made))
    await one.settled()
    assert "no JSON" in one.logged[0], "and what is not passed over is read"


@saying
async def test_another_object_of_the_name_is_read(one: Scene) -> None:
    one.watched.put("a", says="much")
    await one.begin()
    one.watched.delete("a")
    one.watched.put("a", says="much")
    await one.settled()
    assert one.told == ["+a", "-a", "+a"]
    assert one.true()
