"""Since when does an attempt wait to start, and how long may it? Read off its Job: whoever launched it may be gone."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.adapters.cluster.jobs.attempts import Attempt
from controller.adapters.cluster.jobs.judge import taken_away
from controller.adapters.cluster.jobs.pod_status import holds
from controller.adapters.cluster.names import QUEUE_TIMEOUT
from controller.model.record import parse_time

Json = Mapping[str, Any]

_SECOND_MS = 1000
"""What a time of the API server leaves out: rather a second late than one early."""


def found(job: Json, pods: Sequence[Json], now: int, monotonic: int) -> Attempt:
    """Return what is known of an attempt that another process, or an earlier look, launched.

    `now` is the wall clock, `monotonic` the one that limits are counted on. Of a Job that was taken away and made to wait
    again nobody else tells when that began: then its newest pod, or the moment at which it was suspended, counts.
    """
    limit = job["metadata"].get("annotations", {}).get(QUEUE_TIMEOUT, "")
    moments = [job["metadata"]["creationTimestamp"], *(pod["metadata"]["creationTimestamp"] for pod in pods)]
    suspended = holds(job, "Suspended")
    if suspended is not None and "lastTransitionTime" in suspended:
        moments.append(suspended["lastTransitionTime"])
    waited = max(0, now - _SECOND_MS - max(map(_milliseconds, moments)))
    return Attempt(
        job["metadata"]["name"],
        launched_at=monotonic - waited,
        queue_timeout_ms=int(limit) if limit.isdecimal() else None,
        taken=frozenset(taken_away(job, pods)),
    )


def _milliseconds(time: str) -> int:
    return parse_time(f"{time[:-1]}.000Z")
