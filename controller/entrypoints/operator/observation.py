"""Who looks at what the operator does? Everything that observes it is put together here, and begins and ends with it."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.resources import JOBS, PODS
from controller.entrypoints.operator.metrics import Metrics, Sight
from controller.entrypoints.operator.settings import Settings
from controller.wiring.cluster.log_observer import LogObserver
from controller.wiring.cluster.observer import Observers
from controller.wiring.cluster.operator import Operator
from controller.wiring.cluster.resync import Resync

Json = dict[str, Any]


class Observation:
    """The observers of one process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.metrics = Metrics()
        self.observer = Observers([self.metrics, LogObserver()])

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


def _roots(operator: Operator) -> Iterator[Json]:
    shared = operator.shared
    for run in shared.caches.runs.all():
        if run["spec"].get("parent") is None and shared.configuration.drives(run["metadata"]["namespace"]):
            yield run
