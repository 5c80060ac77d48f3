"""Step: one node of an orchestration, as people write it in canonical form."""

from typing import Annotated, Any, Literal

from pydantic import Field

from controller.model.base import Authored
from controller.model.duration import Duration
from controller.model.names import Mode, Slug, StepId, Version


class StepInput(Authored):
    """What an agent is sent. Strings may hold `{{ path }}` templates; they are resolved once, when the step starts."""

    payload: dict[str, Any] = Field(default_factory=dict)
    """JSON object for the agent."""
    user_message: str | None = None
    """Text of the person, for conversation tasks."""


class ArtifactInput(Authored):
    """An artifact of a step that is not a direct dependency, staged at `inputs/<step>/<artifact>`."""

    step: StepId
    """An ancestor of this step."""
    artifact: str | None = None
    """One artifact by its name; default: all of the step."""


class Retry(Authored):
    """When and how often an attempt is repeated. Absent fields come from `errorHandling.onStepFailure`."""

    max_attempts: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Total attempts, the first included. Default: the orchestration's, else 1: an effect may not bear a repetition."""
    initial_delay_ms: Annotated[int, Field(ge=0)] | None = None
    """Wait before the second attempt, in milliseconds; floor 250. Default: the orchestration's, else 2000."""
    backoff_multiplier: Annotated[float, Field(ge=0)] | None = None
    """Factor from one delay to the next; floor 1. Default: the orchestration's, else 2."""
    max_delay_ms: Annotated[int, Field(ge=0)] | None = None
    """Cap of the delay, in milliseconds; null: none."""
    strategy: Literal["exponential", "linear"] | None = None
    """`exponential`: initial x multiplier^(n-1); `linear`: initial x n, n being the attempt that failed. Default: the
    orchestration's, else `exponential`."""
    non_retryable: list[Annotated[int, Field(ge=1, le=255)]] | None = None
    """Exit codes after which a retry cannot help, besides 64, 65, 77 and 78. Default: the orchestration's and the agent's."""
    notify_human: bool | None = None
    """Whether a failure notifies a person. Default: the orchestration's, else false."""
    allow_skip: bool | None = None
    """Whether a person may skip the step. Default: the orchestration's, else false."""


class CheckpointOption(Authored):
    """One thing that a person can choose at a checkpoint."""

    action: Literal["continue", "retry", "abort"]
    """`continue` approves, `retry` modifies and runs the step again, `abort` rejects."""
    label: str | None = None
    """Text on the button."""
    allows_modification: bool = False
    """Whether `retry` may change the step's input."""
    description: str | None = None
    """What follows from choosing it."""


class Approvers(Authored):
    """Who may decide, where the machine proves who decides: on a cluster, by the API server's identities.

    On one machine it is recorded who decided, and nothing is enforced: whoever owns the state directory owns the run.
    """

    count: Annotated[int, Field(ge=1, le=16)] = 1
    """How many different people must approve; one rejection is enough to reject."""
    groups: Annotated[list[str], Field(max_length=16)] = Field(default_factory=list)
    """An approver must be in one of these groups; empty: whoever has the RBAC verb `approve`."""
    separate_requester: bool = False
    """Whether who asked for the run may not approve it. Where an account of a GitOps tool asked for it, `groups` must be
    given too, for nobody knows who stands behind the account."""


class Checkpoint(Authored):
    """A gate after a step: nothing that depends on the step starts before a person decided on its output."""

    question: str | None = None
    """What is asked; default: `reason`."""
    reason: str | None = None
    """Why a person is asked."""
    severity: str = "normal"
    """Free word for how much attention it needs."""
    required: bool = True
    """Whether a person must decide: on timeout a required gate rejects, an optional one lapses and the run goes on."""
    approvers: Approvers = Approvers()
    """Who may decide."""
    options: list[CheckpointOption] = Field(default_factory=list)
    """What can be chosen; empty: approve, reject and modify."""
    auto_timeout: Annotated[int, Field(ge=1)] | None = None
    """Seconds of wall-clock time after which the gate times out; null: it waits for ever. Never an approval."""


class ArtifactContract(Authored):
    """What one artifact must be when it is handed over."""

    name: Annotated[str, Field(min_length=1)]
    """File name below `artifacts/`."""
    required: bool = True
    """Whether its absence breaks the contract."""
    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    """JSON Schema of its content (a JSON document)."""
    transform: str | None = None
    """Named transformation applied on the way to consumers, e.g. `csv-to-json`; an unknown name is an error."""


class Contract(Authored):
    """What a step promises to those who come after it; checked before a consumer starts."""

    json_schema: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    """JSON Schema of the step's output."""
    artifacts: list[ArtifactContract] = Field(default_factory=list)
    """Artifacts that are handed over."""
    due: Duration | None = None
    """When the output is due, counted from the start of the run; later is recorded as a warning and raises an alert."""


class Undo(Authored):
    """How to take back what the step changed, where its receipt does not say better."""

    input: dict[str, Any] | None = None
    """Payload for the same agent, called in the role `undo`."""
    argv: list[str] | None = None
    """Program to run instead of the agent's (process agents; `./` as in the agent)."""
    instruction: str | None = None
    """What a person must do, where no program can."""


class ChildTarget(Authored):
    """Which orchestration a step of type `orchestration` plays."""

    name: Slug
    """Name of the orchestration."""
    version: Version | None = None
    """Exact version; default: the latest active one when the child starts."""
    owner: Slug | None = None
    """Owner; default: the parent orchestration's. `agent` on the step wins over both."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Parameters of the child; strings may hold templates."""
    inherit_conversation: bool = False
    """Whether the child's steps share the parent's conversation."""


class StepCaching(Authored):
    """Overrides of the cache for one step."""

    id: StepId
    """The step."""
    enabled: bool | None = None
    """Whether its output is cached; default: yes, since it is listed."""
    ttl_seconds: Annotated[int, Field(ge=0)] | None = None
    """Seconds until an entry expires; 0: do not cache; default: the orchestration's."""


class Step(Authored):
    """One node of the graph: an agent to call, or an orchestration to play."""

    id: StepId
    """Stable id; unique. A generated one (`step_1`) is flagged: retries and caches hang on it."""
    name: str | None = None
    """Label for people."""
    type: Literal["agent", "orchestration"] = "agent"
    """What is run."""
    mode: Mode = "BUILD"
    """How the agent is asked to work."""
    phase: StepId | None = None
    """Phase that the step belongs to; required when the orchestration has phases."""
    depends_on: list[StepId] = Field(default_factory=list)
    """Steps that must have succeeded or been skipped before."""
    agent: Slug | None = None
    """Agent to call; on a step of type `orchestration` the owner of the child, winning over `orchestration.owner`."""
    organization: Slug | None = None
    """Organization whose agent is called; default: the run's."""
    when: str | None = None
    """CEL expression over `parameters` and `steps`; false skips the step."""
    foreach: str | None = None
    """CEL expression that gives a list: one instance per element, which templates see as `item` and `index`."""
    input: StepInput = Field(default_factory=StepInput)
    """What the agent is sent."""
    inputs: list[ArtifactInput] = Field(default_factory=list)
    """Artifacts of further ancestors; those of direct dependencies are always there."""
    output_mapping: dict[str, str] = Field(default_factory=dict)
    """Name -> path into the answer (`$`, `$.a.b[0]`); empty: the answer itself is the output. Missing -> null."""
    orchestration: ChildTarget | None = None
    """The child, for type `orchestration`."""
    checkpoint_after: Checkpoint | None = None
    """Gate for a person after the step."""
    contract: Contract | None = None
    """What the output must be."""
    retry: Retry = Retry()
    """Overrides of the orchestration's `errorHandling.onStepFailure`."""
    undo: Undo | None = None
    """How to take back what the step changed."""
    reversible: bool | None = None
    """False: the step can never be undone, and that is said before it runs; null: its receipt decides."""
    timeout: Duration | None = None
    """Longest time of the step over all its attempts and waits. Default: not limited."""
    attempt_timeout: Duration | None = None
    """Longest time of one attempt, from its start; default: the agent's."""
    queue_timeout: Duration | None = None
    """Longest time from launch to start of one attempt (a pod that cannot be placed). Default: not
    limited."""
    launch: Literal["AtLeastOnce", "AtMostOnce"] = "AtLeastOnce"
    """`AtMostOnce` records the intent before it launches; what is unknown after a crash waits for a person."""
