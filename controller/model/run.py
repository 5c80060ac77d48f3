"""Run: one execution of one revision of an orchestration, as stored and shown."""

from typing import Any

from pydantic import Field

from controller.model.base import Stored
from controller.model.digest import Digest
from controller.model.states import RunState


class DefinitionPlace(Stored):
    """Where a definition was written when a run of it was admitted; for people, no part of what runs."""

    file: str
    line: int
    commit: str | None = None
    """Abbreviated; ends with `+` where files beside it were not as in that commit. None: not known."""
    lines: dict[str, int] = Field(default_factory=dict)
    """Step id -> line."""


class RunSpec(Stored):
    """What was asked for; never changes."""

    uid: str
    """Unique id, a ULID locally; a child's is derived from its parent's uid, step and attempt."""
    root: str
    """Uid of the run tree's root; equal to `uid` for a root."""
    parent: str | None = None
    """Uid of the parent run."""
    parent_step: str | None = None
    """Step of the parent that plays this run."""
    parent_attempt: int | None = None
    """Attempt of that step."""
    orchestration: str
    """Name."""
    version: str
    """Exact version."""
    owner: str | None = None
    """Owner of the definition, after the owner rules."""
    organization: str = "global"
    """Organization of the run."""
    definition: Digest
    """Digest of the normalised definition."""
    snapshot: Digest
    """Digest of the blob that holds definition, agents and their files: all that the run will ever execute."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Resolved parameters, defaults applied."""
    requester: str
    """Who asked for it."""
    created_at: int
    """Milliseconds since the epoch."""
    max_parallel: int = 1
    """Steps at one time, environment default applied."""
    conversation: str | None = None
    """Conversation that the run's steps share, where a parent's is inherited."""
    rerun_of: str | None = None
    """Run whose outputs seeded this one."""
    seeds: dict[str, Digest] = Field(default_factory=dict)
    """Step id -> output digest taken from that run instead of doing the step again."""
    request_metadata: dict[str, Any] = Field(default_factory=dict)
    """What the caller wanted to keep with the run, for audit."""
    task: dict[str, str] | None = None
    """`id` and `userId` of the task that spawned the run, where there is one."""
    places: dict[Digest, DefinitionPlace] = Field(default_factory=dict)
    """Definition digest -> its place, for all that the run tree plays; only the root's spec has it."""


class GateNeeds(Stored):
    """Who must decide at a checkpoint, where that is enforced."""

    count: int = 1
    """Different people that must approve."""
    groups: list[str] = Field(default_factory=list)
    """One of these groups each approver must be in; empty: any."""
    separate_requester: bool = False
    """Whether who asked for the run may not approve."""


class GateStatus(Stored):
    """An open checkpoint."""

    gate: str
    """Step id; for a child's gate `step/childstep`."""
    run: str
    """Uid of the run that holds the gate."""
    digest: Digest
    """What is to be approved."""
    request: int
    """Record that opened it."""
    question: str
    severity: str = "normal"
    required: bool = True
    opened_at: int = 0
    actions: list[str] = Field(default_factory=list)
    needs: GateNeeds | None = None
    """None: one decision of anybody who may decide."""


class RunProgress(Stored):
    """Counts of steps."""

    total: int
    succeeded: int = 0
    skipped: int = 0
    failed: int = 0
    running: int = 0
    cached: int = 0

    @property
    def settled(self) -> int:
        """Steps that need nothing more."""
        return self.succeeded + self.skipped


class RunStatus(Stored):
    """The bounded view of a run that is written with every commit; at most 256 KiB at 10,000 steps."""

    state: RunState
    reason: str | None = None
    """Why it failed, in one word: StepFailed, Timeout, Deadlocked, UndoIncomplete, FinalizerFailed, OutcomeUnknown."""
    message: str | None = None
    suspended: bool = False
    progress: RunProgress
    frontier: dict[str, str] = Field(default_factory=dict)
    """Steps that are neither Pending nor settled -> Running | AwaitingApproval; at most 1,000."""
    attempts: dict[str, int] = Field(default_factory=dict)
    """Frontier steps beyond their first attempt."""
    gates: list[GateStatus] = Field(default_factory=list)
    """Open gates, at most 16."""
    gate_count: int = 0
    sequence: int
    """Sequence number of the last record."""
    head: Digest
    """Digest of the last record."""
    wake_at: int | None = None
    """When a timer is due, in milliseconds since the epoch."""
    started_at: int | None = None
    ended_at: int | None = None
    semantic_digest: Digest | None = None
    """Set when the run has settled."""
