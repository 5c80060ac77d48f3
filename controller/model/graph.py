"""Graph: a compiled orchestration, immutable and named by the digest of its definition. Steps are integers inside.

The index of a step is its place in FIFO order: entries of phases first, then topological order with ties by position.
`controller.definition.compile` makes it; the engine only reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from controller.model.digest import Digest
from controller.model.run import GateNeeds
from controller.model.states import Role

LONGEST_DELAY_MS = 365 * 86_400_000
"""A year. Nobody means to wait longer, and a wake-up time must stay a date however often a delay was multiplied."""


class RetryPolicy(NamedTuple):
    """When an attempt is repeated, all defaults and floors applied."""

    max_attempts: int = 1
    initial_ms: int = 2000
    multiplier: float = 2.0
    max_ms: int | None = None
    linear: bool = False
    non_retryable: frozenset[int] = frozenset()
    notify: bool = False
    allow_skip: bool = False

    def delay_ms(self, failed: int) -> int:
        """Return the wait after attempt number `failed` (from 1) failed, in milliseconds; at most a year."""
        cap = LONGEST_DELAY_MS if self.max_ms is None else min(self.max_ms, LONGEST_DELAY_MS)
        if self.linear:
            return min(self.initial_ms * failed, cap)
        try:
            return round(min(self.initial_ms * self.multiplier ** (failed - 1), cap))
        except OverflowError:
            return cap


ONE_ATTEMPT = RetryPolicy()


class GraphGate(NamedTuple):
    """A checkpoint after a step."""

    question: str
    severity: str = "normal"
    required: bool = True
    timeout_ms: int | None = None
    actions: tuple[str, ...] = ("approve", "reject", "modify")
    needs: GateNeeds | None = None
    """None: one decision of anybody who may decide."""


@dataclass(frozen=True, slots=True)
class GraphStep:
    """One step, as far as the engine decides about it."""

    id: str
    index: int
    needs: int = 0
    """How many steps must be settled before."""
    dependencies: tuple[int, ...] = ()
    successors: tuple[int, ...] = ()
    phase: int = -1
    """Index into `Graph.phases`; -1 without phases and for finalizers."""
    child: bool = False
    """Plays an orchestration instead of calling an agent."""
    foreach: bool = False
    finalizer: bool = False
    gate: GraphGate | None = None
    retry: RetryPolicy = ONE_ATTEMPT
    timeout_ms: int | None = None
    attempt_timeout_ms: int | None = None
    queue_timeout_ms: int | None = None
    at_most_once: bool = False
    reversible: bool = True
    """False: declared as never to be undone."""
    undo: bool = False
    """The definition says how to undo it."""
    slots: tuple[tuple[str, int], ...] = ()
    """Slots that span runs: (key, limit), e.g. (`agent/global/summarizer`, 4)."""


class GraphPhase(NamedTuple):
    """A phase, as far as the engine decides about it."""

    id: str
    entry: int
    """Index into `Graph.entries`: entries run one after the other."""
    conditional: bool = False
    max_parallel: int | None = None
    timeout_ms: int | None = None
    steps: tuple[int, ...] = ()


class Graph(NamedTuple):
    """A compiled orchestration."""

    digest: Digest
    """Digest of the normalised definition."""
    name: str
    version: str
    steps: tuple[GraphStep, ...]
    """Ordinary steps in FIFO order, then finalizers."""
    by_id: Mapping[str, int]
    ordinary: int
    """How many of `steps` are not finalizers."""
    phases: tuple[GraphPhase, ...] = ()
    entries: tuple[tuple[int, ...], ...] = ()
    """Phases (indexes) of each entry."""
    max_parallel: int = 1
    fail_fast: bool = False
    timeout_ms: int | None = None
    automatic_undo: bool = False
    outputs: bool = False
    """The definition names outputs of the run."""
    shared: tuple[tuple[str, int], ...] = ()
    """Slots that every attempt takes, of role do or undo, whatever its step: (key, limit)."""

    def slots_of(self, step: GraphStep, role: Role) -> tuple[tuple[str, int], ...]:
        """Return the slots that span runs of an attempt. Who plays a child run only waits: the child's steps take them."""
        if step.child:
            return ()
        return self.shared if role is Role.UNDO else (*step.slots, *self.shared)
