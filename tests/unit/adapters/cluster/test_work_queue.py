"""The queue of trees: no doubles, one worker per key, namespaces in turn, and one wake-up per key."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from controller.adapters.cluster.work_queue import Key, WorkQueue

A, B = Key("one", "a"), Key("one", "b")
ELSEWHERE = Key("two", "a")


def played(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def limited() -> None:
            async with asyncio.timeout(10):
                await test()

        asyncio.run(limited())

    run.__name__ = test.__name__
    return run


@played
async def test_a_key_is_there_once() -> None:
    queue = WorkQueue()
    queue.add(A)
    queue.add(A)
    assert len(queue) == 1
    assert await queue.get() == A
    assert len(queue) == 0


@played
async def test_what_changes_during_a_look_is_looked_at_again() -> None:
    queue = WorkQueue()
    queue.add(A)
    await queue.get()
    queue.add(A)
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    queue.done(A)
    assert await waiting == A


@played
async def test_namespaces_take_turns() -> None:
    queue = WorkQueue()
    for key in (A, B, ELSEWHERE):
        queue.add(key)
    assert [await queue.get() for _ in range(3)] == [A, ELSEWHERE, B]


@played
async def test_one_key_wakes_one_worker() -> None:
    queue = WorkQueue()
    workers = [asyncio.ensure_future(queue.get()) for _ in range(5)]
    await asyncio.sleep(0)
    queue.add(A)
    queue.add(B)
    done, pending = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
    assert {worker.result() for worker in done} == {A, B}
    queue.add(ELSEWHERE)
    done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    assert {worker.result() for worker in done} == {ELSEWHERE}
    for worker in pending:
        worker.cancel()


@played
async def test_a_cancelled_worker_passes_on_what_it_was_woken_for() -> None:
    queue = WorkQueue()
    first, second = (asyncio.ensure_future(queue.get()) for _ in range(2))
    await asyncio.sleep(0)
    queue.add(A)
    first.cancel()
    assert await second == A
    assert first.cancelled()


@played
async def test_what_is_due_later_comes_when_it_is_due() -> None:
    queue = WorkQueue()
    queue.add_after(B, 40)
    queue.add_after(A, 10)
    queue.add_after(A, 5_000)  # what is due sooner stays
    assert [await queue.get(), await queue.get()] == [A, B]


@played
async def test_a_key_that_comes_before_its_time_comes_once() -> None:
    queue = WorkQueue()
    queue.add_after(A, 10)
    queue.add(A)
    assert await queue.get() == A
    queue.done(A)
    queue.add_after(B, 30)
    assert await queue.get() == B


@played
async def test_failures_wait_longer_each_time_until_it_does_well() -> None:
    queue = WorkQueue()
    assert [queue.retry(A), queue.retry(A)] == [100, 200]
    queue.forget(A)
    assert queue.retry(A) == 100


@played
async def test_stop_ends_every_wait() -> None:
    queue = WorkQueue()
    workers = [asyncio.ensure_future(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.stop()
    await asyncio.wait(workers)
    assert all(worker.cancelled() for worker in workers)
    with pytest.raises(asyncio.CancelledError):
        await queue.get()
