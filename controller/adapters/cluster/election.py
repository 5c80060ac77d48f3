"""Who leads a shard? What a candidate for a Lease does next, decided from what it saw and when; no call, no clock."""

from dataclasses import dataclass, replace
from typing import NamedTuple


@dataclass(frozen=True)
class Timing:
    """Durations in seconds. 15, 10 and 2 are what Kubernetes' own components use."""

    duration: float = 15.0
    """How long a Lease holds without being renewed."""
    deadline: float = 10.0
    """After this time without a renewal the leader stops, well before another one may begin."""
    retry: float = 2.0
    """Between tries, to acquire and to renew."""


class Seen(NamedTuple):
    """A Lease as it was read."""

    holder: str
    """Empty: released."""
    transitions: int
    version: str
    """Its resource version: it changes with every renewal."""


@dataclass(frozen=True)
class Candidate:
    """What a candidate knows. Times are of its own monotonic clock, which nobody else has to share."""

    identity: str
    timing: Timing = Timing()
    seen: Seen | None = None
    changed_at: float = 0.0
    """When the Lease was last seen to have changed."""
    epoch: int | None = None
    """The epoch that it leads with; None: it does not lead."""
    renewed_at: float = 0.0
    """Before the call of the last renewal that succeeded."""

    def saw(self, seen: Seen | None, now: float) -> "Candidate":
        """Return the candidate after it has read the Lease."""
        if seen == self.seen and seen is not None:
            return self
        lost = self.epoch is not None and (
            seen is None or (seen.holder, seen.transitions) != (self.identity, self.epoch)
        )
        return replace(self, seen=seen, changed_at=now, epoch=None if lost else self.epoch)

    def may_acquire(self, now: float) -> bool:
        """Return whether the Lease is free: not there, released, or not renewed for its whole duration."""
        if self.epoch is not None:
            return False
        if self.seen is None or not self.seen.holder:
            return True
        return now - self.changed_at >= self.timing.duration

    def acquired(self, seen: Seen, began: float) -> "Candidate":
        """Return the candidate after its write was taken; `began` is before that call."""
        return replace(self, seen=seen, changed_at=began, epoch=seen.transitions, renewed_at=began)

    def renewed(self, seen: Seen, began: float) -> "Candidate":
        """Return the leader after a renewal."""
        return replace(self, seen=seen, changed_at=began, renewed_at=began)

    def leads(self, now: float) -> bool:
        """Return whether it may act as leader now: it stops by itself before anybody else may begin."""
        return self.epoch is not None and now - self.renewed_at < self.timing.deadline

    def resigned(self) -> "Candidate":
        """Return the candidate after it stopped to lead."""
        return replace(self, epoch=None)


def next_epoch(seen: Seen | None, highest_in_runs: int) -> int:
    """Return the epoch of a new leadership: above the Lease's and above that of every run.

    Counting transitions alone would brick all runs after somebody deletes the Lease.
    """
    return 1 + max(seen.transitions if seen is not None else 0, highest_in_runs)
