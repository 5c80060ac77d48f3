"""An informer at work in virtual time, with whoever listens to its cache."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.resources import JOBS
from tests.fakes.virtual_time import run
from tests.unit.adapters.cluster.watched import Watched

Json = dict[str, Any]


class Scene:
    """An informer at work."""

    def __init__(self, **options: Any) -> None:
        self.watched = Watched()
        self.told: list[str] = []
        self.logged: list[str] = []
        self.cache = Cache(listener=self._changed)
        client = cast("Client", self.watched)
        self.informer = Informer(client, JOBS, self.cache, log=self.logged.append, **options)
        self.task: asyncio.Task[None] | None = None

    async def begin(self) -> "Scene":
        self.task = asyncio.create_task(self.informer.run())
        await self.informer.synced.wait()
        await self.settled()
        return self

    async def settled(self, seconds: float = 0.05) -> None:
        await asyncio.sleep(seconds)

    def names(self) -> set[str]:
        return {one["metadata"]["name"] for one in self.cache.all()}

    def true(self) -> bool:
        """Whether the cache is what the server has."""
        have = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in self.cache.all()}
        return have == {name: one["metadata"]["resourceVersion"] for name, one in self.watched.objects.items()}

    def _changed(self, old: Json | None, new: Json | None) -> None:
        one = new or old
        assert one is not None
        self.told.append(f"{'-' if new is None else '+' if old is None else '~'}{one['metadata']['name']}")


def scene(test: Callable[[Scene], Awaitable[None]], **options: Any) -> Callable[[], None]:
    def play() -> None:
        async def whole() -> None:
            made = Scene(**options)
            await test(made)
            assert made.task is not None
            assert not made.task.done()
            made.task.cancel()
            await asyncio.gather(made.task, return_exceptions=True)

        run(whole())

    play.__name__ = test.__name__
    return play
