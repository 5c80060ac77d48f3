"""How does a run stand? The bounded view of it, and the newest part of its ledger."""

from typing import Annotated, Any, Literal

from pydantic import Field

from controller.model.base import Stored
from controller.model.cluster.condition import Conditions
from controller.model.cluster.scalars import (
    ATOMIC_LIST,
    ATOMIC_MAP,
    LONGEST_MESSAGE,
    LONGEST_QUESTION,
    LONGEST_RECORD,
    MOST_CONTENTS,
    MOST_FRONTIER,
    MOST_GATES,
    MOST_TAIL,
    Count,
    DigestText,
    ExactVersion,
    GatePath,
    GroupName,
    Message,
    Moment,
    ObjectName,
    Uid,
    UnitName,
    Word,
)
from controller.model.states import RunState


class Progress(Stored):
    """Counts of steps."""

    total: Count
    """Steps of the run; instances of a `foreach` step count once it is expanded."""
    succeeded: Count = 0
    """Steps that succeeded."""
    skipped: Count = 0
    """Steps that were skipped."""
    failed: Count = 0
    """Steps that failed and have no attempt left."""
    running: Count = 0
    """Steps that run."""
    cached: Count = 0
    """Succeeded steps whose output came from the cache."""


class Needs(Stored):
    """Who must decide at a gate."""

    count: Annotated[int, Field(ge=1)] = 1
    """How many different people must approve; one rejection is enough to reject."""
    groups: Annotated[list[GroupName], Field(max_length=16, json_schema_extra=ATOMIC_LIST)] = Field(
        default_factory=list
    )
    """An approver must be in one of these groups. Absent: whoever has the RBAC verb `approve`."""
    separate_requester: bool = False
    """Whether who asked for the run may not approve it."""


class Gate(Stored):
    """An open checkpoint: what a person is asked."""

    gate: GatePath
    """Step id; `step/childstep` where a child run asks. An Approval names it."""
    run: Uid
    """Uid of the run that holds the gate, which is a child's where `gate` has a slash."""
    digest: DigestText
    """Digest of what is to be approved. An Approval counts only with it."""
    request: Count
    """Number of the record that opened the gate. An Approval counts only with it, so an earlier one does nothing."""
    question: Annotated[str, Field(max_length=LONGEST_QUESTION)] = ""
    """What is asked, cut to 4096 characters."""
    severity: Annotated[str, Field(max_length=LONGEST_MESSAGE)] = "normal"
    """Free word of the definition for how much attention it needs."""
    required: bool = True
    """Whether a person must decide: after its timeout a required gate rejects, an optional one lapses."""
    opened_at: Moment | None = None
    """When it was opened."""
    actions: Annotated[list[Word], Field(max_length=16, json_schema_extra=ATOMIC_LIST)] = Field(default_factory=list)
    """What can be decided: approve, reject, modify."""
    needs: Needs | None = None
    """Who must decide. Absent: one person who has the RBAC verb `approve`."""


class Sealed(Stored):
    """How far the ledger was moved out of `status` into ConfigMaps."""

    sequence: Annotated[int, Field(ge=-1)]
    """Number of the last sealed record; -1 for none."""
    head: DigestText
    """Digest of the last sealed record."""
    count: Count = 0
    """How many ConfigMaps were written."""


class RunStatus(Stored):
    """How the run stands. Only Libretto writes it; the API server refuses moves that the table of states does not have."""

    state: RunState | None = None
    """Where the run stands. Paused is a condition, not a state. The list may grow: wait for conditions."""
    reason: Word | None = None
    """Why it failed, in one word: StepFailed, Timeout, Deadlocked, UndoIncomplete, FinalizerFailed, OutcomeUnknown."""
    message: Message | None = None
    """Why, in one line."""
    observed_generation: Count | None = None
    """`metadata.generation` that was looked at last."""
    conditions: Conditions = Field(default_factory=list)
    """Ready, Succeeded (Unknown until the run has settled), Finished (settled), and while they hold Reconciling, Stalled,
    AwaitingApproval, Suspended, ApprovalsUnprotected (decisions wait because nothing proves whose they are) and
    NodeUnreachable (a pod does not end, because its node answers nobody)."""
    steps: Annotated[str, Field(max_length=32)] | None = None
    """Settled and all steps, e.g. `4/7`."""
    step: GatePath | None = None
    """The step that people look for: the first open gate's, else the first that runs."""
    waits_for: Word | None = None
    """What has to happen before the run goes on: `approval`, `resume`; absent while it works."""
    suspended: bool | None = None
    """Whether a suspension is recorded."""
    progress: Progress | None = None
    """Counts of steps."""
    frontier: Annotated[
        dict[UnitName, Literal["Running", "AwaitingApproval"]],
        Field(max_length=MOST_FRONTIER, json_schema_extra=ATOMIC_MAP),
    ] = Field(default_factory=dict)
    """Steps that are neither pending nor settled; at most 1000."""
    attempts: Annotated[
        dict[UnitName, Annotated[int, Field(ge=1)]], Field(max_length=MOST_FRONTIER, json_schema_extra=ATOMIC_MAP)
    ] = Field(default_factory=dict)
    """Number of the present attempt, for steps of the frontier beyond their first."""
    gates: Annotated[list[Gate], Field(max_length=MOST_GATES, json_schema_extra=ATOMIC_LIST)] = Field(
        default_factory=list
    )
    """Open checkpoints, at most 16; `gateCount` counts all."""
    gate_count: Count | None = None
    """How many checkpoints are open."""
    tail: Annotated[
        list[Annotated[str, Field(max_length=LONGEST_RECORD)]],
        Field(max_length=MOST_TAIL, json_schema_extra=ATOMIC_LIST),
    ] = Field(default_factory=list)
    """Newest records of the ledger: the canonical bytes that the digests cover. It only grows, and shrinks by what is
    sealed."""
    contents: Annotated[
        dict[DigestText, Annotated[str, Field(max_length=4096)]],
        Field(max_length=MOST_CONTENTS, json_schema_extra=ATOMIC_MAP),
    ] = Field(default_factory=dict)
    """Small contents that records of the tail name: digest -> canonical JSON."""
    sequence: Count | None = None
    """Number of the last record; it never falls."""
    head: DigestText | None = None
    """Digest of the last record. Keep it: `verify --head` finds a rewritten ledger by it."""
    sealed: Sealed | None = None
    """How far the ledger was moved into ConfigMaps."""
    epoch: Count | None = None
    """Which leadership wrote last; it never falls, so an operator that lost its lease is refused."""
    lease: ObjectName | None = None
    """Lease that counts the leaderships. Absent: the only one there is."""
    snapshot: DigestText | None = None
    """Digest of all that the run will ever execute: definitions, agents and their files."""
    definition: DigestText | None = None
    """Digest of the definition."""
    version: ExactVersion | None = None
    """Version of the orchestration that is played."""
    started_at: Moment | None = None
    """When the first step could start."""
    ended_at: Moment | None = None
    """When the run settled."""
    wake_at: Moment | None = None
    """When the next timer is due."""
    semantic_digest: DigestText | None = None
    """Digest of what the run did, equal wherever it ran; set once it has settled."""
    outputs: dict[str, Any] | None = None
    """Outputs of a run that succeeded, where they take at most 1 KiB; `kubectl libretto output` shows larger ones as well."""
