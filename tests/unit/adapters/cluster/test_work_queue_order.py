"""Whatever is put into the queue in whatever order: nothing is lost, looked at twice at a time, early or out of turn."""

import asyncio
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.cluster.work_queue import (
    FIRST_RETRY_MS,
    LONGEST_RETRY_MS,
    MOST_OF_NAMESPACE,
    Key,
    WorkQueue,
)
from controller.wiring.cluster.configuration import Configuration
from tests.fakes.virtual_time import run

KEYS = [Key(namespace, root) for namespace in ("one", "two", "three") for root in ("a", "b", "c")]

ANY = st.sampled_from(KEYS)
STEPS = st.one_of(
    st.tuples(st.just("add"), ANY, st.just(0)),
    st.tuples(st.just("later"), ANY, st.integers(0, 500).map(lambda number: 10 * number + 5)),
    # Never at the very moment when something is due.
    st.tuples(st.just("wait"), ANY, st.integers(0, 300).map(lambda number: 10 * number)),
    st.tuples(st.just("done"), ANY, st.just(0)),
    st.tuples(st.just("take"), ANY, st.just(0)),
)


class Watcher:
    """What must be true of a queue, told in the simplest way: no heap, no deque, no futures."""

    def __init__(self) -> None:
        self.queue = WorkQueue(most=2)
        self.wanted: set[Key] = set()
        self.due: dict[Key, float] = {}
        self.active: set[Key] = set()
        self.passed_over: dict[str, int] = {}

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def ready(self) -> set[Key]:
        for key, at in list(self.due.items()):
            if at <= self.now():
                del self.due[key]
                self.wanted.add(key)
        return self.wanted - self.active

    def looks(self, namespace: str) -> int:
        return sum(key.namespace == namespace for key in self.active)

    def add(self, key: Key, wait: int = 0) -> None:
        if wait:
            at = self.now() + wait / 1000
            self.due[key] = min(at, self.due.get(key, at))
            self.queue.add_after(key, wait)
        else:
            self.due.pop(key, None)
            self.wanted.add(key)
            self.queue.add(key)

    async def take(self) -> Key | None:
        ready = {key for key in self.ready() if self.looks(key.namespace) < 2}
        if not ready:
            return None
        key = await asyncio.wait_for(self.queue.get(), 1)
        assert key in ready
        self.wanted.remove(key)
        self.active.add(key)
        for namespace in {one.namespace for one in ready} - {key.namespace}:
            self.passed_over[namespace] = self.passed_over.get(namespace, 0) + 1
            assert self.passed_over[namespace] < 3, f"{namespace} waits for others again and again"
        self.passed_over.pop(key.namespace, None)
        return key

    def done(self, key: Key) -> None:
        if key in self.active:
            self.active.remove(key)
            self.queue.done(key)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_nothing_is_lost_doubled_early_or_out_of_turn(steps: Sequence[tuple[str, Key, int]]) -> None:
    async def whole() -> None:
        one = Watcher()
        for what, key, number in steps:
            match what:
                case "add":
                    one.add(key)
                case "later":
                    one.add(key, number)
                case "wait":
                    await asyncio.sleep(number / 1000)
                case "done":
                    one.done(key)
                case _:
                    await one.take()
            assert len(one.queue) >= len(one.ready())
        for key in list(one.active):
            one.done(key)
        await asyncio.sleep(10)
        while (taken := await one.take()) is not None:
            one.done(taken)
        assert len(one.queue) == 0
        idle = asyncio.ensure_future(one.queue.get())
        await asyncio.sleep(100)
        assert not idle.done()
        idle.cancel()

    run(whole())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(ANY, st.integers(0, 300)), min_size=1, max_size=60),
    st.integers(1, 5),
    st.lists(st.integers(0, 200), min_size=1, max_size=10),
)
def test_workers_see_the_last_change_of_every_key(
    changes: list[tuple[Key, int]], workers: int, durations: list[int]
) -> None:
    """What a worker reads when it begins is what a key's result rests on: after the last change comes a look."""

    async def whole() -> None:
        queue, current, seen = WorkQueue(), dict.fromkeys(KEYS, 0), dict.fromkeys(KEYS, 0)
        active: set[Key] = set()

        async def work(number: int) -> None:
            while True:
                key = await queue.get()
                assert key not in active
                active.add(key)
                seen[key] = current[key]
                await asyncio.sleep(durations[number % len(durations)] / 1000)
                active.remove(key)
                queue.done(key)

        tasks = [asyncio.create_task(work(number)) for number in range(workers)]
        for key, pause in changes:
            current[key] += 1
            queue.add(key)
            await asyncio.sleep(pause / 1000)
        await asyncio.sleep(60)
        assert seen == current
        assert not any(task.done() for task in tasks)
        queue.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(whole())


def test_failures_wait_twice_as_long_each_time_up_to_a_minute() -> None:
    async def whole() -> None:
        queue, loop = WorkQueue(), asyncio.get_running_loop()
        waits = []
        for _ in range(30):
            began = loop.time()
            queue.retry(KEYS[0])
            assert await queue.get() == KEYS[0]
            queue.done(KEYS[0])
            waits.append(round(1000 * (loop.time() - began)))
        assert waits[:3] == [FIRST_RETRY_MS, 2 * FIRST_RETRY_MS, 4 * FIRST_RETRY_MS]
        assert waits[-1] == LONGEST_RETRY_MS
        assert waits == sorted(waits)

    run(whole())


def test_how_long_the_oldest_has_waited() -> None:
    async def whole() -> None:
        queue = WorkQueue()
        assert queue.oldest_ms() == 0
        queue.add(KEYS[0])
        await asyncio.sleep(3)
        queue.add(KEYS[1])
        assert queue.oldest_ms() == 3_000
        await queue.get()
        assert queue.oldest_ms() == 0
        await asyncio.sleep(1)
        assert queue.oldest_ms() == 1_000

    run(whole())


def test_two_hundred_runs_whose_turns_hang_do_not_delay_another_namespace() -> None:
    """Each turn of the crowd takes a minute; the run of the other namespace comes when all of them are under way."""

    async def whole() -> None:
        queue, loop = WorkQueue(), asyncio.get_running_loop()
        began: dict[Key, float] = {}

        async def work() -> None:
            while True:
                key = await queue.get()
                began[key] = loop.time()
                await asyncio.sleep(60 if key.namespace == "crowd" else 0.1)
                queue.done(key)

        workers = Configuration("", "").workers
        tasks = [asyncio.create_task(work()) for _ in range(workers)]
        for number in range(200):
            queue.add(Key("crowd", str(number)))
        await asyncio.sleep(5)
        assert len(began) == MOST_OF_NAMESPACE < workers
        alone, came = Key("alone", "x"), loop.time()
        queue.add(alone)
        await asyncio.sleep(1)
        assert began[alone] == came
        await asyncio.sleep(600)
        assert len(began) == 201
        queue.stop()
        await asyncio.gather(*tasks, return_exceptions=True)

    run(whole())


def test_ten_thousand_keys_of_one_namespace_do_not_delay_another() -> None:
    async def whole() -> None:
        queue = WorkQueue()
        for number in range(10_000):
            queue.add(Key("crowd", str(number)))
        queue.add(Key("alone", "x"))
        taken = [await queue.get() for _ in range(2)]
        assert Key("alone", "x") in taken

    run(whole())
