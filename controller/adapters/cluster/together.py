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
    places, given = asyncio.Semaphore(most), list(calls)

    async def in_turn(call: Coroutine[Any, Any, T]) -> T:
        async with places:
            return await call

    try:
        outcomes = await asyncio.gather(*map(in_turn, given), return_exceptions=True)
    finally:
        for call in given:
            call.close()  # whoever is cancelled before its turn leaves none behind that nobody awaits
    answers: list[T] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        answers.append(outcome)
    return answers
