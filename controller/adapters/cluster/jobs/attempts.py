"""What does this process know of the attempts of a tree beyond their objects, and when must one that waits be looked at?"""

from collections.abc import Iterator
from typing import NamedTuple

from controller.adapters.cluster.jobs.judge import Ended
from controller.model.attempt import AttemptKey
from controller.model.states import OutcomeClass

PATIENCE_WITHOUT_POD_MS = 15_000
"""How long a Job may have no pod before its events are asked why: the Job controller makes one within a second, and backs
off between refusals."""


class Attempt(NamedTuple):
    """What this process knows of an attempt."""

    job: str
    stopped_as: OutcomeClass | None = None
    launched_at: int | None = None
    """On the monotonic clock, where this process launched it."""
    queue_timeout_ms: int | None = None
    asked_at: int | None = None
    """On the monotonic clock, when its events were last asked why it has no pod."""
    has_pod: bool = False
    taken: frozenset[str] = frozenset()
    """Uids of its pods that the platform took away, for they vanish."""
    started: bool = False
    ended: Ended | None = None

    @property
    def patience_ends(self) -> int:
        """When its events must be asked if it has no pod by then, on the monotonic clock."""
        return (self.asked_at or self.launched_at or 0) + PATIENCE_WITHOUT_POD_MS

    @property
    def limit(self) -> int | None:
        """When it must be looked at again, on the monotonic clock; None: when something changes."""
        if self.launched_at is None or self.started or self.ended is not None:
            return None
        limits = [] if self.has_pod else [self.patience_ends]
        if self.queue_timeout_ms is not None:
            limits.append(self.launched_at + self.queue_timeout_ms)
        return min(limits, default=None)


class Attempts:
    """The attempts of a tree. With 10,000 of them no look may touch all: those that wait are known apart."""

    def __init__(self) -> None:
        self._known: dict[AttemptKey, Attempt] = {}
        self._by_job: dict[str, AttemptKey] = {}
        self._waiting: dict[AttemptKey, int] = {}
        """Attempts with a limit -> that limit."""

    def get(self, key: AttemptKey) -> Attempt | None:
        return self._known.get(key)

    def of(self, job: str) -> AttemptKey | None:
        """Return the attempt that a Job is."""
        return self._by_job.get(job)

    def put(self, key: AttemptKey, attempt: Attempt) -> Attempt:
        """Note what is known of an attempt now, and return it."""
        self._known[key] = attempt
        self._by_job[attempt.job] = key
        limit = attempt.limit
        if limit is None:
            self._waiting.pop(key, None)
        else:
            self._waiting[key] = limit
        return attempt

    def forget(self, key: AttemptKey) -> None:
        """Drop an attempt that never was."""
        known = self._known.pop(key, None)
        if known is not None:
            del self._by_job[known.job]
            self._waiting.pop(key, None)

    def soonest(self) -> int | None:
        """Return when the first that waits must be looked at."""
        return min(self._waiting.values(), default=None)

    def due(self, now: int) -> Iterator[str]:
        """Yield the Jobs of those whose limit has come."""
        return (self._known[key].job for key, limit in self._waiting.items() if limit <= now)
