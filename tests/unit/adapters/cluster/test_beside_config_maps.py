"""With a bucket or libretto-store: what goes where, who looks where, and what is offered to couriers."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from controller.adapters.cluster.beside_config_maps import MOST_OFFERED, TRUSTED_MS, BesideConfigMaps, Offered
from controller.errors import NotFound, StoreUnavailable
from controller.model.digest import digest_bytes
from tests.fakes.clock import SettableClock
from tests.unit.adapters.cluster.large_blobs import Store

T = TypeVar("T")

CONTENT = b"a file of an agent"
DIGEST = digest_bytes(CONTENT)


class World:
    def __init__(self) -> None:
        self.clock = SettableClock()
        self.offered = Offered(self.clock.monotonic)
        self.store, self.maps = Store(), Store({DIGEST: CONTENT})
        self.blobs = self.of("team")

    def of(self, namespace: str) -> BesideConfigMaps:
        return BesideConfigMaps(namespace, self.store, self.maps, self.offered)


def played(call: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(call)


def test_what_runs_leave_goes_to_the_store_only() -> None:
    world = World()
    played(world.blobs.put("blake3:x", b"x"))
    assert (world.store.kept, world.maps.asked) == ({"blake3:x": b"x"}, [])
    assert (played(world.blobs.get("blake3:x")), played(world.blobs.size("blake3:x"))) == (b"x", 1)
    assert world.maps.asked == []


def test_what_was_published_is_found_among_the_config_maps() -> None:
    world = World()
    assert (played(world.blobs.get(DIGEST)), played(world.blobs.size(DIGEST))) == (CONTENT, len(CONTENT))
    assert world.store.kept == {}
    assert played(world.blobs.size("blake3:nowhere")) is None
    with pytest.raises(NotFound):
        played(world.blobs.get("blake3:nowhere"))


def test_a_store_that_is_away_is_not_taken_for_an_empty_one() -> None:
    world = World()
    world.store.away = True
    for call in (world.blobs.get(DIGEST), world.blobs.size(DIGEST), world.blobs.offer(DIGEST)):
        with pytest.raises(StoreUnavailable):
            played(call)
    assert world.maps.asked == []


def test_what_is_offered_is_copied_once() -> None:
    world = World()
    for _ in range(3):
        played(world.blobs.offer(DIGEST))
    assert (world.store.kept, world.store.asked, world.maps.asked) == ({DIGEST: CONTENT}, ["size", "put"], ["get"])
    # Another tree of the namespace asks no more, another namespace does.
    played(world.of("team").offer(DIGEST))
    assert len(world.store.asked) == 2
    played(world.of("other").offer(DIGEST))
    assert world.store.asked == ["size", "put", "size"]


def test_what_a_bucket_forgot_is_offered_again() -> None:
    world = World()
    played(world.blobs.offer(DIGEST))
    world.store.kept.clear()
    world.clock.advance(TRUSTED_MS - 1)
    played(world.blobs.offer(DIGEST))
    assert world.store.kept == {}
    world.clock.advance(1)
    played(world.blobs.offer(DIGEST))
    assert world.store.kept == {DIGEST: CONTENT}


def test_what_nobody_published_cannot_be_offered() -> None:
    world = World()
    with pytest.raises(NotFound):
        played(world.blobs.offer("blake3:nowhere"))
    with pytest.raises(NotFound):
        played(world.blobs.offer("blake3:nowhere"))


def test_memory_does_not_grow_with_what_was_offered() -> None:
    offered = Offered(SettableClock().monotonic)
    for number in range(MOST_OFFERED + 5):
        offered.add(("team", f"blake3:{number}"))
    assert ("team", "blake3:4") not in offered
    assert ("team", "blake3:5") in offered
