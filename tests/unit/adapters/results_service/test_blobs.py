"""Stores that take whole blobs, within the memory that there is."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from controller.adapters.results_service.blobs import Gathered, Memory
from controller.errors import NotFound, Throttled, TooLarge
from controller.model.digest import digest_bytes


class Whole:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, digest: str, content: bytes) -> None:
        self.kept[digest] = content

    async def get(self, digest: str) -> bytes:
        return self.kept[digest]

    async def size(self, digest: str) -> int | None:
        return len(self.kept[digest]) if digest in self.kept else None


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        await asyncio.sleep(0)
        yield part


async def _whole(content: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in content])


def test_content_comes_and_goes() -> None:
    async def play() -> None:
        blobs = Gathered(Whole(), Memory(10))
        digest = digest_bytes(b"12345")
        await blobs.receive(digest, 5, parts(b"123", b"45"))
        size, content = await blobs.send(digest)
        assert (size, await _whole(content), await blobs.size(digest)) == (5, b"12345", 5)
        with pytest.raises(NotFound):
            await blobs.send(digest_bytes(b"unknown"))
        assert await blobs.size(digest_bytes(b"unknown")) is None

    asyncio.run(play())


def test_memory_is_bounded_and_given_back() -> None:
    async def play() -> None:
        store, memory = Whole(), Memory(10)
        blobs = Gathered(store, memory)
        with pytest.raises(TooLarge, match="larger than the 10") as refused:
            await blobs.receive("d", 11, parts(b""))
        assert "S3" in (refused.value.hint or "")
        memory.take(6)
        with pytest.raises(Throttled):
            await blobs.receive("d", 5, parts(b"12345"))
        memory.give(6)
        with pytest.raises(ValueError, match="broken"):
            await blobs.receive("d", 10, _broken())
        await blobs.receive("d", 10, parts(b"1234567890"))
        assert store.kept == {"d": b"1234567890"}

    asyncio.run(play())


async def _broken() -> AsyncIterator[bytes]:
    await asyncio.sleep(0)
    yield b"1"
    raise ValueError("broken")
