"""A directory of blobs that is written to by streams, by several processes, and by some that die."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from controller.adapters.file_blob_store import CHUNK, LITTER_S, FileBlobs, FileBlobStore
from controller.errors import DiskFull, NotFound, StoreUnavailable
from controller.model.digest import digest_bytes

CONTENT = bytes(range(256)) * 10_000
DIGEST = digest_bytes(CONTENT)


async def parts(content: bytes, size: int = 60_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        await asyncio.sleep(0)
        yield content[start : start + size]


async def whole(blobs: FileBlobs, digest: str) -> tuple[int, bytes]:
    size, content = await blobs.send(digest)
    return size, b"".join([part async for part in content])


def test_what_streams_in_streams_out(tmp_path: Path) -> None:
    async def play() -> None:
        blobs = FileBlobs(tmp_path / "team-a")
        for content in (b"", b"small", CONTENT):
            digest = digest_bytes(content)
            assert await blobs.size(digest) is None
            await blobs.receive(digest, len(content), parts(content))
            assert await blobs.size(digest) == len(content)
            assert await whole(blobs, digest) == (len(content), content)
        with pytest.raises(NotFound):
            await blobs.send(digest_bytes(b"unknown"))

    asyncio.run(play())
    assert FileBlobStore(tmp_path / "team-a").get(DIGEST) == CONTENT
    assert [*(tmp_path / "team-a" / "incoming").iterdir()] == []


def test_what_is_there_is_not_asked_for(tmp_path: Path) -> None:
    FileBlobStore(tmp_path).put(CONTENT)

    asked = []

    async def content() -> AsyncIterator[bytes]:
        async for part in parts(CONTENT):
            asked.append(part)
            yield part

    asyncio.run(FileBlobs(tmp_path).receive(DIGEST, len(CONTENT), content()))
    assert asked == []


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for part in parts(CONTENT, CHUNK):
            yield part
        raise ValueError("not what it says it is")

    async def play() -> None:
        blobs = FileBlobs(tmp_path)
        with pytest.raises(ValueError, match="not what"):
            await blobs.receive(DIGEST, len(CONTENT), broken())
        assert await blobs.size(DIGEST) is None

    asyncio.run(play())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_two_at_once_are_one(tmp_path: Path) -> None:
    async def play() -> None:
        await asyncio.gather(*(FileBlobs(tmp_path).receive(DIGEST, len(CONTENT), parts(CONTENT)) for _ in range(8)))
        assert await whole(FileBlobs(tmp_path), DIGEST) == (len(CONTENT), CONTENT)

    asyncio.run(play())
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_litter_goes_after_a_day(tmp_path: Path) -> None:
    store = FileBlobStore(tmp_path)
    store.put(CONTENT)
    litter = tmp_path / "incoming" / ".half"
    litter.write_bytes(b"half")
    os.utime(litter, (1000, 1000))
    store.sweep(1000 + LITTER_S)
    assert litter.exists()
    store.sweep(1001 + LITTER_S)
    assert not litter.exists()
    assert store.has(DIGEST)


def test_a_full_volume_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull, match="no space left"):
        FileBlobStore(tmp_path).put(CONTENT)
    with pytest.raises(DiskFull):
        asyncio.run(FileBlobs(tmp_path).receive(DIGEST, len(CONTENT), parts(CONTENT)))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_volume_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "volume").write_text("")
    with pytest.raises(StoreUnavailable):
        FileBlobStore(tmp_path / "volume").put(CONTENT)
