"""Content by digest in an S3-compatible bucket.

    <prefix>blake3/<2 hex>/<62 hex>     a blob; written once, never changed

Small blobs are created in one request that fails where the key exists. Larger ones are multipart uploads, for which the
protocol knows no such condition: the key is looked at first, and who comes second replaces content by its equal. An
upload that is given up can leave parts that no key shows: give the bucket a lifecycle rule that removes incomplete
multipart uploads after a day.
"""

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, NamedTuple

import obstore
from blake3 import blake3
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from controller.errors import NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import DIGEST_PATTERN, Digest, digest_bytes

PART = 8 * 1024 * 1024
"""Bytes of one part: S3 takes at most 10,000 of them, so a blob may have 78 GiB. What is smaller is no multipart upload."""

CONCURRENT_PARTS = 2
"""Parts of one upload that are under way, and so in memory."""

RETRIES, RETRYING = 3, timedelta(seconds=20)
"""Who asks tries again as well, for longer."""


class Bucket(NamedTuple):
    """Where it is. Credentials come from the environment (`AWS_*`), a web identity or the machine."""

    name: str
    prefix: str = ""
    """Before every key, e.g. `libretto/team-a`."""
    endpoint: str | None = None
    """Of a server that is not Amazon's."""
    region: str = "us-east-1"
    path_style: bool = True
    """Name the bucket in the path, not in the host: what servers that are not Amazon's understand."""
    allow_http: bool = False
    access_key: str | None = None
    secret_key: str | None = None


def store_of(bucket: Bucket) -> S3Store:
    """Return the client of a bucket. It asks nothing yet."""
    given = {
        "endpoint": bucket.endpoint,
        "access_key_id": bucket.access_key,
        "secret_access_key": bucket.secret_key,
    }
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        region=bucket.region,
        virtual_hosted_style_request=not bucket.path_style,
        client_options={"allow_http": bucket.allow_http, "connect_timeout": "5s", "timeout": "60s"},
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRYING},
        **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]
    )


class S3BlobStore:
    """BlobStore over a bucket."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        with _asking("store a blob"):
            self._put(_key(digest), content, len(content))
        return digest

    def put_file(self, location: str) -> Digest:
        with _asking(f"store {location}"), _regular(location) as source:
            digest, size = _digested(source)
            source.seek(0)
            self._put(_key(digest), source, size)
        return digest

    def get(self, digest: Digest) -> bytes:
        with _asking("read a blob", digest):
            content = bytes(obstore.get(self._store, _key(digest)).bytes())
        if digest_bytes(content) != digest:
            raise _damaged(digest)
        return content

    def has(self, digest: Digest) -> bool:
        if not DIGEST_PATTERN.fullmatch(digest):
            return False
        try:
            self.size(digest)
        except NotFound:
            return False
        return True

    def size(self, digest: Digest) -> int:
        with _asking("look for a blob", digest):
            return obstore.head(self._store, _key(digest))["size"]

    def place(self, digest: Digest, location: str) -> None:
        target = Path(location)
        with _asking(f"place a blob at {location}", digest):
            parts = obstore.get(self._store, _key(digest)).stream(min_chunk_size=PART)
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as stream:
                try:
                    hasher = blake3()
                    for part in parts:
                        hasher.update(part)
                        stream.write(part)
                    if "blake3:" + hasher.hexdigest() != digest:
                        raise _damaged(digest)
                    stream.flush()
                    # Renamed, it takes the place of whatever has the name: never through a link.
                    Path(stream.name).replace(target)
                finally:
                    Path(stream.name).unlink(missing_ok=True)

    def _put(self, key: str, content: bytes | IO[bytes], size: int) -> None:
        if size <= PART:
            try:
                obstore.put(self._store, key, content, mode="create")
                return
            except AlreadyExistsError:
                pass
        try:
            if obstore.head(self._store, key)["size"] == size:
                return
        except FileNotFoundError:
            pass
        # Not there; or cut short, which no digest of ours allows.
        obstore.put(self._store, key, content, chunk_size=PART, max_concurrency=CONCURRENT_PARTS)


class S3Blobs:
    """The same for a service or an operator, asynchronously. Raises NotFound, StoreUnavailable, VerificationFailed."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, digest: Digest, content: bytes) -> None:
        """Store; twice is once."""
        await self.receive(digest, len(content), _once(content))

    async def get(self, digest: Digest) -> bytes:
        """Return the content."""
        with _asking("read a blob", digest):
            found = await obstore.get_async(self._store, _key(digest))
            return bytes(await found.bytes_async())

    async def size(self, digest: Digest) -> int | None:
        """Return the number of bytes; None where there is no such blob."""
        try:
            with _asking("look for a blob", digest):
                return (await obstore.head_async(self._store, _key(digest)))["size"]
        except NotFound:
            return None

    async def receive(self, digest: Digest, size: int, content: AsyncIterator[bytes]) -> None:
        """Store what arrives. What `content` raises is passed on, and nothing is kept then."""
        key = _key(digest)
        with _asking("store a blob"):
            if size > PART:
                if await self.size(digest) != size:
                    await self._put_parts(key, content)
                return
            whole = b"".join([part async for part in content])
            try:
                await obstore.put_async(self._store, key, whole, mode="create")
            except AlreadyExistsError:
                if await self.size(digest) != size:
                    await obstore.put_async(self._store, key, whole, use_multipart=False)

    async def send(self, digest: Digest) -> tuple[int, AsyncIterator[bytes]]:
        """Return the number of bytes, and the bytes."""
        found = await self.size(digest)
        if found is None:
            raise NotFound(f"there is no blob {digest}")
        return found, self._read(digest, found)

    async def _put_parts(self, key: str, content: AsyncIterator[bytes]) -> None:
        await obstore.put_async(
            self._store, key, content, use_multipart=True, chunk_size=PART, max_concurrency=CONCURRENT_PARTS
        )

    async def _read(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        # Range by range: no request lasts long, and a slow reader holds one of them in memory.
        for start in range(0, size, PART):
            with _asking("read a blob", digest):
                part = await obstore.get_range_async(
                    self._store, _key(digest), start=start, end=min(start + PART, size)
                )
            yield bytes(part)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    await asyncio.sleep(0)
    yield content


def _key(digest: Digest) -> str:
    if not DIGEST_PATTERN.fullmatch(digest):
        raise NotFound(f"{digest!r} is not a digest")
    algorithm, _, hexadecimal = digest.partition(":")
    return f"{algorithm}/{hexadecimal[:2]}/{hexadecimal[2:]}"


def _regular(location: str) -> IO[bytes]:
    # Without O_NONBLOCK a pipe without a writer would block for ever.
    stream = os.fdopen(os.open(location, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise StoreUnavailable(f"{location} is not a regular file")
    return stream


def _digested(source: IO[bytes]) -> tuple[Digest, int]:
    hasher = blake3()
    while chunk := source.read(1024 * 1024):
        hasher.update(chunk)
    return "blake3:" + hasher.hexdigest(), source.tell()


@contextmanager
def _asking(doing: str, digest: Digest | None = None) -> Iterator[None]:
    """Let errors of the server out as ours. With a digest, what is not found is that blob."""
    try:
        yield
    except FileNotFoundError as error:
        if digest is not None and error.filename is None:
            raise NotFound(f"there is no blob {digest}") from error
        raise StoreUnavailable(f"cannot {doing}: {_first_line(error)}") from error
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"cannot {doing}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """Return what happened; below it stands how the library came to know."""
    return str(error).partition("\n")[0][:300]


def _damaged(digest: Digest) -> VerificationFailed:
    return VerificationFailed(f"the stored bytes of blob {digest} do not match it")
