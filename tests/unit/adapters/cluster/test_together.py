"""Calls side by side, so many at one time; none is lost, whatever becomes of another."""

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from controller.adapters.cluster.together import together


class Calls:
    """Calls that end when they are let."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.gate = asyncio.Event()
        self.full = asyncio.Event()
        """As many run as are waited for."""

    async def call(self, number: int) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        if self.running == 3:
            self.full.set()
        await self.gate.wait()
        self.running -= 1
        if number == 13:
            raise ValueError("thirteen")
        return number

    async def all(self, count: int, first: int = 20, most: int = 3) -> list[int]:
        return await together((self.call(number) for number in range(first, first + count)), most)


def test_answers_come_in_order_and_never_more_at_once_than_may_be() -> None:
    async def whole() -> None:
        calls = Calls()
        asking = asyncio.create_task(calls.all(50))
        await calls.full.wait()
        calls.gate.set()
        assert await asking == list(range(20, 70))
        assert (calls.most, calls.running) == (3, 0)

    asyncio.run(whole())


def test_the_first_error_is_raised_when_all_have_ended() -> None:
    async def whole() -> None:
        calls = Calls()
        calls.gate.set()
        with pytest.raises(ValueError, match="thirteen"):
            await calls.all(20, first=5)
        assert calls.running == 0

    asyncio.run(whole())


def test_who_is_cancelled_leaves_no_call_behind() -> None:
    """A coroutine that nobody awaits would be a warning, which is an error here."""

    async def whole() -> None:
        calls = Calls()
        made: list[Coroutine[Any, Any, int]] = [calls.call(number) for number in range(20)]
        asking = asyncio.create_task(together(made, 3))
        await calls.full.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert calls.most == 3

    asyncio.run(whole())


def test_nor_does_who_is_cancelled_before_anything_began() -> None:
    async def whole() -> None:
        calls = Calls()
        made: list[Coroutine[Any, Any, int]] = [calls.call(number) for number in range(4)]
        asking = asyncio.create_task(together(made, 3))
        await asyncio.sleep(0)  # its calls are tasks now, of which none has had a turn
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert calls.most == 0

    asyncio.run(whole())
    gc.collect()
