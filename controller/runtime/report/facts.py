"""Facts: what a report tells, before it has any form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from controller.definition.catalog import CatalogEntry
from controller.definition.snapshot import Snapshot
from controller.engine.state import State, Unit
from controller.model.digest import Digest
from controller.model.graph import Graph
from controller.model.run import RunSpec
from controller.model.step import Step
from controller.runtime.proof.verify import Verification


@dataclass
class Attempt:
    """One try, of role do or undo."""

    number: int
    started: int
    ended: int | None = None
    outcome: str = "Running"
    """Succeeded, Undone, or the class of the failure."""
    reason: str = ""
    undo: bool = False


@dataclass
class Decision:
    """A checkpoint and what became of it."""

    step: str
    """With the path of its run, e.g. `kpi/check`."""
    opened: int
    request: int
    """Record that opened it."""
    digest: Digest
    question: str
    severity: str
    verdict: str = "open"
    """approved, rejected, sent back, lapsed, closed or open."""
    actor: str = ""
    at: int | None = None
    record: int | None = None
    comment: str = ""


class Artifact(NamedTuple):
    """A file that a step left."""

    name: str
    digest: Digest
    size: int
    content: bytes | None
    """None where it is too large to be shown."""


@dataclass
class StepFacts:
    """One step, with its instances where it has any."""

    id: str
    path: str
    """With the path of its run."""
    step: Step
    unit: Unit
    phase: str | None = None
    finalizer: bool = False
    attempts: list[Attempt] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    handoffs: list[Mapping[str, Any]] = field(default_factory=list)
    ended: int | None = None
    """When it came to how it ended."""
    source: str = ""
    """Run that the output comes from, where it was cached or seeded."""
    output: Any = None
    artifacts: list[Artifact] = field(default_factory=list)
    receipts: list[tuple[Digest, Mapping[str, Any]]] = field(default_factory=list)
    """All receipts, those of changes that were undone since included."""
    instances: list["StepFacts"] = field(default_factory=list)
    children: list["RunFacts"] = field(default_factory=list)
    """Child runs, one per attempt."""

    @property
    def busy_ms(self) -> int:
        """Milliseconds in which an attempt ran, of instances included."""
        own = sum((one.ended or one.started) - one.started for one in self.attempts if not one.undo)
        return own + sum(one.busy_ms for one in self.instances)


class Phase(NamedTuple):
    """A phase and its times."""

    id: str
    state: str
    """pending, open, ended or skipped."""
    started: int | None
    ended: int | None


class Event(NamedTuple):
    """Something that is worth a line."""

    at: int
    record: int
    text: str
    actor: str


@dataclass
class RunFacts:
    """One run of the tree."""

    spec: RunSpec
    path: str
    entry: CatalogEntry
    graph: Graph
    state: State
    records: int
    steps: list[StepFacts] = field(default_factory=list)
    """Ordinary steps in their order, then finalizers."""
    phases: list[Phase] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    outputs: Any = None
    """What the run came to, where its definition names outputs."""

    @property
    def title(self) -> str:
        """Name for people."""
        return self.entry.spec.display_name or self.spec.orchestration

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters in the order of the definition."""
        given = self.spec.parameters
        return {one.key: given[one.key] for one in self.entry.spec.parameters if one.key in given}

    def all_steps(self) -> list[StepFacts]:
        """Return the steps of this run and, after each, those of its children."""
        found: list[StepFacts] = []
        for one in self.steps:
            found.append(one)
            for child in one.children:
                found += child.all_steps()
        return found


@dataclass
class Facts:
    """A run tree."""

    root: RunFacts
    verification: Verification
    snapshot: Snapshot
    usual: Mapping[str, int]
    """Step of the root -> milliseconds that it took in earlier runs; empty where there are none."""
    now: int
    """When the report is made; matters only while the run goes on."""
    program: str = "libretto"
    """How a command begins that means the state directory of the run, ready for a shell."""

    @property
    def settled(self) -> bool:
        """Whether the run has come to its end."""
        return self.root.state.run.settled

    @property
    def until(self) -> int:
        """End of the run, or now."""
        return self.root.state.ended_at if self.settled and self.root.state.ended_at else self.now

    @property
    def began(self) -> int:
        """Start of the run; when it was asked for, where it has not started."""
        return self.root.state.first_started_at or self.root.spec.created_at

    def decisions(self) -> list[Decision]:
        """Return all checkpoints that were opened, in order of time."""
        found = [decision for step in self.root.all_steps() for decision in step.decisions]
        return sorted(found, key=lambda one: one.opened)
