"""How do pods end without having been? For measurements of everything else: one patch, or two, and no process."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.cluster.process_node.container import Container
from tests.cluster.process_node.play import Verdict
from tests.cluster.process_node.settings import Instant
from tests.cluster.process_node.states import Running, Terminated, now
from tests.cluster.process_node.status import conditions, first_records, phase


class InstantPlay:
    """A pod whose containers all end well at once."""

    def __init__(self, pod: Mapping[str, Any], address: str, instant: Instant, changed: Callable[[], None]) -> None:
        self.pod = pod
        self.over = False
        self._started_at = now()
        ips = [{"ip": address}]
        self._known = {"hostIP": address, "podIP": address, "podIPs": ips, "startTime": self._started_at}
        self._instant = instant
        self._changed = changed
        self._records = first_records(pod)
        self._stopped = asyncio.Event()

    def update(self, pod: Mapping[str, Any]) -> None:
        self.pod = pod
        if "deletionTimestamp" in pod["metadata"]:
            self._stopped.set()

    def stop(self, _verdict: Verdict, _grace: float | None = None) -> None:
        self._stopped.set()

    def abandon(self) -> None:
        self._stopped.set()

    async def run(self) -> None:
        if self._instant.seconds:
            for record in self._records:
                record.state, record.started, record.ready = Running(), True, True
                if record.initial and not record.sidecar:
                    record.state = Terminated(0, "Completed")
            self._changed()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), self._instant.seconds)
        for record in self._records:
            message = self._instant.messages.get(record.name, "")
            record.state = Terminated(0, "Completed", message, self._started_at, now())
            record.started, record.ready = False, record.initial and not record.sidecar
        self.over = True
        self._changed()

    def status(self) -> dict[str, Any]:
        shown = phase(self._records, self.pod["spec"].get("restartPolicy", "Always"), over=self.over)
        number = len(self._records)
        return self._known | {
            "phase": shown,
            "conditions": conditions(
                self._records, shown, sandbox=True, generation=self.pod["metadata"].get("generation", 0)
            ),
            "initContainerStatuses": [each.shape(number) for each in self._records if each.initial],
            "containerStatuses": [each.shape(number) for each in self._records if not each.initial],
        }

    def container(self, _name: str) -> Container | None:
        return None

    def clean(self) -> None:
        """It has no files."""
