"""Electors and a real Lease: handed over, frozen, deleted."""

import asyncio
from collections.abc import Iterator

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.election import Timing
from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.lease import Elector
from controller.adapters.cluster.resources import LEASES
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fault_proxy import FaultProxy
from tests.cluster.faults import Drop, Hang, on
from tests.cluster.speaking import ADMINISTRATOR, MASTERS, Json, administrator, client_of, until

LEASE = "libretto-shard-0"
QUICK = Timing(duration=3.0, deadline=2.0, retry=0.4)


class Contender:
    """An elector with a watch of the Lease, as an operator has it."""

    def __init__(self, client: Client, namespace: str, name: str, marked: list[int]) -> None:
        self.gained: list[int] = []
        self.lost_at: float | None = None
        self._marked = marked
        self.elector = Elector(
            client,
            namespace,
            LEASE,
            name,
            SystemClock(),
            highest_epoch=self._highest,
            on_gained=self._gained,
            on_lost=self._lost,
            timing=QUICK,
        )
        watch = Informer(client, LEASES, Cache(listener=self._changed), namespaces=(namespace,))
        self.tasks = [asyncio.create_task(self.elector.run()), asyncio.create_task(watch.run())]

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _highest(self) -> int:
        return max(self._marked, default=0)

    def _gained(self, epoch: int) -> None:
        self.gained.append(epoch)
        self._marked.append(epoch)

    def _lost(self) -> None:
        self.lost_at = asyncio.get_running_loop().time()

    def _changed(self, _: Json | None, lease: Json | None) -> None:
        if lease is None or not lease["spec"].get("holderIdentity"):
            self.elector.nudge()


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    made = FaultProxy(control_plane, ADMINISTRATOR, MASTERS)
    yield made
    made.close()


@pytest.mark.requirement("K8S-020")
def test_handed_over_frozen_and_deleted(control_plane: ControlPlane, namespace: str, proxy: FaultProxy) -> None:
    async def whole() -> None:
        loop, marked = asyncio.get_running_loop(), list[int]()
        async with (
            client_of(administrator(control_plane)) as client,
            client_of(Connection(proxy.url, None)) as troubled,
        ):
            first = Contender(client, namespace, "first", marked)
            await until(lambda: first.gained, "the first leads")
            second = Contender(troubled, namespace, "second", marked)
            await until(lambda: second.elector._candidate.seen, "the second has seen the Lease")

            # Handed over: the watch of the Lease tells at once.
            began = loop.time()
            await first.leave()
            await until(lambda: second.gained, "the second leads")
            assert loop.time() - began < 1.0
            assert second.gained == [2]

            # One lost answer changes nothing.
            lost = proxy.when(on("leases", method="PUT"), Drop(carried_out=True))
            await until(lambda: lost.hits, "an answer is lost")

            # Deleted: its leader writes it again, and nobody else takes it.
            third = Contender(client, namespace, "third", marked)
            await until(lambda: third.elector._candidate.seen, "the third has seen the Lease")
            await client.delete(LEASES, namespace, LEASE)
            await until(lambda: lease_of(third) == ("second", 2), "the Lease is there again")
            assert (second.elector.epoch, third.gained) == (2, [])

            # Frozen: what it asks never arrives. It stops before the next one begins.
            proxy.when(on("leases"), Hang(), times=1000)
            await until(lambda: third.gained, "the third leads", 30)
            assert second.lost_at is not None
            assert second.elector.epoch is None
            assert loop.time() - second.lost_at >= QUICK.duration - QUICK.deadline - QUICK.retry
            assert third.gained == [3]

            # Back: it stands by.
            proxy.calm()
            await until(lambda: lease_of(second) == ("third", 3), "the second sees who leads")
            assert (second.elector.epoch, second.gained) == (None, [2])
            for one in (second, third):
                await one.leave()

    asyncio.run(whole())


def lease_of(contender: Contender) -> tuple[str, int]:
    """What a contender last saw."""
    seen = contender.elector._candidate.seen
    return ("", 0) if seen is None else (seen.holder, seen.transitions)
