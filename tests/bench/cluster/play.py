"""What did it take to play some runs? Requests from the audit log, processor time from the kernel, the clock for the rest."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.bench.cluster import load, traffic, usage
from tests.bench.cluster.laboratory import Laboratory
from tests.bench.cluster.rivals import Rival
from tests.bench.cluster.traffic import Request, Traffic
from tests.cluster.operators import ACCOUNT

_SETTLES_S = 0.5
"""What is left to do after a run's last write."""


class Played(NamedTuple):
    """Some runs that were played to their ends."""

    steps: int
    began: float
    """Seconds since the epoch, when the first run was submitted."""
    took_s: float
    cpu_s: float
    asked: Sequence[Request]
    """By whoever played them, watches and the Lease apart."""
    reactions_ms: Sequence[float]
    states: dict[str, str]

    @property
    def cpu_ms(self) -> float:
        """Processor time of a step."""
        return 1000 * self.cpu_s / self.steps

    @property
    def requests(self) -> float:
        """Requests for a step."""
        return len(self.asked) / self.steps

    @property
    def writes_ms(self) -> list[float]:
        """What the writes of status took the API server, sorted."""
        return sorted(one.milliseconds for one in self.asked if one.resource == "runs/status")

    @property
    def created_s(self) -> float:
        """From the first run's submission to the last Job's creation."""
        return max(one.ended for one in self.asked if one.resource == "jobs" and one.verb == "create") - self.began


class Stage:
    """A namespace in which somebody plays runs, which get new names each time."""

    def __init__(self, laboratory: Laboratory, rival: Rival) -> None:
        self.laboratory = laboratory
        self.rival = rival
        self._submitted = 0

    def play(self, reference: str, steps: int, count: int = 1, seconds: float = 120, **spec: Any) -> Played:
        """Submit so many runs of an orchestration of so many steps, and wait for their ends. Raises TimeoutError."""
        names = [f"{reference}-{self._submitted + number}" for number in range(count)]
        self._submitted += count
        heard, before = Traffic(self.laboratory.control_plane), usage.processor(self.rival.pid)
        began = load.submit(self.laboratory, self.rival.namespace, names, reference, **spec)
        states = load.await_end(self.laboratory, self.rival.namespace, self._submitted, seconds)
        took = time.time() - began
        time.sleep(_SETTLES_S)
        used = usage.processor(self.rival.pid).total_s - before.total_s
        requests = heard.requests(namespace=self.rival.namespace)
        asked = traffic.work(one for one in requests if one.user == ACCOUNT)
        reactions = traffic.reactions(requests)
        return Played(steps * count, began, took, used, asked, reactions, {name: states[name] for name in names})


def quantile(values: Sequence[float], part: float) -> float:
    """Return the value below which a part of the values lies; of few values the 99th percentile is the largest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
