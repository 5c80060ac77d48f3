"""Leading a shard by a Lease of the API server, with an epoch that grows at every acquisition."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.election import VACANT, Candidate, Seen, Timing
from controller.adapters.cluster.jobs.place import KEPT_S
from controller.adapters.cluster.lapse import UNBROKEN, after_taking, annotated, seen_restored
from controller.adapters.cluster.names import managed_labels
from controller.adapters.cluster.resources import LEASES
from controller.errors import AlreadyExists, Conflict, LibrettoError, NotFound, Restored
from controller.ports.clock import Clock

Json = dict[str, Any]
Log = Callable[[str], None]

LEADERSHIP = "leadership"
"""Value of the kind label."""

LABELS = managed_labels(LEADERSHIP)
"""Admission policies find by them the Leases that fence."""

GIVE_BACK_S = 2.0
"""How long an elector that leaves tries to give the Lease back."""

_OVERTAKEN = (Conflict, AlreadyExists, NotFound)
"""The Lease is not as it was read: somebody wrote, made or deleted it."""


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
        kept_s: int = KEPT_S,
        log: Log = lambda _: None,
    ) -> None:
        """`identity` belongs to one life of one process. `highest_epoch` returns the highest epoch that any run of the
        shard bears; it may take its time. `on_gained` and `on_lost` return at once: the Lease must go on being renewed.
        `kept_s`: seconds for which Jobs that it makes are kept.
        """
        self._client = client
        self._place = (namespace, name)
        self._clock = clock
        self._highest_epoch = highest_epoch
        self._on_gained = on_gained
        self._on_lost = on_lost
        self._log = log
        self._candidate = Candidate(identity, timing or Timing())
        self._kept_ms = kept_s * 1000
        self._lease: Json | None = None
        """As it was last read or written."""
        self._asked = False
        """Whether it has asked for the Lease: even where no answer came, it may be the holder."""
        self._newest = 0
        """The highest version of the Lease that was seen."""
        self.lapse = UNBROKEN
        """What the present leadership must know about the time before it."""
        self._nudged = asyncio.Event()

    @property
    def epoch(self) -> int | None:
        """The epoch of the present leadership; None while somebody else leads, or nobody."""
        return self._candidate.epoch if self._candidate.leads(self._now()) else None

    def nudge(self) -> None:
        """Look at the Lease now: a watch saw that it was given back or deleted."""
        self._nudged.set()

    async def run(self) -> None:
        """Compete and lead, for ever. Raises Restored where the Lease is older than it was: then nothing that this process
        knows is true any more.
        """
        try:
            while True:
                self._nudged.clear()
                await self._step()
                timing = self._candidate.timing
                pause = timing.retry
                if self._candidate.epoch is not None:
                    pause = max(0.0, min(pause, timing.deadline / 4, self._candidate.left(self._now())))
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._nudged.wait()
        finally:
            await self._give_back()

    async def _step(self) -> None:
        leading = self._candidate.epoch is not None
        try:
            await (self._renew() if leading else self._acquire())
        except Restored:
            raise
        except (LibrettoError, TimeoutError) as error:
            self._log(f"lease {'/'.join(self._place)}: {str(error) or 'no answer in time'}")
        if leading and not self._candidate.leads(self._now()):
            self._candidate = self._candidate.resigned()
            self._on_lost()

    async def _acquire(self) -> None:
        await self._look()
        if self._candidate.may_acquire(self._now()):
            self._candidate = self._candidate.knows(await self._highest_epoch())
        try:
            async with asyncio.timeout(self._candidate.timing.deadline):
                if self._candidate.must_reserve():
                    seen = await self._write(VACANT, self._candidate.highest)
                    self._candidate = self._candidate.saw(seen, self._now())
                elif self._candidate.may_acquire(self._now()):
                    await self._take()
        except _OVERTAKEN:
            await self._look()  # another one was faster

    async def _take(self) -> None:
        began, self._asked = self._now(), True
        seen = await self._write(self._candidate.identity, self._candidate.next_epoch())
        self._candidate = self._candidate.acquired(seen, began)
        if self._candidate.leads(self._now()):
            self._on_gained(seen.transitions)
        else:
            self._candidate = self._candidate.resigned()  # the answer took too long

    async def _renew(self) -> None:
        """Write again; read only where that is refused. One call that hangs leaves time for another one."""
        began, epoch = self._now(), self._candidate.epoch
        assert epoch is not None
        async with asyncio.timeout(max(0.0, min(self._candidate.left(began), self._candidate.timing.deadline / 2))):
            try:
                seen = await self._write(self._candidate.identity, epoch)
            except _OVERTAKEN:
                await self._look()
                if self._candidate.epoch is None:
                    return
                seen = await self._write(self._candidate.identity, epoch)
        self._candidate = self._candidate.renewed(seen, began)

    async def _give_back(self) -> None:
        if self._candidate.epoch is not None:
            self._candidate = self._candidate.resigned()
            self._on_lost()
        if not self._asked:
            return
        try:
            async with asyncio.timeout(GIVE_BACK_S):
                await self._look()
                seen = self._candidate.seen
                if seen is not None and seen.holder == self._candidate.identity:
                    await self._write("", seen.transitions)
        except (LibrettoError, TimeoutError) as error:
            self._log(f"lease {'/'.join(self._place)} could not be given back: {str(error) or 'no answer in time'}")

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(self._candidate.timing.deadline / 2):
                self._lease = await self._client.get(LEASES, *self._place)
        except NotFound:
            self._lease = None
        if self._lease is not None:
            await self._compare(self._lease)
        self._candidate = self._candidate.saw(None if self._lease is None else _seen(self._lease), self._now())

    async def _compare(self, lease: Json) -> None:
        """Find out whether etcd was restored: versions only grow, deleted Leases included. It is noted before it is told."""
        version, before = int(lease["metadata"]["resourceVersion"]), self._newest
        if version < before:
            notes = seen_restored(lease, self._clock.now())
            if notes is not None:
                body = {**lease, "metadata": {**lease["metadata"], "annotations": notes}}
                lease = self._lease = await self._client.replace(LEASES, *self._place, body)
        self._newest = int(lease["metadata"]["resourceVersion"])
        if version < before:
            raise Restored("etcd was restored from a backup: this process ends, and the next leader holds the runs")

    async def _write(self, holder: str, epoch: int) -> Seen:
        """Write the Lease over what was last known of it, and nothing else."""
        namespace, name = self._place
        now = self._clock.now()
        moment = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        known = self._lease or {}
        before: Json = known.get("spec") or {}
        same = before.get("holderIdentity") == holder
        spec: Json = {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, int(self._candidate.timing.duration)),
            "leaseTransitions": epoch,
            "acquireTime": before.get("acquireTime", moment) if same else moment,
            "renewTime": moment,
        }
        metadata: Json = {**known.get("metadata", {"name": name, "namespace": namespace})}
        metadata.pop("managedFields", None)
        metadata["labels"] = {**(metadata.get("labels") or {}), **LABELS}
        lapse, leads = self.lapse, self._candidate.epoch is not None
        if holder and not leads:
            # A vacant one is for the epoch after it: whoever takes it knows no more than that it was deleted.
            lapse = after_taking(self._lease, epoch + (holder == VACANT), now, self._kept_ms)
        if holder:
            metadata["annotations"] = annotated(
                self._lease, lapse, now, self._kept_ms, taken=holder != VACANT and not leads
            )
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        if self._lease is None:
            self._lease = await self._client.create(LEASES, namespace, body)
        else:
            self._lease = await self._client.replace(LEASES, namespace, name, body)
        self._newest = int(self._lease["metadata"]["resourceVersion"])
        if holder == self._candidate.identity:
            self.lapse = lapse
        return _seen(self._lease)

    def _now(self) -> float:
        return self._clock.monotonic() / 1000


def _seen(lease: Json) -> Seen:
    spec = lease.get("spec") or {}
    version = lease["metadata"]["resourceVersion"]
    return Seen(spec.get("holderIdentity") or "", spec.get("leaseTransitions") or 0, version)
