"""What says nothing new is not read, and the cache is as true as if it had been."""

from functools import partial
from typing import Any

import orjson

from tests.unit.adapters.cluster.informer_scene import Scene, scene

Json = dict[str, Any]


def dull(line: bytes, known: Json) -> bool:
    """Whether it is of the same colour."""
    return f'"colour":"{known.get("colour")}"'.encode() in line


coloured = partial(scene, dull=dull)


def torn(kind: str, given: Json) -> bytes:
    """An event that cannot be read to its end: whoever tries says so."""
    return orjson.dumps({"type": kind, "object": given})[:-1] + b",\n"


@coloured
async def test_what_says_nothing_new(one: Scene) -> None:
    one.watched.put("a", colour="red")
    await one.begin()
    stream = one.watched.streams[-1]
    stream.mute = True
    again = one.watched.put("a", colour="red")
    stream.mute = False
    stream.send(torn("MODIFIED", again))
    await one.settled()
    assert (one.logged, one.told, one.true()) == ([], ["+a"], True)
    one.watched.put("a", colour="blue")
    await one.settled()
    assert (one.told, one.true()) == (["+a", "~a"], True)


@coloured
async def test_a_stream_goes_on_from_what_was_not_read(one: Scene) -> None:
    one.watched.put("a", colour="red")
    await one.begin()
    one.watched.put("a", colour="red")
    await one.settled(5)
    one.watched.close_streams()
    await one.settled(0.01)
    assert one.watched.opened[-1][1] == one.watched.version


@coloured
async def test_what_is_not_known_is_read(one: Scene) -> None:
    await one.begin()
    one.watched.put("a", colour="None")
    await one.settled()
    assert one.told == ["+a"]


@coloured
async def test_what_our_own_write_told_already(one: Scene) -> None:
    """The answer was here before the event."""
    await one.begin()
    stream = one.watched.streams[-1]
    stream.mute = True
    made = one.watched.put("a", colour="red")
    one.cache.put(orjson.loads(orjson.dumps(made)))
    stream.mute = False
    stream.send(torn("ADDED", made))
    await one.settled()
    assert (one.logged, one.told, one.true()) == ([], ["+a"], True)
    stream.send(torn("DELETED", made))
    await one.settled()
    assert "no JSON" in one.logged[0], "and what is not passed over is read"


@coloured
async def test_another_object_of_the_name_is_read(one: Scene) -> None:
    one.watched.put("a", colour="red")
    await one.begin()
    one.watched.delete("a")
    one.watched.put("a", colour="red")
    await one.settled()
    assert one.told == ["+a", "-a", "+a"]
    assert one.true()


def test_nothing_is_dull_by_itself() -> None:
    @scene
    async def play(one: Scene) -> None:
        one.watched.put("a")
        await one.begin()
        one.watched.put("a")
        await one.settled()
        assert one.told == ["+a", "~a"]

    play()
