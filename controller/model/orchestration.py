"""Orchestration: a versioned definition of what shall happen, in canonical form."""

from typing import Annotated, Any, Literal

from pydantic import Field

from controller.model.base import Authored
from controller.model.duration import Duration
from controller.model.names import Slug, StepId, Version
from controller.model.step import Retry, Step, StepCaching

LONGEST_TTL_SECONDS = 86_400
"""Cached outputs live a day at most, whatever a definition says (the guide's companion caps there)."""


class Parameter(Authored):
    """A value that a run is given."""

    key: Annotated[str, Field(min_length=1)]
    """Name, used in templates as `{{ parameters.key }}`."""
    type: str | None = None
    """A hint for people and forms, e.g. `string`, `string[]`, `date`; not enforced."""
    required: bool = False
    """Whether a run without it is refused."""
    description: str | None = None
    """What it means."""
    default: Any = None
    """Value when none is given; must be immutable (no "now", no randomness)."""
    format: str | None = None
    """A hint such as `date`."""
    enum: list[Any] | None = None
    """Allowed values; enforced when given."""


class Phase(Authored):
    """A named group of steps with a barrier behind it: the next entry starts when all its steps are settled."""

    id: StepId
    """Name; steps refer to it with `phase`."""
    when: str | None = None
    """CEL expression over `parameters` and outputs of earlier phases; false skips all its steps."""
    max_parallel: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Steps of this phase at one time; null: only the run's limit."""
    timeout: Duration | None = None
    """Longest time of the phase, from the start of its first step. Default: not limited."""


class ParallelPhases(Authored):
    """Phases that run beside each other; the barrier stands behind all of them."""

    parallel: Annotated[list[Phase], Field(min_length=1)]
    """The phases; instead of `id`, `when`, `maxParallel` and `timeout`, which each of them has for itself."""


class Concurrency(Authored):
    """How many steps run at one time."""

    max_parallel: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Steps of one run at one time; null: the environment's default, else 1."""
    max_total: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Steps of all runs of this orchestration at one time; null: not limited."""
    queue_strategy: str = "fifo"
    """Order of ready steps. Only `fifo` is known; another word is taken as fifo with a warning."""


class Caching(Authored):
    """Whether outputs of agent steps are kept and reused for equal input."""

    enabled: bool = False
    """Switches the cache."""
    ttl_seconds: Annotated[int, Field(ge=0)] = 600
    """Seconds until an entry expires; at most 86400; 0: do not cache."""
    strategy: Literal["definition", "per_step"] | None = None
    """`definition`: all agent steps, `steps` only overrides; `per_step`: only the listed ones. Null: listed ones if there
    are any, else all."""
    steps: list[StepCaching] = Field(default_factory=list)
    """Overrides per step."""


class Execution(Authored):
    """How a run is driven."""

    concurrency: Concurrency = Concurrency()
    """How many steps at one time."""
    caching: Caching = Caching()
    """Reuse of outputs."""
    fail_fast: bool = False
    """True: the first failed step stops the scheduling of all others; false: only its descendants are blocked."""


class OnStepFailure(Retry):
    """What follows when an attempt fails; every field is the default for all steps."""


class Rollback(Authored):
    """What can be said, and done, about undoing a run."""

    reversible: bool = False
    """Whether the run can be undone; shown in summaries."""
    manual_only: bool = False
    """Whether a person does it by hand; shown in summaries. Excludes `automatic`."""
    automatic: bool = False
    """Whether a failed run is undone at once, without a person's command."""
    description: str | None = None
    """How it is undone; shown in summaries."""
    label: str | None = None
    """Short name of the undo."""


class ErrorHandling(Authored):
    """What follows failures."""

    on_step_failure: OnStepFailure = OnStepFailure()
    """Retries, notification, skipping."""
    rollback: Rollback = Rollback()
    """Undo."""


class OrchestrationSpec(Authored):
    """What shall happen: parameters, steps and the rules of their run."""

    name: Slug | None = None
    """Identity together with `version`; default: `metadata.name`."""
    display_name: str | None = None
    """Name for people."""
    description: str | None = None
    """What it is for."""
    version: Version = "1.0.0"
    """Semantic version; removing or renaming a step or parameter needs a new major one."""
    owner: Slug | None = None
    """Agent that owns it; children without an owner are looked up under the parent's."""
    organization: Slug | None = None
    """Organization; default: the namespace, else `global`."""
    parameters: list[Parameter] = Field(default_factory=list)
    """Values that a run is given."""
    phases: list[Phase | ParallelPhases] = Field(default_factory=list)
    """Groups of steps in order, each with a barrier behind it; empty: only `dependsOn` orders."""
    steps: Annotated[list[Step], Field(min_length=1)]
    """The graph."""
    finally_: Annotated[list[Step], Field(alias="finally")] = Field(default_factory=list)
    """Steps that run once the verdict is known and undo has ended, whatever happened. Nothing depends on them."""
    execution: Execution = Execution()
    """How a run is driven."""
    error_handling: ErrorHandling = ErrorHandling()
    """What follows failures."""
    timeout: Duration | None = None
    """Longest wall-clock time of a run; null: not limited."""
    successful_runs_history_limit: Annotated[int, Field(ge=0)] | None = None
    """On a cluster: how many settled runs that succeeded are kept, the youngest; older ones are deleted, with their
    ledgers: archive first. Runs that somebody wrote down by name always stay. Of several versions the highest says it
    for all. Default: all are kept, for a ledger is evidence and nobody else has it."""
    failed_runs_history_limit: Annotated[int, Field(ge=0)] | None = None
    """The same for runs that ended otherwise: Failed, Aborted and RolledBack. A failed run that is deleted can neither be
    retried nor undone. Default: all are kept."""
    outputs: dict[str, Any] = Field(default_factory=dict)
    """Outputs of the run: name -> template such as `{{ steps.summary.text }}`."""
