"""State of a run: a persistent value, the fold of its ledger.

`asked` and what it holds of slots are the only members that are not in the ledger: effects that were asked for and not
answered yet. After a restart they are empty and `wanted` asks anew.
"""

from typing import NamedTuple

from immutables import Map

from controller.engine.transitions import GateState, UndoState
from controller.machine.chain import Chain
from controller.machine.heap import Heap
from controller.model.digest import Digest
from controller.model.graph import Graph
from controller.model.run import GateStatus
from controller.model.states import Role, RunState, StepState


class OpenGate(NamedTuple):
    """A checkpoint that was opened for a step."""

    state: GateState
    digest: Digest
    """What is to be approved."""
    request: int
    """Record that opened it."""
    opened_at: int
    decided: str = ""
    """Who decided what and in which record, for people; empty while open."""


class ChildRef(NamedTuple):
    """The run that plays a step of type `orchestration`."""

    run: str
    head: Digest | None = None
    semantic: Digest | None = None


class Unit(NamedTuple):
    """What the ledger says about a step or instance. The default stands for what has no record yet."""

    state: StepState = StepState.PENDING
    attempt: int = 0
    """Number of the last attempt; grows across generations."""
    generation: int = 0
    classes: tuple[str, ...] = ()
    """Class of each charged attempt, `Succeeded` included."""
    spent: int = 0
    """Charged attempts since the automatic budget was last reset."""
    disruptions: int = 0
    how: str = ""
    """How it ended: ran, cache, seed, child, expanded or skipped."""
    reason: str = ""
    input: Digest | None = None
    output: Digest | None = None
    receipts: tuple[Digest, ...] = ()
    patches: tuple[Digest, ...] = ()
    """Modifications by people, to be merged into the input in this order."""
    retry_at: int = 0
    started_at: int = 0
    """First start of this generation, for the step's timeout; 0 before."""
    expired: bool = False
    intent: int = 0
    """Attempt whose intent is recorded (`AtMostOnce`); 0 for none."""
    verdicts: tuple[str, ...] = ()
    """Gate decisions, without actors."""
    gate: OpenGate | None = None
    child: ChildRef | None = None
    earlier_children: tuple[ChildRef, ...] = ()
    """Child runs of earlier attempts, oldest first: they may have changed something before they failed."""
    undo: UndoState = UndoState.IDLE
    undo_attempt: int = 0
    undo_spent: int = 0
    undo_disruptions: int = 0
    undo_retry_at: int = 0
    undo_reason: str = ""
    instances: int = -1
    """Number of instances once expanded."""
    open_instances: int = 0
    failed_instances: int = 0


UNTOUCHED = Unit()


class Ask(NamedTuple):
    """An effect that was asked for: what stage a unit is in between ready and started."""

    stage: str
    attempt: int
    input: Digest | None = None
    data: tuple[tuple[str, object], ...] = ()


class PhaseProgress(NamedTuple):
    """Where a phase stands."""

    state: str
    """open, ended, skipping (its steps are being skipped) or skipped."""
    left: int
    """Steps that are not settled yet."""
    started_at: int
    expired: bool = False


class Halt(NamedTuple):
    """Why scheduling stops before all is done."""

    word: str
    """The reason that the run will have: Aborted, Rejected, Timeout or PhaseRefused."""
    undo: bool
    message: str

    @property
    def fails(self) -> bool:
        """Whether the run will be Failed, which a retry may mend, rather than Aborted."""
        return self.word in {"Timeout", "PhaseRefused"}


class State(NamedTuple):
    """A run."""

    graph: Graph
    uid: str
    chain: Chain = Chain()
    run: RunState = RunState.PENDING
    reason: str = ""
    message: str = ""
    child_of: str | None = None
    """Uid of the parent, where there is one."""
    parameters: Digest | None = None
    generation: int = 0
    created_at: int = 0
    started_at: int = 0
    """Start of the present generation, for the run's timeout."""
    first_started_at: int = 0
    ended_at: int = 0
    units: Map[int, Unit] = Map()
    unmet: Map[int, int] = Map()
    """Step index -> dependencies that are not settled; absent: as many as the graph says."""
    ready: Map[int, Heap] = Map()
    """Phase (-1 none, -2 finalizers) -> units that may start; entries may be stale."""
    timers: Heap = None
    """`time << 32 | unit << 3 | kind`; entries may be stale."""
    frontier: Map[int, str] = Map()
    holding: Map[int, int] = Map()
    """Units that hold a slot of the run -> their phase."""
    phase_holding: Map[int, int] = Map()
    asked: Map[int, Ask] = Map()
    postponed: tuple[int, ...] = ()
    """Units that could start once attempts from before a restart have their slots again; not in the ledger."""
    waiting: Map[int, int] = Map()
    """Units that wait for their retry time -> that time."""
    succeeded: int = 0
    skipped: int = 0
    cached: int = 0
    failures: Map[int, int] = Map()
    """Failed steps (index) -> the record that said so."""
    fresh_failures: int = 0
    """How many of them failed in this generation: only those stop a run that fails fast."""
    reopened: int = -1
    """Record with which this generation began; -1 in the first."""
    entry: int = -1
    phases: Map[int, PhaseProgress] = Map()
    gates: Map[int, int] = Map()
    """Units with an open gate -> the record that opened it."""
    child_gates: Map[int, tuple[GateStatus, ...]] = Map()
    suspended: bool = False
    halt: Halt | None = None
    verdict: str = ""
    """Set while finalizers run: the state that the run will settle in."""
    finalizers_left: int = 0
    finalizer_failed: int = -1
    changed: Heap = None
    """Units whose undo may be needed, last changed first."""
    undoing: int = -1
    """Unit whose undo runs; -1 for none: one at a time."""
    kept: tuple[int, ...] = ()
    """Units whose change could not be undone in this round."""
    outputs: Digest | None = None
    strays: frozenset[tuple[int, Role, int]] = frozenset()
    """(unit, role, attempt) of attempts that ran although this run had not recorded them, and were ended."""

    def unit(self, unit: int) -> Unit:
        """Return what is known about a unit."""
        return self.units.get(unit, UNTOUCHED)

    @property
    def failed(self) -> int:
        """How many steps are Failed."""
        return len(self.failures)

    @property
    def open_gates(self) -> int:
        """Open checkpoints, those of children included."""
        return len(self.gates) + sum(len(gates) for gates in self.child_gates.values())
