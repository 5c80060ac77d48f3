"""What does a person ask for with a Run? Nothing of it can be changed afterwards but `suspend` and the time to live."""

from typing import Annotated, Any

from pydantic import Field

from controller.model.base import Authored
from controller.model.cluster.person import Requester
from controller.model.cluster.scalars import (
    ATOMIC_MAP,
    Count,
    DefinitionName,
    DigestText,
    ExactVersion,
    ObjectName,
    StepName,
    Uid,
    UnitName,
)


class OrchestrationRef(Authored):
    """Which orchestration is played."""

    name: DefinitionName
    """`spec.name` of an Orchestration in the same namespace (its `metadata.name` where it gives none)."""
    version: ExactVersion | None = None
    """Exact version. Default: the highest active one when the run starts; it is then recorded."""


class Task(Authored):
    """The task that spawned a run, where there is one."""

    id: Annotated[str, Field(min_length=1, max_length=256)]
    """Id of the task."""
    user_id: Annotated[str, Field(min_length=1, max_length=256)]
    """User that the task belongs to."""


class ParentRef(Authored):
    """The run and step that a child run plays. Only Libretto's own account may set it."""

    run: ObjectName
    """Name of the parent's Run object."""
    uid: Uid
    """Uid of this child: derived from the parent's uid, step and attempt, so that it is the same whoever creates it."""
    parent_uid: Uid
    """Uid of the parent as its ledger knows it."""
    root: ObjectName
    """Name of the Run object of the whole tree."""
    root_uid: Uid
    """Uid of the tree's root as its ledger knows it."""
    step: UnitName
    """Step of the parent that this run plays."""
    attempt: Annotated[int, Field(ge=1)]
    """Attempt of that step, from 1."""
    definition: DigestText
    """Digest of the definition that is played; it is part of the root's snapshot."""
    snapshot: DigestText
    """Digest of the root's snapshot."""
    conversation: Annotated[str, Field(max_length=256)] | None = None
    """Conversation that is shared with the parent. Default: one of its own."""


class RestoredFrom(Authored):
    """Where a run comes from that was restored from an archive. Setting it needs the RBAC verb `restore` on runs."""

    head: DigestText
    """Digest of the archived ledger's last record."""
    uid: Uid
    """Uid of the original run; the restored one keeps it for keys, labels and shards."""


class RunSpec(Authored):
    """What is asked for. It never changes, but for `suspend` and `ttlSecondsAfterFinished`."""

    orchestration_ref: OrchestrationRef
    """Which orchestration is played."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Values of the orchestration's parameters. Default: none; its own defaults apply."""
    requested_by: Requester | None = None
    """Who asked for it. Filled in by the API server where it can (Kubernetes 1.36), else by `kubectl libretto`; a person
    may only name themselves. Where it is absent, separation of duties cannot be shown and such gates say so and wait."""
    suspend: bool = False
    """True starts nothing new; what runs ends. False goes on. Default: false."""
    max_parallel: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Steps at one time where the orchestration does not say, 1 to 1000. Default: the operator's setting
    (`runs.maxParallel` of the chart), which is 1 unless somebody set it."""
    ttl_seconds_after_finished: Count | None = None
    """Seconds after which a settled run is deleted, with its ledger: archive first. It never removes a run that somebody
    wrote down by name, which a GitOps tool would create and execute again. Default: the operator's setting
    (`runs.ttlSecondsAfterFinished` of the chart), which is never unless somebody set it."""
    rerun_of: ObjectName | None = None
    """Run whose outputs seed this one. Default: none."""
    seeds: Annotated[dict[StepName, DigestText], Field(max_length=1000, json_schema_extra=ATOMIC_MAP)] = Field(
        default_factory=dict
    )
    """Step id -> digest of the output that is taken instead of doing the step. Default: none."""
    request_metadata: dict[str, Any] = Field(default_factory=dict)
    """What the caller wants to keep with the run, for audit; no part of what runs. Default: none."""
    task: Task | None = None
    """The task that spawned the run. Default: none."""
    parent: ParentRef | None = None
    """The run and step that this one plays. Only Libretto's own account may set it."""
    restored_from: RestoredFrom | None = None
    """The archived ledger that this run goes on from. Setting it needs the RBAC verb `restore` on runs."""
