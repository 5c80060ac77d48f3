"""One operator process: caches that stay true, a Lease to compete for, workers while it leads, probes that tell the truth."""

import asyncio
import logging
import os
import secrets
import signal
import ssl
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.election import Timing
from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.lease import LEADERSHIP, Elector
from controller.adapters.cluster.names import KIND, ROOT_UID, Mark
from controller.adapters.cluster.resources import (
    AGENTS,
    APPROVALS,
    INTERVENTIONS,
    JOBS,
    LEASES,
    ORCHESTRATIONS,
    PODS,
    RUNS,
    Resource,
)
from controller.adapters.cluster.slimming import job_is_dull, pod_is_dull
from controller.adapters.cluster.work_queue import WorkQueue
from controller.adapters.memory import MemoryNotifier
from controller.entrypoints.operator import kopf_glue
from controller.entrypoints.operator.echoes import WithoutEchoes
from controller.entrypoints.operator.metrics import Metrics
from controller.entrypoints.operator.observation import Observation
from controller.entrypoints.operator.probes import Health
from controller.entrypoints.operator.settings import Settings
from controller.entrypoints.operator.stores import Stores
from controller.errors import LibrettoError
from controller.wiring.cluster.assembly import operator_over
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.housekeeping import Housekeeping
from controller.wiring.cluster.resync import Resync
from controller.wiring.cluster.shared import Shared

RESYNC_S = 600
"""Between two comparisons of the caches with the API server."""

STUCK_MS = 120_000
"""How long a tree may wait for a turn before the process is taken for stuck and restarted."""

DRAIN_S = 2.0
"""After the Lease is lost, whatever still runs after this time is ended with the process."""

Json = dict[str, Any]

log = logging.getLogger("libretto.operator")


class OperatorProcess:
    """Everything of one process, from its start to its end."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings = settings
        self._connection = connection
        self._clock = SystemClock()
        metrics = Metrics()
        self._client = Client(connection, metrics.called)
        self._observation = Observation(settings, metrics, self._client, self._clock)
        self._stores = Stores(settings, self._client, self._clock)
        self._queue = WorkQueue()
        self.operator = operator_over(self._shared, self._queue)
        caches = self.operator.shared.caches
        self._fed: Mapping[Resource, Cache] = {
            RUNS: caches.runs,
            ORCHESTRATIONS: caches.orchestrations,
            AGENTS: caches.agents,
            APPROVALS: caches.approvals,
            INTERVENTIONS: caches.interventions,
        }
        watched = {"namespaces": settings.namespaces, "labels": ROOT_UID, "log": log.warning}
        self._informers = [
            Informer(self._client, resource, cache, dull=dull, **watched)  # type: ignore[arg-type]
            for resource, cache, dull in ((JOBS, caches.jobs, job_is_dull), (PODS, caches.pods, pod_is_dull))
        ]
        shared = self.operator.shared
        self._housekeeping = Housekeeping(
            self._client, caches, shared.configuration, shared.catalog, settings.namespaces
        )
        self._resync = Resync(self._client, self._fed, settings.namespaces, lambda: self._clock.monotonic() / 1000)
        self._observation.look_at(self.operator, self._resync, self._informers)
        self._lease = f"libretto-shard-{settings.shard}"
        leases = Cache(listener=self._lease_changed)
        of_leases = {"namespaces": (settings.lease_namespace,), "labels": f"{KIND}={LEADERSHIP}", "log": log.warning}
        self._leases = Informer(self._client, LEASES, leases, **of_leases)  # type: ignore[arg-type]
        self._elector = Elector(
            self._client,
            settings.lease_namespace,
            self._lease,
            f"{settings.pod_uid}_{secrets.token_hex(4)}",
            self._clock,
            highest_epoch=self._highest_epoch,
            on_gained=self._gained,
            on_lost=self._lost,
            timing=Timing.of(settings.lease_seconds),
            kept_s=settings.job_ttl_seconds,
            log=log.warning,
        )
        self._tasks: list[asyncio.Task[Any]] = []
        self._change: asyncio.Task[None] | None = None
        self._candidacy: asyncio.Task[None]
        self._leaving: asyncio.Task[None] | None = None
        self._kopf: asyncio.Task[None]
        self._failed: BaseException | None = None

    def _shared(self, caches: Any, wake: Any) -> Shared:
        settings = self.settings
        configuration = Configuration(
            settings.image,
            settings.default_image,
            settings.image_pull_policy,
            settings.results_url,
            settings.pod_defaults,
            self._stores.courier,
            max_active_runs=settings.max_active_runs,
            max_jobs=settings.max_jobs,
            default_max_parallel=settings.max_parallel,
            default_ttl_seconds=settings.run_ttl_seconds,
            job_ttl_seconds=settings.job_ttl_seconds,
            shard=settings.shard,
            shards=settings.shards,
        )
        return Shared(
            self._client,
            configuration,
            self._clock,
            caches,
            MemoryNotifier(),
            wake,
            store_of=self._stores.of_tree,
            observer=self._observation.observer,
        )

    async def run(self) -> None:
        """Work until somebody stops the process."""
        echoes = WithoutEchoes(RUNS, self.operator.shared.caches.version_of_run)
        made = kopf_glue.registry(
            self._fed,
            lambda: kopf_glue.session(self._connection, echoes),
            self._connection.server,
            self._started,
            self._ended,
        )
        self._kopf = asyncio.create_task(kopf_glue.serve(made, self.settings.namespaces))
        with suppress(asyncio.CancelledError):
            await self._kopf
        if self._failed is not None:
            raise self._failed

    async def _started(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # kopf takes seconds to end its streams; the Lease must be given back before that.
            loop.add_signal_handler(number, self._terminate)
        health = Health(self._wrong, self._unready, self._observation.metrics.page)
        await self._serve(health.application(), self.settings.port)
        if self.settings.results_url and self.settings.blobs != "store":
            await self._serve_results()
        for informer in (*self._informers, self._leases):
            self._begin(informer.run())
        for task in self._observation.tasks():
            self._begin(task)
        self._begin(self._compare())
        self._candidacy = self._begin(self._elector.run())

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        task.add_done_callback(self._died)
        self._tasks.append(task)
        return task

    def _died(self, task: asyncio.Task[Any]) -> None:
        """Nothing here ends by itself: what does takes the process with it, and the next one begins anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("a part of the operator died", exc_info=error)
            self._failed = error
            self._kopf.cancel()

    def _terminate(self) -> None:
        """Let the next one lead at once, then end."""
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        self._candidacy.cancel()
        await asyncio.gather(self._candidacy, return_exceptions=True)
        self._kopf.cancel()

    async def _ended(self) -> None:
        """Give everything back: the next leader goes on at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._change is not None:
            await asyncio.gather(self._change, return_exceptions=True)
        await self._stores.close()
        await self._client.close()

    async def _serve_results(self) -> None:
        certificate = self._stores.certificate
        tls = None
        if certificate is not None:
            tls = certificate.context
            self._begin(certificate.keep())
        await self._serve(self._stores.service(), self.settings.results_port, tls)

    async def _serve(self, application: web.Application, port: int, tls: ssl.SSLContext | None = None) -> None:
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", port, ssl_context=tls).start()  # noqa: S104 - in a pod

    # Leading

    async def _highest_epoch(self) -> int:
        await self._resync.relist()
        return max((int((run.get("status") or {}).get("epoch") or 0) for run in self._fed[RUNS].all()), default=0)

    def _lease_changed(self, _: Json | None, lease: Json | None) -> None:
        """Look at once when the Lease was given back or deleted, rather than after the next wait."""
        if lease is None or not lease["spec"].get("holderIdentity"):
            self._elector.nudge()

    def _gained(self, epoch: int) -> None:
        log.info("acquired the Lease with epoch %s", epoch)
        before = self._change
        self._change = asyncio.create_task(self._lead(epoch, before))
        self._change.add_done_callback(self._died)

    async def _lead(self, epoch: int, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])

        async def relist() -> None:
            await self._resync.relist()
            for informer in self._informers:
                await informer.relist()

        while True:
            try:
                self.operator.shared.lapse = self._elector.lapse
                await self.operator.lead(Mark(epoch, self._lease), relist)
                return
            except LibrettoError as error:
                log.warning("cannot list what there is: %s", error)
                await asyncio.sleep(1)

    def _lost(self) -> None:
        log.warning("lost the Lease, or gave it back")
        before = self._change
        self._change = asyncio.create_task(self._follow(before))
        loop = asyncio.get_running_loop()
        # Whatever hangs must not act for a shard that somebody else leads by now.
        timer = loop.call_later(DRAIN_S, os._exit, 1)
        self._change.add_done_callback(lambda _: timer.cancel())

    async def _follow(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            before.cancel()
            await asyncio.wait([before])
        await self.operator.follow()

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(RESYNC_S * (0.9 + secrets.randbelow(200) / 1000))
            try:
                if mended := await self._resync.compare():
                    log.warning("%s objects were not as the watches had told", mended)
                if self.operator.leading and (gone := await self._housekeeping.sweep(self._clock.now())):
                    log.info("%s objects that nobody needed are gone", gone)
            except LibrettoError as error:
                log.warning("cannot compare: %s", error)

    # Probes

    def _wrong(self) -> str | None:
        if self.operator.leading and self._queue.oldest_ms() > STUCK_MS:
            return f"work has waited for {self._queue.oldest_ms()} ms and nothing moves"
        return None

    def _unready(self) -> str | None:
        if not all(informer.synced.is_set() for informer in self._informers):
            return "the caches are not filled yet"
        return self._wrong()
