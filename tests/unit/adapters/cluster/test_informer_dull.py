"""What says nothing is passed over, and the cache is as true as if it had been read."""

import asyncio

from controller.adapters.cluster.informer import RESYNC_S
from tests.fakes.virtual_time import run
from tests.unit.adapters.cluster.informer_scene import Scene


def _dull(line: bytes) -> bool:
    return b'"says":"nothing"' in line


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
