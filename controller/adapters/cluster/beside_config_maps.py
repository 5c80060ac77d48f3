"""Where is content when an installation has a bucket or libretto-store? What runs leave goes there and nowhere else.

What definitions consist of, snapshots and files of agents, lies in ConfigMaps with every kind of store: people publish it, who
reach the API server and nothing else, and it is as durable as the objects that name it. So whoever looks for a digest looks
into the store first and then among the ConfigMaps; and couriers, who reach the store only, find there what was offered to them.
"""

from collections.abc import Callable
from typing import Protocol

from controller.errors import NotFound
from controller.model.digest import Digest

TRUSTED_MS = 600_000
"""How long what was offered is taken to be there still: a bucket may have rules that forget."""

MOST_OFFERED = 10_000
"""Files of agents that are remembered at one time."""


class Whole(Protocol):
    """A store of whole blobs of one namespace. Raises NotFound, StoreUnavailable."""

    async def put(self, digest: Digest, content: bytes) -> None: ...

    async def get(self, digest: Digest) -> bytes: ...

    async def size(self, digest: Digest) -> int | None: ...


class Offered:
    """What couriers of all namespaces were offered, and when: so that a step costs no look into the store."""

    def __init__(self, monotonic: Callable[[], int]) -> None:
        self._monotonic = monotonic
        self._since: dict[tuple[str, Digest], int] = {}

    def __contains__(self, one: tuple[str, Digest]) -> bool:
        since = self._since.get(one)
        return since is not None and self._monotonic() - since < TRUSTED_MS

    def add(self, one: tuple[str, Digest]) -> None:
        """Note that a blob of a namespace is there now."""
        self._since.pop(one, None)
        self._since[one] = self._monotonic()
        while len(self._since) > MOST_OFFERED:
            del self._since[next(iter(self._since))]


class BesideConfigMaps:
    """Implements LargeBlobs for one namespace."""

    def __init__(self, namespace: str, store: Whole, maps: Whole, offered: Offered) -> None:
        self._namespace = namespace
        self._store = store
        self._maps = maps
        self._offered = offered

    async def put(self, digest: Digest, content: bytes) -> None:
        await self._store.put(digest, content)

    async def get(self, digest: Digest) -> bytes:
        try:
            return await self._store.get(digest)
        except NotFound:
            return await self._maps.get(digest)

    async def size(self, digest: Digest) -> int | None:
        found = await self._store.size(digest)
        return found if found is not None else await self._maps.size(digest)

    async def offer(self, digest: Digest) -> None:
        """Let couriers find what lies in ConfigMaps. Raises NotFound."""
        one = self._namespace, digest
        if one in self._offered:
            return
        if await self._store.size(digest) is None:
            await self._store.put(digest, await self._maps.get(digest))
        self._offered.add(one)
