"""What is said of a step before its run begins."""

from enum import StrEnum
from typing import NamedTuple


class Fate(StrEnum):
    """What becomes of a step."""

    RUN = "run"
    CACHE = "cache"
    SKIP = "skip"
    REFUSE = "refuse"
    """It cannot start, so it fails."""
    UNREACHED = "unreached"
    """Something before it fails for certain."""
    OPEN = "open"
    """It hangs on what earlier steps come to."""


class Wait(NamedTuple):
    """Something that the step, or what comes after it, waits for."""

    kind: str
    """dependency, phase, slot or checkpoint."""
    what: tuple[str, ...]
    """Steps, phases, limits, or what is asked."""


class StepForecast(NamedTuple):
    """One step."""

    step: str
    """As seen from the top: `kpi/fetch`."""
    fate: Fate
    why: str
    decided_by: tuple[str, ...] = ()
    """Steps whose outcome decides what is open."""
    phase: str | None = None
    calls: str | None = None
    """Agent, or orchestration with its version."""
    instances: int | None = None
    """Of a `foreach` step; None: not known, or it is none."""
    waits: tuple[Wait, ...] = ()
    undo: str = ""
    """What follows for its change when the run is undone."""
    steps: tuple["StepForecast", ...] = ()
    """Of the child run that it plays."""


class RunForecast(NamedTuple):
    """A whole run."""

    orchestration: str
    version: str
    parameters: dict[str, object]
    automatic_undo: bool
    steps: tuple[StepForecast, ...]

    def all(self) -> list[StepForecast]:
        """Return all steps, those of child runs behind the step that plays them."""
        found: list[StepForecast] = []
        waiting = list(reversed(self.steps))
        while waiting:
            step = waiting.pop()
            found.append(step)
            waiting += reversed(step.steps)
        return found
