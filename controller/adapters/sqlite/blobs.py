"""Content by digest: small blobs as rows that are committed with the records that name them, large ones as files."""

import fcntl
import io
import os
import re
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from blake3 import blake3

from controller.adapters.sqlite.database import Database
from controller.adapters.sqlite.failures import named_as
from controller.errors import NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import DIGEST_PATTERN, Digest, digest_bytes
from controller.ports.clock import Clock

LARGEST_ROW = 4096
"""Bytes. Up to one page of the database a row costs less than a file with its two fsyncs."""

CHUNK = 1024 * 1024
"""Bytes read at a time."""

INCOMING = "incoming"
"""Folder of files that are still being written; a crash leaves litter there that nothing refers to."""

REFRESH_MS = 600_000
"""A blob that is stored again counts as new (`sweep` spares new ones); its time is renewed at most every 10 minutes."""

_DIGEST = re.compile(DIGEST_PATTERN.pattern.encode())
_DIGEST_LENGTH = len("blake3:") + 64


class SqliteBlobStore:
    """BlobStore over the state database and a folder."""

    def __init__(self, database: Database, folder: Path, clock: Clock) -> None:
        self._database = database
        self._folder = folder
        self._clock = clock
        self._waiting: dict[Digest, bytes] = {}
        database.join(self)

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        if len(content) <= LARGEST_ROW:
            self._database.wait()
            self._waiting[digest] = content
        elif not self._known(digest, len(content)):
            with named_as("store a blob", self._folder), self._incoming() as target:
                target.write(content)
                self._adopt(target, digest)
        return digest

    def put_file(self, location: str) -> Digest:
        with named_as(f"store {location}", self._folder), _regular(location) as source:
            if os.fstat(source.fileno()).st_size <= LARGEST_ROW:
                content = source.read(LARGEST_ROW + 1)
                if len(content) <= LARGEST_ROW:
                    return self.put(content)
                source.seek(0)
            with self._incoming() as target:
                digest = _copy(source, target)
                self._adopt(target, digest)
            return digest

    def get(self, digest: Digest) -> bytes:
        content = self.found(digest)
        if digest_bytes(content) != digest:
            raise _damaged(digest)
        return content

    def found(self, digest: Digest) -> bytes:
        """Return what is stored under a digest without checking it: for who has to tell what is wrong with it."""
        content = self._row(digest)
        if content is None:
            with named_as("read a blob", self._folder), self._open(digest) as stream:
                content = stream.read()
        return content

    def has(self, digest: Digest) -> bool:
        if not DIGEST_PATTERN.fullmatch(digest):
            return False
        return self._row(digest) is not None or self._file(digest).is_file()

    def size(self, digest: Digest) -> int:
        content = self._row(digest)
        if content is not None:
            return len(content)
        with named_as("read a blob", self._folder), self._open(digest) as stream:
            return os.fstat(stream.fileno()).st_size

    def place(self, digest: Digest, location: str) -> None:
        content = self._row(digest)
        with named_as(f"place a blob at {location}", self._folder):
            if content is None:
                with self._open(digest) as source, open(_fresh(location), "wb") as stream:
                    found = _copy(source, stream)
            else:
                found = digest_bytes(content)
                _fill(_fresh(location), content)
            if found != digest:
                Path(location).unlink()
                raise _damaged(digest)

    def stored(self) -> Iterator[tuple[Digest, int, int]]:
        """Yield every committed blob: digest, size in bytes, and when it was last stored (milliseconds, wall clock)."""
        yield from self._database.rows("SELECT digest, length(content), stored_at FROM blobs")
        with named_as("list the blobs", self._folder):
            for path in self._folder.glob("??/*"):
                with suppress(FileNotFoundError):  # Another terminal cleans as well.
                    found = path.stat()
                    yield f"blake3:{path.parent.name}{path.name}", found.st_size, found.st_mtime_ns // 1_000_000

    def named_in(self, digest: Digest) -> set[Digest]:
        """Return the digests that a stored JSON document names; none for other content."""
        content = self._row(digest)
        with named_as("read a blob", self._folder), io.BytesIO(content) if content else self._open(digest) as stream:
            found: set[Digest] = set()
            rest = b""
            while chunk := stream.read(CHUNK):
                if not rest and not chunk.startswith((b"{", b"[")):
                    break
                found.update(text.decode() for text in _DIGEST.findall(rest + chunk))
                rest = chunk[-_DIGEST_LENGTH:]
            return found

    def remove(self, digests: Collection[Digest], before: int) -> None:
        """Remove those of the blobs that were last stored before `before`, and what crashes left half written."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM blobs WHERE digest = ? AND stored_at < ?", [(digest, before) for digest in digests]
            )
        with named_as("remove blobs", self._folder):
            for path in (*map(self._file, digests), *self._folder.glob(f"{INCOMING}/*")):
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime_ns < before * 1_000_000:
                        path.unlink()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write what waits, inside the group's transaction."""
        now = self._clock.now()
        connection.executemany(
            "INSERT INTO blobs (digest, content, stored_at) VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET stored_at = excluded.stored_at WHERE stored_at < excluded.stored_at - ?",
            [(digest, content, now, REFRESH_MS) for digest, content in self._waiting.items()],
        )

    def forget(self) -> None:
        """Drop what waits."""
        self._waiting.clear()

    def _row(self, digest: Digest) -> bytes | None:
        content = self._waiting.get(digest)
        if content is None:
            rows = self._database.rows("SELECT content FROM blobs WHERE digest = ?", (digest,))
            content = rows[0][0] if rows else None
        return content

    def _file(self, digest: Digest) -> Path:
        if not DIGEST_PATTERN.fullmatch(digest):
            raise NotFound(f"{digest!r} is not a digest")
        hexadecimal = digest.removeprefix("blake3:")
        return self._folder / hexadecimal[:2] / hexadecimal[2:]

    def _open(self, digest: Digest) -> IO[bytes]:
        try:
            return self._file(digest).open("rb")
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob {digest}") from error

    def _known(self, digest: Digest, size: int) -> bool:
        """Return whether a large blob is stored; a file of another size is damaged and gets replaced."""
        path = self._file(digest)
        with named_as("look for a blob", self._folder), suppress(FileNotFoundError):
            found = path.stat()
            if found.st_size == size:
                if not self._database.read_only:
                    os.utime(path, ns=(self._clock.now() * 1_000_000,) * 2)
                return True
        return False

    @contextmanager
    def _incoming(self) -> Iterator[IO[bytes]]:
        if self._database.read_only:
            raise StoreUnavailable(f"{self._folder} was opened for reading only")
        folder = self._folder / INCOMING
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
            try:
                yield stream.file
            finally:
                # Gone already, where it was adopted.
                Path(stream.name).unlink(missing_ok=True)

    def _adopt(self, incoming: IO[bytes], digest: Digest) -> None:
        """Give a complete file its name, durably."""
        incoming.flush()
        _sync(incoming.fileno())
        moment = self._clock.now() * 1_000_000
        os.utime(incoming.fileno(), ns=(moment, moment))
        path = self._file(digest)
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
        Path(incoming.name).replace(path)
        _sync_folder(path.parent)


def _regular(location: str) -> IO[bytes]:
    # Without O_NONBLOCK a pipe without a writer would block the run for ever.
    stream = os.fdopen(os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise StoreUnavailable(f"{location} is not a regular file")
    return stream


def _fresh(location: str) -> int:
    """Open a file that was not there before: never through an existing name, which may be a link to something else."""
    for _ in range(2):
        try:
            return _create(location)
        except FileNotFoundError:
            Path(location).parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            Path(location).unlink(missing_ok=True)
    return _create(location)


def _create(location: str) -> int:
    return os.open(location, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _fill(descriptor: int, content: bytes) -> None:
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _copy(source: IO[bytes], target: IO[bytes]) -> Digest:
    hasher = blake3()
    while chunk := source.read(CHUNK):
        hasher.update(chunk)
        target.write(chunk)
    return "blake3:" + hasher.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    """Wait until the bytes are on the medium; on macOS an ordinary fsync stops at the drive's cache."""
    if sys.platform == "darwin":
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def _damaged(digest: Digest) -> VerificationFailed:
    return VerificationFailed(f"the stored bytes of blob {digest} do not match it")
