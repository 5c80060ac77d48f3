"""Content by digest in a directory: what libretto-store keeps on a PersistentVolume.

    blake3/<2 hex>/<62 hex>     a blob, complete and on the medium
    incoming/*                  being written; a crash leaves litter there that nothing refers to

The same class serves two sides: `FileBlobStore` whoever runs on the machine, `FileBlobs` a service that streams.
"""

import asyncio
import errno
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from blake3 import blake3

from controller.errors import DiskFull, NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import DIGEST_PATTERN, Digest, digest_bytes

CHUNK = 1024 * 1024
"""Bytes that are read and written at a time."""

LITTER_S = 86_400
"""Age from which an incoming file is litter: no upload takes a day."""

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FileBlobStore:
    """BlobStore over a directory. Durable when `put` returns; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        with _storing("store a blob", self._folder):
            if not self.known(digest, len(content)):
                with self.incoming() as target:
                    target.write(content)
                    self.adopt(target, digest)
        return digest

    def put_file(self, location: str) -> Digest:
        with _storing(f"store {location}", self._folder), _regular(location) as source, self.incoming() as target:
            digest = _copy(source, target)
            if not self.known(digest, source.tell()):
                self.adopt(target, digest)
        return digest

    def get(self, digest: Digest) -> bytes:
        with _storing("read a blob", self._folder), self.open(digest) as stream:
            content = stream.read()
        if digest_bytes(content) != digest:
            raise _damaged(digest)
        return content

    def has(self, digest: Digest) -> bool:
        return DIGEST_PATTERN.fullmatch(digest) is not None and self._file(digest).is_file()

    def size(self, digest: Digest) -> int:
        with _storing("read a blob", self._folder), self.open(digest) as stream:
            return os.fstat(stream.fileno()).st_size

    def place(self, digest: Digest, location: str) -> None:
        target = Path(location)
        with _storing(f"place a blob at {location}", self._folder), self.open(digest) as source:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Renamed, it takes the place of whatever has the name: never through a link.
            with _temporary(target.parent) as stream:
                if _copy(source, stream) != digest:
                    raise _damaged(digest)
                stream.flush()
                Path(stream.name).replace(target)

    def sweep(self, now_s: float) -> None:
        """Remove what crashes left half written; `now_s` is the wall clock."""
        with _storing("remove half-written blobs", self._folder):
            for path in self._folder.glob("incoming/*"):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < now_s - LITTER_S:
                        path.unlink()

    # For who streams. Raises OSError.

    def known(self, digest: Digest, size: int) -> bool:
        """Return whether a blob is stored; a file of another size is damaged and gets replaced."""
        try:
            return self._file(digest).stat().st_size == size
        except FileNotFoundError:
            return False

    def open(self, digest: Digest) -> IO[bytes]:
        """Raises NotFound."""
        try:
            return self._file(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob {digest}") from error

    @contextmanager
    def incoming(self) -> Iterator[IO[bytes]]:
        """Give a file to write into; unless it is adopted, it is gone at the end."""
        folder = self._folder / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        with _temporary(folder) as stream:
            yield stream

    def adopt(self, incoming: IO[bytes], digest: Digest) -> None:
        """Give a complete file its name, durably."""
        incoming.flush()
        os.fsync(incoming.fileno())
        path = self._file(digest)
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in (path.parents[1], path.parents[2]):
                _sync_folder(folder)
        Path(incoming.name).replace(path)
        _sync_folder(path.parent)

    def _file(self, digest: Digest) -> Path:
        if not DIGEST_PATTERN.fullmatch(digest):
            raise NotFound(f"{digest!r} is not a digest")
        algorithm, _, hexadecimal = digest.partition(":")
        return self._folder / algorithm / hexadecimal[:2] / hexadecimal[2:]


class FileBlobs:
    """The same for a service: what waits for the medium waits in a thread. Raises NotFound, StoreUnavailable, DiskFull."""

    def __init__(self, folder: Path) -> None:
        self._store = FileBlobStore(folder)
        self._folder = folder

    async def receive(self, digest: Digest, size: int, content: AsyncIterator[bytes]) -> None:
        """Store what arrives. What `content` raises is passed on, and nothing is kept then."""
        store = self._store
        with _storing("store a blob", self._folder):
            if await asyncio.to_thread(store.known, digest, size):
                return
            incoming = store.incoming()
            target = await asyncio.to_thread(incoming.__enter__)
            try:
                async for part in _gathered(content):
                    await asyncio.to_thread(target.write, part)
                await asyncio.to_thread(store.adopt, target, digest)
            finally:
                await asyncio.to_thread(incoming.__exit__, None, None, None)

    async def send(self, digest: Digest) -> tuple[int, AsyncIterator[bytes]]:
        """Return the number of bytes, and the bytes."""
        with _storing("read a blob", self._folder):
            stream = await asyncio.to_thread(self._store.open, digest)
        return os.fstat(stream.fileno()).st_size, self._read(stream)

    async def size(self, digest: Digest) -> int | None:
        try:
            return await asyncio.to_thread(self._store.size, digest)
        except NotFound:
            return None

    async def _read(self, stream: IO[bytes]) -> AsyncIterator[bytes]:
        with _storing("read a blob", self._folder), stream:
            while chunk := await asyncio.to_thread(stream.read, CHUNK):
                yield chunk


async def _gathered(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Make few large pieces of many small ones: each costs a change of thread."""
    parts, size = [], 0
    async for part in content:
        parts.append(part)
        size += len(part)
        if size >= CHUNK:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


@contextmanager
def _temporary(folder: Path) -> Iterator[IO[bytes]]:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as stream:
        try:
            yield stream.file
        finally:
            # Gone already, where it was renamed.
            Path(stream.name).unlink(missing_ok=True)


def _regular(location: str) -> IO[bytes]:
    # Without O_NONBLOCK a pipe without a writer would block for ever.
    stream = os.fdopen(os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise StoreUnavailable(f"{location} is not a regular file")
    return stream


def _copy(source: IO[bytes], target: IO[bytes]) -> Digest:
    hasher = blake3()
    while chunk := source.read(CHUNK):
        hasher.update(chunk)
        target.write(chunk)
    return "blake3:" + hasher.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storing(doing: str, folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise DiskFull(f"cannot {doing}: no space left in {folder}", hint="enlarge the volume") from error
        raise StoreUnavailable(f"cannot {doing} ({folder}): {error.strerror or error}") from error


def _damaged(digest: Digest) -> VerificationFailed:
    return VerificationFailed(f"the stored bytes of blob {digest} do not match it")
