"""Who leads a shard? What a candidate for a Lease does next, decided from what it saw and when; no call, no clock."""

from dataclasses import dataclass, replace
from typing import NamedTuple

VACANT = "vacant"
"""Holder of a Lease that was deleted and is there again, for nobody yet: it is free when its time is over.

That a Lease is missing, twice, does not say what was between; what is there has a version, which does.
"""


@dataclass(frozen=True)
class Timing:
    """Durations in seconds. 15, 10 and 2 are what Kubernetes' own components use."""

    duration: float = 15.0
    """How long a Lease holds without being renewed."""
    deadline: float = 10.0
    """After this time without a renewal the leader stops, well before another one may begin."""
    retry: float = 2.0
    """Between tries, to acquire and to renew."""

    @classmethod
    def of(cls, duration: float) -> "Timing":
        """Return the timing of a Lease that holds for so long: the deadline and the tries have the usual share of it."""
        return cls(duration, duration * 2 / 3, duration * 2 / 15)


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
    """None: the Lease was not there, or nobody looked yet."""
    changed_at: float | None = None
    """When the Lease was last seen to have changed; None: nobody looked yet."""
    highest: int = 0
    """The highest epoch that it knows of. It outlives the Lease, which anybody may delete."""
    epoch: int | None = None
    """The epoch that it leads with; None: it does not lead."""
    renewed_at: float = 0.0
    """Before the call of the last renewal that succeeded."""

    def saw(self, seen: Seen | None, now: float) -> "Candidate":
        """Return the candidate after it has read the Lease.

        A leader that finds none, or a vacant one, goes on: nobody else may take it before its time is over.
        """
        if self.changed_at is not None and seen == self.seen:
            return self
        if seen is None:
            return replace(self, seen=None, changed_at=now)
        lost = self.epoch is not None and (
            seen.transitions > self.epoch
            or (seen.holder != VACANT and (seen.holder, seen.transitions) != (self.identity, self.epoch))
        )
        epoch = None if lost else self.epoch
        return replace(self, seen=seen, changed_at=now, epoch=epoch).knows(seen.transitions)

    def knows(self, epoch: int) -> "Candidate":
        """Return the candidate after it has learned of an epoch, from the Lease or from a run."""
        return self if epoch <= self.highest else replace(self, highest=epoch)

    def may_acquire(self, now: float) -> bool:
        """Return whether the Lease is free: released, not renewed for its whole duration, or never there.

        A leader that has marked no run yet, and whose Lease was deleted, is the one that nothing tells of.
        """
        if self.epoch is not None or self.changed_at is None:
            return False
        if self.seen is None:
            return not self.highest
        if self.seen.holder in ("", self.identity):
            return True  # released, or acquired by ourselves with an answer that never came
        return now - self.changed_at >= self.timing.duration

    def must_reserve(self) -> bool:
        """Return whether the Lease was deleted: its leader may still be at work, so a vacant one comes first."""
        return self.epoch is None and self.changed_at is not None and self.seen is None and self.highest > 0

    def next_epoch(self) -> int:
        """Return the epoch of a new leadership: above every one that is known.

        Counting transitions alone would brick all runs after somebody deletes the Lease.
        """
        return 1 + self.highest

    def acquired(self, seen: Seen, began: float) -> "Candidate":
        """Return the candidate after its write was taken; `began` is before that call."""
        return replace(self, seen=seen, changed_at=began, epoch=seen.transitions, renewed_at=began).knows(
            seen.transitions
        )

    def renewed(self, seen: Seen, began: float) -> "Candidate":
        """Return the leader after a renewal."""
        return replace(self, seen=seen, changed_at=began, renewed_at=began)

    def left(self, now: float) -> float:
        """Return for how many seconds it may lead without another renewal; negative: no longer."""
        return self.timing.deadline - (now - self.renewed_at)

    def leads(self, now: float) -> bool:
        """Return whether it may act as leader now: it stops by itself before anybody else may begin."""
        return self.epoch is not None and self.left(now) > 0

    def resigned(self) -> "Candidate":
        """Return the candidate after it stopped to lead."""
        return replace(self, epoch=None)
