"""How do thousands of steps leave few shards? Many become one, in the background, once all of them are sealed.

The merged shard is there before the small ones go, and ends with the same digest, so whoever reads meets one or the other.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol

from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.shard_object import fitting, merged
from controller.errors import AlreadyExists, LibrettoError, NotFound

Json = dict[str, Any]


class ConfigMaps(Protocol):
    """ConfigMaps of one namespace."""

    async def create(self, body: Json) -> Json:
        """Raises AlreadyExists."""

    async def delete(self, name: str) -> None:
        """Raises NotFound."""


class Merger:
    """Merges for all runs of an operator, one group after the other, so that no step waits for it."""

    def __init__(self, mark: Callable[[], Mark], log: Callable[[str], None] = lambda _: None) -> None:
        self._mark = mark
        self._log = log
        self._alone = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def merge(self, maps: ConfigMaps, shards: Sequence[Json]) -> None:
        """Merge the objects of shards that follow each other; returns at once."""
        self._begin(self._merge(maps, shards))

    def sweep(self, maps: ConfigMaps, litter: Sequence[Json]) -> None:
        """Delete the objects of shards that nothing refers to; returns at once."""
        self._begin(self._delete(maps, litter))

    async def idle(self) -> None:
        """Wait until nothing is left to do."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(self._after_the_others(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _after_the_others(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._alone:
            try:
                await work
            except LibrettoError as error:
                # What is not merged is read as it is.
                self._log(f"shards were not merged: {error}")

    async def _merge(self, maps: ConfigMaps, shards: Sequence[Json]) -> None:
        for piece in fitting(shards):
            # In a thread: to compress a quarter of a megabyte takes longer than a step may wait.
            body = await asyncio.to_thread(merged, piece, self._mark())
            with suppress(AlreadyExists):  # named by its content: an earlier attempt came that far
                await maps.create(body)
            await self._delete(maps, piece)

    async def _delete(self, maps: ConfigMaps, shards: Sequence[Json]) -> None:
        for one in shards:
            with suppress(NotFound):
                await maps.delete(one["metadata"]["name"])
