"""Two electors that compete for one Lease in virtual time, and whoever watches that at most one believes to lead."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.election import Timing
from controller.adapters.cluster.jobs.place import KEPT_S
from controller.adapters.cluster.lease import Elector
from tests.fakes.virtual_time import LoopClock, run
from tests.unit.adapters.cluster.lease_server import LeaseClient, LeaseServer

TIMING = Timing()


class Contender:
    """An Elector that may be killed and begun anew, and what became of it."""

    def __init__(self, server: LeaseServer, name: str, runs: "Runs", rate: float = 1.0, listing: float = 0.0) -> None:
        self._server, self._name, self._rate, self._runs = server, name, rate, runs
        self._listing = listing
        self.client = LeaseClient(server)
        self.told: list[str] = []
        self.kept_s = KEPT_S
        """Seconds for which Jobs are kept that it makes."""
        self.lives = 0
        self.task: asyncio.Task[None] | None = None

    def begin(self) -> "Contender":
        self.lives += 1

        async def highest() -> int:
            await asyncio.sleep(self._listing)
            return self._runs.highest

        self.elector = Elector(
            cast("Client", self.client),
            "space",
            "libretto-shard-0",
            f"{self._name}-{self.lives}",
            LoopClock(self._rate),
            highest_epoch=highest,
            on_gained=self._gained,
            on_lost=lambda: self.told.append("lost"),
            timing=TIMING,
            kept_s=self.kept_s,
        )
        self.task = asyncio.create_task(self.elector.run())
        return self

    def _gained(self, epoch: int) -> None:
        self.told.append(f"gained {epoch}")
        self._runs.claimed(epoch)

    async def end(self) -> None:
        """As SIGTERM."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def kill(self) -> None:
        """As SIGKILL: nothing is given back, and nothing is believed any more."""
        self.client.trouble = lambda: "lost"
        await self.end()
        self.client.trouble = lambda: ""


class Runs:
    """What the runs bear."""

    def __init__(self) -> None:
        self.highest = 0
        self.epochs: list[int] = []

    def claimed(self, epoch: int) -> None:
        self.epochs.append(epoch)
        self.highest = max(self.highest, epoch)


class World:
    def __init__(self, rates: tuple[float, float] = (1.0, 1.0), listing: float = 0.0) -> None:
        self.server, self.runs = LeaseServer(), Runs()
        self.first = Contender(self.server, "a", self.runs, rates[0], listing)
        self.second = Contender(self.server, "b", self.runs, rates[1], listing)
        self.began = asyncio.get_running_loop().time()

    def leaders(self) -> list[Contender]:
        both = (self.first, self.second)
        return [one for one in both if one.task is not None and not one.task.done() and one.elector.epoch is not None]

    async def until(self, holds: Callable[[], object], seconds: float) -> float:
        """Watch both closely until something holds; return how long it took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not holds():
            assert len(self.leaders()) <= 1, "two leaders at one time"
            assert loop.time() - began < seconds, f"not within {seconds} s: {self.first.told} {self.second.told}"
            await asyncio.sleep(0.01)
        return loop.time() - began

    async def pass_by(self, seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        await self.until(lambda: asyncio.get_running_loop().time() >= end, seconds + 1)


def played(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def play() -> None:
        async def whole() -> None:
            await test()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        run(whole())

    play.__name__ = test.__name__
    return play
