"""What must a store of one namespace be able to do, and how does one that takes only whole blobs do it?"""

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple, Protocol

from controller.errors import NotFound, Throttled, TooLarge
from controller.model.digest import Digest


class Owner(NamedTuple):
    """The Run that content was uploaded for: a store that forgets by ownership lets it live as long."""

    name: str
    uid: str


class Blobs(Protocol):
    """Content of one namespace by digest. Raises StoreUnavailable, DiskFull, and the like."""

    async def receive(self, digest: Digest, size: int, content: AsyncIterator[bytes]) -> None:
        """Store what arrives; twice is once. Where `content` raises, nothing may be kept, and the error is passed on.

        Raises TooLarge.
        """

    async def send(self, digest: Digest) -> tuple[int, AsyncIterator[bytes]]:
        """Return the number of bytes, and the bytes. Raises NotFound."""

    async def size(self, digest: Digest) -> int | None:
        """Return the number of bytes; None where there is no such blob."""


StoreOf = Callable[[str, Owner | None], Blobs]
"""Gives the store of a namespace, for content of an owner, if it has one."""


class WholeBlobs(Protocol):
    """A store that takes and gives whole blobs."""

    async def put(self, digest: Digest, content: bytes) -> None: ...

    async def get(self, digest: Digest) -> bytes: ...

    async def size(self, digest: Digest) -> int | None: ...


class Memory:
    """The bytes that whole blobs may take up at one time, all namespaces together."""

    def __init__(self, most: int = 64 << 20) -> None:
        self._left = most
        self.most = most

    def take(self, size: int) -> None:
        """Raises TooLarge for what never fits, Throttled for what does not fit now."""
        if size > self.most:
            raise TooLarge(
                f"a blob of {size} bytes is larger than the {self.most} that this store takes",
                hint="set up an S3 bucket or libretto-store (chart value blobs.kind)",
            )
        if size > self._left:
            raise Throttled("other content is being stored just now", retry_after=1)
        self._left -= size

    def give(self, size: int) -> None:
        """Give back what was taken."""
        self._left += size


class Gathered:
    """Makes Blobs of a store that takes whole ones, such as ConfigMaps."""

    def __init__(self, store: WholeBlobs, memory: Memory) -> None:
        self._store = store
        self._memory = memory

    async def receive(self, digest: Digest, size: int, content: AsyncIterator[bytes]) -> None:
        self._memory.take(size)
        try:
            whole = b"".join([part async for part in content])
            await self._store.put(digest, whole)
        finally:
            self._memory.give(size)

    async def send(self, digest: Digest) -> tuple[int, AsyncIterator[bytes]]:
        size = await self._store.size(digest)
        if size is None:
            raise NotFound(f"there is no blob {digest}")
        return size, self._sent(digest, size)

    async def size(self, digest: Digest) -> int | None:
        return await self._store.size(digest)

    async def _sent(self, digest: Digest, size: int) -> AsyncIterator[bytes]:
        self._memory.take(size)
        try:
            yield await self._store.get(digest)
        finally:
            self._memory.give(size)
