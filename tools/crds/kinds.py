"""How do the kinds look from outside: names, columns, fields that one can select by?

A new kind is a line in KINDS, its rules in `rules`, and its place in the ClusterRoles.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from controller.model.cluster.agent_object import AgentObjectSpec
from controller.model.cluster.approval import ApprovalSpec, ApprovalStatus
from controller.model.cluster.definition_status import AgentStatus, OrchestrationStatus
from controller.model.cluster.intervention import InterventionSpec, InterventionStatus
from controller.model.cluster.run_spec import RunSpec
from controller.model.cluster.run_status import RunStatus
from controller.model.orchestration import OrchestrationSpec

GROUP, VERSION = "libretto.dev", "v1alpha1"


class Column(NamedTuple):
    """One column of `kubectl get`."""

    name: str
    path: str
    """JSONPath; the server shows nothing else."""
    type: str = "string"
    wide: bool = False
    """Whether only `-o wide` shows it."""


class Kind(NamedTuple):
    """A kind of custom resource."""

    name: str
    plural: str
    short: str
    text: str
    """First line of `kubectl explain`."""
    spec: type[BaseModel]
    status: type[BaseModel]
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    atomic_spec: bool = False
    """Whether `spec` is replaced as a whole, so that a re-apply removes what the file does not hold any more."""

    @property
    def crd(self) -> str:
        return f"{self.plural}.{GROUP}"


_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_READY = Column("Ready", '.status.conditions[?(@.type=="Ready")].status')
_REASON = Column("Reason", '.status.conditions[?(@.type=="Ready")].reason')

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "Orchestration",
            "orchestrations",
            "orch",
            "A versioned definition of what shall happen: steps, their order, and the gates where people decide.",
            OrchestrationSpec,
            OrchestrationStatus,
            (
                _READY,
                _REASON,
                Column("Version", ".status.version"),
                Column("Steps", ".status.steps", "integer"),
                _AGE,
                Column("Digest", ".status.digest", wide=True),
            ),
            atomic_spec=True,
        ),
        Kind(
            "Agent",
            "agents",
            "oagent",
            "A catalogue entry: how a slug becomes something that runs, what it takes and what it returns.",
            AgentObjectSpec,
            AgentStatus,
            (
                _READY,
                _REASON,
                Column("Runs as", ".status.runsAs"),
                _AGE,
                Column("Revision", ".status.digest", wide=True),
            ),
            atomic_spec=True,
        ),
        Kind(
            "Run",
            "runs",
            "orun",
            "One execution of an orchestration: what is asked for, where it stands, and the newest part of its ledger.",
            RunSpec,
            RunStatus,
            (
                Column("Orchestration", ".spec.orchestrationRef.name"),
                Column("State", ".status.state"),
                Column("Steps", ".status.steps"),
                Column("Step", ".status.step"),
                Column("Waits for", ".status.waitsFor"),
                _AGE,
                Column("Reason", ".status.reason", wide=True),
                Column("Version", ".status.version", wide=True),
            ),
            selectable=(".status.state", ".spec.orchestrationRef.name"),
        ),
        Kind(
            "Approval",
            "approvals",
            "oappr",
            "What a person decided at a gate. It cannot be changed, and counts only for the run, digest and request it names.",
            ApprovalSpec,
            ApprovalStatus,
            (
                Column("Run", ".spec.runRef.name"),
                Column("Gate", ".spec.gate"),
                Column("Decision", ".spec.decision"),
                Column("Approver", ".spec.approver.name"),
                Column("Record", ".status.record", "integer"),
                Column("Refused", ".status.refusal"),
                _AGE,
                Column("Waiting", ".status.waiting", wide=True),
                Column("Plan", ".spec.planRef.name", wide=True),
                Column("Digest", ".spec.digest", wide=True),
            ),
            selectable=(".spec.runRef.name",),
        ),
        Kind(
            "Intervention",
            "interventions",
            "ointv",
            "What a person commanded of a run outside of its gates: retry, skip, abort, undo or rerun. It cannot be changed.",
            InterventionSpec,
            InterventionStatus,
            (
                Column("Run", ".spec.runRef.name"),
                Column("Verb", ".spec.verb"),
                Column("Step", ".spec.step"),
                Column("Actor", ".spec.actor.name"),
                Column("Record", ".status.record", "integer"),
                Column("Refused", ".status.refusal"),
                _AGE,
                Column("Waiting", ".status.waiting", wide=True),
            ),
            selectable=(".spec.runRef.name",),
        ),
    )
}
"""Kind -> how it looks."""


def column(one: Column) -> dict[str, Any]:
    """Return a column as a CustomResourceDefinition has it."""
    made: dict[str, Any] = {"name": one.name, "type": one.type, "jsonPath": one.path}
    return made | {"priority": 1} if one.wide else made
