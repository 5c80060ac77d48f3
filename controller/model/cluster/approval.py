"""What does a person decide at a gate? One immutable object per decision."""

from typing import Any, Literal

from controller.model.base import Authored, Stored
from controller.model.cluster.person import Person
from controller.model.cluster.scalars import Comment, Count, DigestText, GatePath, Message, Moment, ObjectName, Uid


class ObjectRef(Authored):
    """An object of the same namespace, bound to its uid: one that was made anew under the same name is another."""

    name: ObjectName
    """`metadata.name`."""
    uid: Uid
    """`metadata.uid`."""


class ApprovalSpec(Authored):
    """A decision. It names exactly one of `runRef` and `planRef`, and can never be changed."""

    run_ref: ObjectRef | None = None
    """Run whose gate is decided. The approver needs the RBAC verb `approve` on it."""
    plan_ref: ObjectRef | None = None
    """Plan that is decided. The approver needs the RBAC verb `approve` on it."""
    gate: GatePath
    """Gate as `status.gates` names it: a step id, or `step/childstep`."""
    digest: DigestText
    """What is decided on: the gate's `digest`. With another one the decision does nothing."""
    request: Count
    """Record that opened the gate: the gate's `request`. With another one the decision does nothing."""
    decision: Literal["approve", "reject", "modify"]
    """`approve` goes on, `reject` ends the run's branch, `modify` does the step again with a changed input."""
    comment: Comment | None = None
    """Why, for the record. Default: none."""
    modification: dict[str, Any] | None = None
    """For `modify`: merged into the step's input (objects merge, all else replaces). Default: none."""
    approver: Person
    """Who decides. Filled in by the API server where it can (Kubernetes 1.36), else by `kubectl libretto`; naming somebody
    else is refused."""
    expires_at: Moment | None = None
    """Time after which the decision does nothing if it was not recorded before. Default: it does not expire."""


class Answered(Stored):
    """What became of a decision or command."""

    record: Count | None = None
    """Number of the ledger record that it became; absent when it was refused."""
    refusal: Message | None = None
    """Why it was refused, in one line; absent when it was recorded."""
    waiting: Message | None = None
    """Why it does not count yet, in one line, e.g. how many approvals are missing; absent once it is answered."""
    answered_at: Moment | None = None
    """When it was recorded or refused; absent while it waits."""


class ApprovalStatus(Answered):
    """What became of the decision. Only Libretto writes it."""
