"""A store for large blobs, in memory."""

import asyncio

from controller.errors import NotFound, StoreUnavailable
from controller.model.digest import Digest


class Store:
    """Implements LargeBlobs in memory; what it is asked is kept."""

    def __init__(self, kept: dict[Digest, bytes] | None = None) -> None:
        self.kept = kept or {}
        self.asked: list[str] = []
        self.away = False
        """Whether nobody answers."""

    async def put(self, digest: Digest, content: bytes) -> None:
        await self._asked("put")
        self.kept[digest] = content

    async def get(self, digest: Digest) -> bytes:
        await self._asked("get")
        if digest not in self.kept:
            raise NotFound(digest)
        return self.kept[digest]

    async def size(self, digest: Digest) -> int | None:
        await self._asked("size")
        return len(self.kept[digest]) if digest in self.kept else None

    async def offer(self, digest: Digest) -> None:
        await self._asked(f"offer {digest}")

    async def _asked(self, what: str) -> None:
        await asyncio.sleep(0)
        self.asked.append(what)
        if self.away:
            raise StoreUnavailable("away")
