"""What was measured, in which unit, and is it within its limit?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One number and what it may be at most; without a limit it is there for comparison."""

    name: str
    value: float
    unit: str
    """`s`, `ms`, `us`, `MB`, `KiB`, `x` (a ratio), or empty for a count."""
    most: float | None = None
    below: bool = False
    """Whether the limit itself is too much already."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether it is within its limit; None where there is none."""
        if self.most is None:
            return None
        return self.value < self.most if self.below else self.value <= self.most


@dataclass(frozen=True)
class Growth:
    """How the cost of one unit of work changes with their number: linear growth is a ratio of 1."""

    name: str
    of: str
    """What is counted, in the singular."""
    costs: Mapping[int, float]
    """Number of units -> microseconds for one."""
    most: float | None = None

    @property
    def ratio(self) -> float:
        """Cost of one unit in the largest to that in the smallest."""
        return self.costs[max(self.costs)] / self.costs[min(self.costs)]

    @property
    def met(self) -> bool | None:
        """Whether the ratio is within its limit; None where there is none."""
        return None if self.most is None else self.ratio <= self.most


@dataclass(frozen=True)
class Measured:
    """What one measure came to."""

    title: str
    how: str
    """What was done, in a sentence or two, so that the numbers mean something."""
    figures: Sequence[Figure]
    growths: Sequence[Growth] = ()
    missing: Sequence[str] = field(default_factory=list)
    """What could not be measured, and why."""

    @property
    def missed(self) -> list[str]:
        """Names of what is beyond its limit."""
        found = [figure.name for figure in self.figures if figure.met is False]
        return found + [growth.name for growth in self.growths if growth.met is False]
