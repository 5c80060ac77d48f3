"""What the engine is told: values in the past tense. Each answers an effect, or comes from outside."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.model.attempt import Result
from controller.model.digest import Digest
from controller.model.record import Actor
from controller.model.run import GateStatus
from controller.model.states import OutcomeClass, Role, RunState, Verb, Verdict


class Skip(NamedTuple):
    """`when` is false."""

    reason: str


class Expand(NamedTuple):
    """`foreach` gives this many instances."""

    instances: int
    items: Digest


class Hit(NamedTuple):
    """The output is known already: from the cache, or from the run that this one repeats (`seed`)."""

    output_digest: Digest
    input_digest: Digest
    source: Mapping[str, Any]
    seed: bool = False
    warnings: tuple[str, ...] = ()


class Ready(NamedTuple):
    """Input is resolved and hand-offs are checked."""

    input_digest: Digest
    data: Mapping[str, Any] | None = None
    """Members for the record of the start, e.g. `handoffs`."""


class Refused(NamedTuple):
    """The step cannot start: its configuration or a hand-off is wrong."""

    failure: OutcomeClass
    reason: str
    violations: tuple[str, ...] = ()


class Postponed(NamedTuple):
    """It could start, but attempts from before a restart must have their slots again first."""


class Prepared(NamedTuple):
    """Answers PrepareStep."""

    unit: int
    outcome: Skip | Expand | Hit | Ready | Refused | Postponed


class PhaseDecided(NamedTuple):
    """Answers DecidePhase. A mistake in the condition fails the run."""

    phase: int
    enabled: bool
    mistake: str | None = None


class SlotGranted(NamedTuple):
    """Answers AcquireSlots, at once or later."""

    unit: int
    role: Role = Role.DO


class Persisted(NamedTuple):
    """Answers Persist: everything recorded so far is durable."""

    unit: int


class Launched(NamedTuple):
    """Answers StartStep, StartChild or StartUndo; or gather found an attempt that the ledger does not know."""

    unit: int
    role: Role
    attempt: int
    input_digest: Digest
    child: str | None = None
    adopted: bool = False


class Strayed(NamedTuple):
    """An attempt was found that the ledger does not know, and no start will find it any more."""

    unit: int
    role: Role
    attempt: int
    input_digest: Digest
    running: bool


class AttemptEnded(NamedTuple):
    """An attempt ended, its results are looked at and stored."""

    unit: int
    role: Role
    attempt: int
    failure: OutcomeClass | None
    """None: success, and `result` is there."""
    reason: str = ""
    exit_code: int | None = None
    result: Result | None = None
    receipt: Digest | None = None
    """Receipt of a failed attempt: it may have changed something before it failed."""
    violations: tuple[str, ...] = ()
    duration_ms: int = 0
    unknown: bool = False
    """Whether nobody can tell what became of it, not even that it is over: only a person may have it tried again."""


class Combined(NamedTuple):
    """Answers CombineInstances."""

    unit: int
    result: Result


class ChildEnded(NamedTuple):
    """The child run of a step settled."""

    unit: int
    attempt: int
    state: RunState
    run: str
    head: Digest
    semantic: Digest
    result: Result | None
    reason: str = ""
    duration_ms: int = 0
    violations: tuple[str, ...] = ()
    """In what its output breaks the contract of the step; then the step fails although the child succeeded."""


class ChildUndone(NamedTuple):
    """The undo of a child run ended."""

    unit: int
    complete: bool
    reason: str = ""


class ChildGatesSeen(NamedTuple):
    """The open gates of a step's child run."""

    unit: int
    gates: tuple[GateStatus, ...]


class UndoPrepared(NamedTuple):
    """Answers PrepareUndo."""

    unit: int
    action: str
    """run, keep or nothing."""
    input_digest: Digest | None = None
    reason: str = ""


class OutputsComputed(NamedTuple):
    """Answers ComputeOutputs."""

    output_digest: Digest | None
    mistake: str | None = None


class GateDecided(NamedTuple):
    """A person decided on a checkpoint."""

    id: int
    gate: str
    digest: Digest
    request: int
    verdict: Verdict
    actor: Actor
    comment: str | None = None
    patch: Digest | None = None
    others: tuple[str, ...] = ()
    """Who approved the same before, where several must."""


class Commanded(NamedTuple):
    """A person commanded something of the run."""

    id: int
    verb: Verb
    actor: Actor
    step: str | None = None
    comment: str | None = None
    patch: Digest | None = None
    delay_ms: int = 0
    output: Digest | None = None
    undo: bool = False
    stop: bool = False
    attempt: int | None = None
    """Attempt of the step that the person saw; None: whichever."""


class Woken(NamedTuple):
    """Time has passed: due timers fire."""


class Proceeded(NamedTuple):
    """Attempts from before a restart have their slots again, or never will: what was postponed may start."""


class Restarted(NamedTuple):
    """The state was folded from the ledger: what was asked for before is forgotten."""


class Advanced(NamedTuple):
    """All that was observed has been told: start what can start, end what has ended."""


Event = (
    Prepared
    | PhaseDecided
    | SlotGranted
    | Persisted
    | Launched
    | Strayed
    | AttemptEnded
    | Combined
    | ChildEnded
    | ChildUndone
    | ChildGatesSeen
    | UndoPrepared
    | OutputsComputed
    | GateDecided
    | Commanded
    | Woken
    | Restarted
    | Proceeded
    | Advanced
)
