"""Functions that wait for a loop they do not know."""

import asyncio
from contextvars import ContextVar

import pytest

from controller.adapters.cluster import fiber
from controller.errors import InvariantViolated, StoreUnavailable

WHO: ContextVar[str] = ContextVar("who", default="nobody")


async def doubled(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def failing() -> None:
    await asyncio.sleep(0)
    raise StoreUnavailable("gone")


def test_a_plain_function_gets_the_answer_of_a_coroutine() -> None:
    def plain(start: int, *, more: int) -> int:
        return fiber.wait(doubled(fiber.wait(doubled(start)))) + more

    assert asyncio.run(fiber.run(plain, 1, more=3)) == 7


def test_a_function_that_never_waits_needs_no_turn_of_the_loop() -> None:
    assert asyncio.run(fiber.run(lambda: "at once")) == "at once"


def test_the_loop_serves_others_meanwhile() -> None:
    seen: list[str] = []

    def plain(name: str) -> None:
        for step in range(3):
            seen.append(f"{name}{step}")
            fiber.wait(asyncio.sleep(0))

    async def both() -> None:
        await asyncio.gather(fiber.run(plain, "a"), fiber.run(plain, "b"))

    asyncio.run(both())
    assert seen == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_an_error_comes_out_where_it_was_waited_for() -> None:
    def plain() -> str:
        try:
            fiber.wait(failing())
        except StoreUnavailable as error:
            return f"caught {error.message}"
        return "nothing"

    assert asyncio.run(fiber.run(plain)) == "caught gone"


def test_an_error_of_the_function_comes_out_of_run() -> None:
    def plain() -> None:
        fiber.wait(failing())

    with pytest.raises(StoreUnavailable, match="gone"):
        asyncio.run(fiber.run(plain))


def test_cancelling_reaches_what_is_waited_for() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("inner")

    def plain() -> None:
        try:
            fiber.wait(forever())
        finally:
            ended.append("outer")

    async def cancelled() -> None:
        task = asyncio.ensure_future(fiber.run(plain))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert ended == ["inner", "outer"]


def test_context_is_that_of_the_caller() -> None:
    async def named() -> tuple[str, str]:
        WHO.set("caller")
        return await fiber.run(lambda: (WHO.get(), fiber.wait(_who())))

    async def _who() -> str:
        return WHO.get()

    assert asyncio.run(named()) == ("caller", "caller")


def test_waiting_elsewhere_is_a_mistake_of_ours() -> None:
    with pytest.raises(InvariantViolated, match=r"fiber\.run"):
        fiber.wait(doubled(1))
