"""Calls side by side: all come to their end, also beside one that fails."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 100
"""Calls of one kind for one run tree at one time. Each has a connection of its own, which takes a quarter of a megabyte and is
kept for a while: a thousand at once took 500 MB, and the API server answered them no sooner.
"""


async def together(calls: Iterable[Coroutine[Any, Any, T]], most: int = MOST) -> list[T]:
    """Await all, `most` at one time, and return their answers in order; the first error is raised when every call has ended."""
    places = asyncio.Semaphore(most)

    async def in_turn(call: Coroutine[Any, Any, T]) -> T:
        try:
            async with places:
                return await call
        finally:
            call.close()  # whoever is cancelled before its turn leaves none behind that nobody awaits

    answers: list[T] = []
    for outcome in await asyncio.gather(*map(in_turn, calls), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
        answers.append(outcome)
    return answers
