"""Who looks at what the operator does? Everything that observes it is put together here, and begins and ends with it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.events import EventPoster
from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.resources import JOBS, PODS
from controller.adapters.traces import Collector
from controller.entrypoints.operator.metrics import Metrics, Sight
from controller.entrypoints.operator.settings import Settings
from controller.ports.clock import Clock
from controller.wiring.cluster.event_observer import EventObserver
from controller.wiring.cluster.log_observer import LogObserver
from controller.wiring.cluster.observer import Observer, Observers
from controller.wiring.cluster.operator import Operator
from controller.wiring.cluster.resync import Resync
from controller.wiring.cluster.trace_observer import TraceObserver

Json = dict[str, Any]

log = logging.getLogger("libretto.observer")


class Observation:
    """The observers of one process."""

    def __init__(self, settings: Settings, metrics: Metrics, client: Client, clock: Clock) -> None:
        self._settings = settings
        self.metrics = metrics
        self._poster = EventPoster(client, settings.pod_name, dropped=metrics.event_dropped, log=log.warning)
        events = EventObserver(self._poster, clock, on_success=settings.events_on_success)
        observers: list[Observer] = [metrics, LogObserver(), events]
        self._work: list[Callable[[], Awaitable[None]]] = [self._poster.run]
        if settings.otlp_endpoint:
            who = {"service.name": "libretto", "service.instance.id": settings.pod_name}
            traces = TraceObserver(Collector(settings.otlp_endpoint, who), dropped=metrics.spans_dropped)
            observers.append(traces)
            self._work.append(traces.run)
        self.observer = Observers(observers)

    def tasks(self) -> Iterator[Coroutine[Any, Any, None]]:
        """Yield what goes on beside the work."""
        for work in self._work:
            yield _lasting(work)

    def look_at(self, operator: Operator, resync: Resync, informers: Sequence[Informer]) -> None:
        """Have what is looked up shown as well; `informers` are those of Jobs and pods."""

        def ages() -> dict[str, float]:
            now = asyncio.get_running_loop().time()
            kinds = (JOBS.kind, PODS.kind)
            heard = {kind: now - one.heard for kind, one in zip(kinds, informers, strict=True) if one.heard is not None}
            return {**resync.ages(), **heard}

        self.metrics.shows(
            Sight(
                self._settings.shard,
                lambda: operator.leading,
                lambda: _roots(operator),
                lambda: len(operator.queue),
                operator.queue.oldest_ms,
                ages,
            )
        )


async def _lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Do work that ends only by a mistake of ours; no run may suffer from that."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("an observer failed; it begins anew")
        await asyncio.sleep(1)


def _roots(operator: Operator) -> Iterator[Json]:
    shared = operator.shared
    for run in shared.caches.runs.all():
        if run["spec"].get("parent") is None and shared.configuration.drives(run["metadata"]["namespace"]):
            yield run
