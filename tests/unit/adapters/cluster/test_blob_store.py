"""Content is with its records where it is small, else in the store; what comes back is what its digest says."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from controller.adapters.cluster import fiber
from controller.adapters.cluster.blob_store import ClusterBlobStore
from controller.adapters.cluster.pool import LARGEST, Pool
from controller.errors import InvariantViolated, NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import Digest, digest_bytes
from tests.unit.adapters.cluster.large_blobs import Store

T = TypeVar("T")

SMALL, LARGE = b'{"a":1}', b"x" * (LARGEST + 1)


class World:
    def __init__(self, warm: Callable[[Digest], bytes | None] = lambda _: None) -> None:
        self.store, self.pool = Store(), Pool()
        self.blobs = ClusterBlobStore(self.pool, self.store, warm)


def played(function: Callable[[], T]) -> T:
    return asyncio.run(fiber.run(function))


@pytest.mark.parametrize("content", [b"", SMALL, b"x" * LARGEST, "ü".encode() * (LARGEST // 2)])
def test_small_text_needs_no_store(content: bytes) -> None:
    world = World()
    digest = world.blobs.put(content)
    assert digest == digest_bytes(content)
    assert world.pool.get(digest) == content
    assert (world.blobs.has(digest), world.blobs.size(digest)) == (True, len(content))
    assert world.store.asked == []


@pytest.mark.parametrize("content", [LARGE, b"\xff\x00", b"ok\xc3"], ids=["large", "no text", "half a character"])
def test_all_else_goes_to_the_store(content: bytes) -> None:
    world = World()
    digest = played(lambda: world.blobs.put(content))
    assert world.store.kept == {digest_bytes(content): content}
    assert world.pool.get(digest) is None
    assert played(lambda: world.blobs.get(digest)) == content
    assert played(lambda: world.blobs.has(digest))
    assert played(lambda: world.blobs.size(digest)) == len(content)


def test_what_couriers_must_find_is_offered_to_them() -> None:
    world = World()
    played(lambda: world.blobs.offer("blake3:x"))
    assert world.store.asked == ["offer blake3:x"]


def test_even_empty_content_is_known() -> None:
    world = World()
    digest = world.blobs.put(b"")
    assert world.blobs.get(digest) == b""
    assert world.store.asked == []


def test_what_this_process_knows_is_not_asked_for() -> None:
    world = World(lambda digest: LARGE if digest == digest_bytes(LARGE) else None)
    assert world.blobs.get(digest_bytes(LARGE)) == LARGE
    assert world.store.asked == []


def test_what_is_not_there() -> None:
    world, digest = World(), digest_bytes(LARGE)
    assert not played(lambda: world.blobs.has(digest))
    for ask in (world.blobs.get, world.blobs.size):
        with pytest.raises(NotFound):
            played(lambda ask=ask: ask(digest))  # type: ignore[misc]


def test_what_the_store_changed_is_refused() -> None:
    world, digest = World(), digest_bytes(LARGE)
    world.store.kept[digest] = LARGE + b"!"
    with pytest.raises(VerificationFailed, match="does not match its digest"):
        played(lambda: world.blobs.get(digest))


def test_that_the_store_is_away_is_said() -> None:
    world = World()
    world.store.away = True
    with pytest.raises(StoreUnavailable):
        played(lambda: world.blobs.put(LARGE))
    with pytest.raises(StoreUnavailable):
        played(lambda: world.blobs.has(digest_bytes(LARGE)))


def test_files_are_the_couriers_business() -> None:
    world, digest = World(), digest_bytes(LARGE)
    assert world.blobs.put_file(digest) == digest
    with pytest.raises(VerificationFailed, match="the courier places files"):
        world.blobs.place(digest, "/somewhere")
    assert world.store.asked == []


def test_a_store_can_be_asked_only_by_who_can_wait() -> None:
    with pytest.raises(InvariantViolated, match=r"fiber\.run"):
        World().blobs.put(LARGE)
