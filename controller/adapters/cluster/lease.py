"""Leading a shard by a Lease of the API server, with an epoch that grows at every acquisition."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.election import Candidate, Seen, Timing, next_epoch
from controller.adapters.cluster.names import managed_labels
from controller.adapters.cluster.resources import LEASES
from controller.errors import AlreadyExists, Conflict, LibrettoError, NotFound
from controller.ports.clock import Clock

Json = dict[str, Any]
Log = Callable[[str], None]


LEADERSHIP = "leadership"
"""Value of the kind label."""

LABELS = managed_labels(LEADERSHIP)
"""Admission policies find by them the Leases that fence."""


class Elector:
    """Competes for one Lease until it is cancelled; then it gives the Lease back, so that another one leads at once."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        clock: Clock,
        *,
        highest_epoch: Callable[[], Awaitable[int]],
        on_gained: Callable[[int], None],
        on_lost: Callable[[], None],
        timing: Timing | None = None,
        log: Log = lambda _: None,
    ) -> None:
        """`highest_epoch` returns the highest epoch that any run of the shard bears. `on_gained` and `on_lost` return at
        once: the Lease must go on being renewed.
        """
        self._client = client
        self._place = (namespace, name)
        self._clock = clock
        self._highest_epoch = highest_epoch
        self._on_gained = on_gained
        self._on_lost = on_lost
        self._log = log
        self._candidate = Candidate(identity, timing or Timing())
        self._released = asyncio.Event()
        self.renewed = asyncio.Event()

    @property
    def epoch(self) -> int | None:
        """The epoch of the present leadership; None while somebody else leads, or nobody."""
        return self._candidate.epoch if self._candidate.leads(self._now()) else None

    def nudge(self) -> None:
        """Look at the Lease now: a watch saw that it was given back."""
        self._released.set()

    async def run(self) -> None:
        """Compete and lead, for ever."""
        try:
            while True:
                await self._step()
        finally:
            await self._give_back()

    async def _step(self) -> None:
        timing = self._candidate.timing
        leading = self._candidate.epoch is not None
        left = timing.retry
        if leading:
            left = max(0.05, timing.deadline - (self._now() - self._candidate.renewed_at))
        try:
            async with asyncio.timeout(left):
                await (self._renew() if leading else self._acquire())
        except (LibrettoError, TimeoutError) as error:
            self._log(f"lease {'/'.join(self._place)}: {error}")
        if leading and not self._candidate.leads(self._now()):
            self._candidate = self._candidate.resigned()
            self._on_lost()
            return
        self._released.clear()
        try:
            async with asyncio.timeout(min(timing.retry, timing.deadline / 4)):
                await self._released.wait()
        except TimeoutError:
            pass

    async def _acquire(self) -> None:
        found = await self._read()
        self._candidate = self._candidate.saw(_seen(found), self._now())
        if not self._candidate.may_acquire(self._now()):
            return
        epoch = next_epoch(self._candidate.seen, await self._highest_epoch())
        began = self._now()
        try:
            written = await self._write(found, self._candidate.identity, epoch)
        except (Conflict, AlreadyExists):
            return  # another one was faster
        seen = _seen(written)
        assert seen is not None
        self._candidate = self._candidate.acquired(seen, began)
        self._on_gained(epoch)

    async def _renew(self) -> None:
        began = self._now()
        epoch = self._candidate.epoch
        assert epoch is not None
        found = await self._read()
        self._candidate = self._candidate.saw(_seen(found), self._now())
        if self._candidate.epoch is None:
            self._on_lost()
            return
        seen = _seen(await self._write(found, self._candidate.identity, epoch))
        assert seen is not None
        self._candidate = self._candidate.renewed(seen, began)

    async def _give_back(self) -> None:
        if self._candidate.epoch is None:
            return
        self._candidate = self._candidate.resigned()
        self._on_lost()
        try:
            async with asyncio.timeout(2):
                found = await self._read()
                seen = _seen(found)
                if seen is not None and seen.holder == self._candidate.identity:
                    await self._write(found, "", seen.transitions)
        except (LibrettoError, TimeoutError) as error:
            self._log(f"lease {'/'.join(self._place)} could not be given back: {error}")

    async def _read(self) -> Json | None:
        try:
            return await self._client.get(LEASES, *self._place)
        except NotFound:
            return None

    async def _write(self, found: Json | None, holder: str, epoch: int) -> Json:
        namespace, name = self._place
        moment = datetime.fromtimestamp(self._clock.now() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: Json = {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, int(self._candidate.timing.duration)),
            "leaseTransitions": epoch,
            "renewTime": moment,
        }
        if found is None:
            new: Json = {
                "metadata": {"name": name, "namespace": namespace, "labels": LABELS},
                "spec": {**spec, "acquireTime": moment},
            }
            return await self._client.create(LEASES, namespace, new)
        same = found["spec"].get("holderIdentity") == holder
        spec["acquireTime"] = found["spec"].get("acquireTime", moment) if same else moment
        version = found["metadata"]["resourceVersion"]
        place: Json = {"name": name, "namespace": namespace, "labels": LABELS, "resourceVersion": version}
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": place, "spec": spec}
        return await self._client.replace(LEASES, namespace, name, body)

    def _now(self) -> float:
        return self._clock.monotonic() / 1000


def _seen(lease: Json | None) -> Seen | None:
    if lease is None:
        return None
    spec = lease["spec"]
    return Seen(
        spec.get("holderIdentity") or "", spec.get("leaseTransitions") or 0, lease["metadata"]["resourceVersion"]
    )
