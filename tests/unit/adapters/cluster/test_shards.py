"""Shards as ConfigMaps: chained, merged in the background, and readable at every moment of that."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.cluster import fiber, shard_object
from controller.adapters.cluster.ledger_store import Ends, Sealed
from controller.adapters.cluster.merging import Merger
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.shard_object import fitting
from controller.adapters.cluster.shards import GROUP, ConfigMapShards
from controller.adapters.cluster.unsealing import joined
from controller.errors import AlreadyExists, NotFound, ServerUnavailable
from controller.model.digest import Digest, digest_bytes

Json = dict[str, Any]
T = TypeVar("T")
OWNER: Json = {"metadata": {"name": "run", "namespace": "ns", "uid": "uid"}, "spec": {}}


class Maps:
    """ConfigMaps as an API server holds them; `left` calls succeed, and none after that."""

    def __init__(self) -> None:
        self.kept: dict[str, Json] = {}
        self.left = 1_000_000
        self.seen: list[list[Json]] = []
        """What a reader would have found after each change."""

    async def create(self, body: Json) -> Json:
        self._call()
        name = body["metadata"]["name"]
        if name in self.kept:
            raise AlreadyExists(name)
        self.kept[name] = body
        self.seen.append(list(self.kept.values()))
        return body

    async def delete(self, name: str) -> None:
        self._call()
        if self.kept.pop(name, None) is None:
            raise NotFound(name)
        self.seen.append(list(self.kept.values()))

    async def list(self, labels: str) -> Sequence[Json]:
        assert labels == "libretto.dev/kind=shard,libretto.dev/run-uid=uid"
        return list(self.kept.values())

    def _call(self) -> None:
        if self.left == 0:
            raise ServerUnavailable("down")
        self.left -= 1


class World:
    """A ledger whose records are sealed a few at a time."""

    def __init__(self, maps: Maps | None = None, *, merges: bool = True) -> None:
        self.maps = maps or Maps()
        self.records: list[bytes] = []
        self.sealed = Sealed()
        self.problems: list[str] = []
        self.merger = Merger(lambda: Mark(7, "lease"), self.problems.append) if merges else None
        self.shards = ConfigMapShards(self.maps, lambda _: OWNER, lambda: Mark(7, "lease"), self.merger)

    def seal(self, count: int, size: int = 10) -> None:
        """Seal some more records, each with a content that it names."""
        first = len(self.records)
        new = [f"record {first + number} {'x' * size}".encode() for number in range(count)]
        contents = {digest_bytes(record): record.decode() for record in new}
        ends = Ends(self.sealed.head, digest_bytes(new[-1]))
        self.shards.seal("uid", first, new, contents, ends)
        self.records += new
        self.sealed = Sealed(first + count - 1, ends.head, self.sealed.shards + 1)

    def read(self) -> tuple[list[bytes], dict[Digest, str]]:
        found = self.shards.read("uid", self.sealed)
        assert found.damage is None
        return found.records, found.contents

    def again(self) -> "World":
        """The same ledger for another process."""
        other = World(self.maps)
        other.records, other.sealed = list(self.records), self.sealed
        return other

    @property
    def contents(self) -> dict[Digest, str]:
        return {digest_bytes(record): record.decode() for record in self.records}


def played(*worlds: World, work: Callable[[], T]) -> T:
    """Do work that waits, and whatever it leaves to be done in the background."""

    async def run() -> T:
        answer = await fiber.run(work)
        for world in worlds:
            if world.merger is not None:
                await world.merger.idle()
        return answer

    return asyncio.run(run())


def many(world: World, times: int, count: int = 3, size: int = 10) -> None:
    def work() -> None:
        for _ in range(times):
            world.seal(count, size)

    played(world, work=work)


def test_sixteen_become_one_when_the_next_one_comes() -> None:
    world = World()
    many(world, GROUP)
    # Nobody knows yet whether the status was written that refers to the last one.
    assert len(world.maps.kept) == GROUP
    many(world, 1)
    assert len(world.maps.kept) == 2
    assert played(work=world.read) == (world.records, world.contents)


def test_thousands_of_records_leave_few_objects() -> None:
    world = World()
    many(world, 640)
    assert len(world.maps.kept) <= 640 / GROUP + GROUP
    assert played(work=world.read) == (world.records, world.contents)
    (bears,) = {one["metadata"]["annotations"]["libretto.dev/epoch"] for one in world.maps.kept.values()}
    assert bears == "7"


def test_a_reader_finds_the_same_at_every_moment() -> None:
    world = World()
    states: list[tuple[int, Sealed]] = []

    def work() -> None:
        for _ in range(2 * GROUP + 3):
            world.seal(2)
            states.append((len(world.maps.seen), world.sealed))

    played(world, work=work)
    for seen in world.maps.seen[states[-1][0] - 1 :]:
        found = joined(seen, "uid", world.sealed)
        assert (found.records, found.contents) == (world.records, world.contents)


def test_a_status_that_was_read_before_the_merge_still_finds_its_records() -> None:
    world = World()
    many(world, 5)
    old, known = world.sealed, len(world.records)
    many(world, GROUP)
    found = joined(list(world.maps.kept.values()), "uid", old)
    assert found.records == world.records[:known]


@settings(max_examples=30)
@given(st.integers(0, 2 * GROUP + 2))
def test_a_merge_that_breaks_off_loses_nothing_and_is_finished_by_the_next_process(left: int) -> None:
    maps = Maps()
    world = World(maps)
    many(world, GROUP)
    maps.left = 1 + left  # the 17th shard, and some of the merge
    many(world, 1)
    maps.left = 1_000_000
    other = world.again()
    assert played(other, work=other.read) == (world.records, world.contents)
    assert len(maps.kept) == 2
    assert played(work=world.read) == (world.records, world.contents)


def test_litter_of_a_crash_goes_when_the_ledger_is_read_by_a_driver() -> None:
    world = World()
    many(world, 1)
    lost = world.again()
    many(lost, 1, count=2)
    many(world, 1, count=3, size=20)  # the status of the other one was never written
    assert len(world.maps.kept) == 3
    reader = World(world.maps, merges=False)
    assert played(work=lambda: reader.shards.read("uid", world.sealed)) == (world.records, world.contents, None)
    assert len(world.maps.kept) == 3
    driver = world.again()
    assert played(driver, work=driver.read) == (world.records, world.contents)
    assert len(world.maps.kept) == 2


def test_a_shard_that_no_status_refers_to_yet_is_no_litter() -> None:
    world = World()
    many(world, 1)
    lost = world.again()
    many(lost, 1)
    driver = world.again()
    played(driver, work=driver.read)
    assert len(world.maps.kept) == 2


def test_what_does_not_fit_into_one_object_becomes_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_object, "LARGEST", 1_000)
    world = World()
    many(world, GROUP + 1)
    assert 2 < len(world.maps.kept) < GROUP
    assert played(work=world.read) == (world.records, world.contents)
    monkeypatch.setattr(shard_object, "LARGEST", 10)
    assert list(fitting(list(world.maps.kept.values()))) == []


def test_where_a_shard_is_gone_nothing_is_merged_or_swept() -> None:
    world = World()
    many(world, 3)
    lost = world.again()
    many(lost, 1, count=2)
    many(world, 1, count=3, size=20)
    del world.maps.kept[next(iter(world.maps.kept))]
    driver = world.again()
    found = played(driver, work=lambda: driver.shards.read("uid", world.sealed))
    assert found.damage is not None
    assert len(world.maps.kept) == 4


def test_litter_that_does_not_say_what_it_holds_is_left_alone() -> None:
    world = World()
    many(world, 2)
    world.maps.kept["foreign"] = {"metadata": {"name": "foreign"}}
    driver = world.again()
    assert played(driver, work=driver.read) == (world.records, world.contents)
    assert "foreign" in world.maps.kept


def test_an_outage_during_a_merge_is_told_and_harmless() -> None:
    world = World()
    many(world, GROUP)
    world.maps.left = 1
    many(world, 1)
    assert len(world.problems) == 1
    assert played(work=world.read)[0] == world.records
