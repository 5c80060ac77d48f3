"""What does a person command of a run, outside of gates? One immutable object per command."""

from typing import Annotated, Any, Literal

from pydantic import Field

from controller.model.base import Authored
from controller.model.cluster.approval import Answered, ObjectRef
from controller.model.cluster.person import Person
from controller.model.cluster.scalars import Comment, ObjectName, StepName, UnitName

LONGEST_DELAY_MS = 600_000
"""Longest wait before a retry, in milliseconds."""


class InterventionArgs(Authored):
    """Details of a command; each verb reads its own."""

    patch: dict[str, Any] | None = None
    """For `retry`: merged into the step's input (objects merge, all else replaces). Default: the input as it was."""
    delay_ms: Annotated[int, Field(ge=0, le=LONGEST_DELAY_MS)] | None = None
    """For `retry`: milliseconds to wait before the attempt, at most 600000. Default: 0."""
    output: Any = None
    """For `skip`: what takes the place of the step's output. Default: null."""
    undo: bool = False
    """For `abort`: whether to undo what was changed before the run settles. Default: false."""
    stop: bool = False
    """For `abort` of a suspended run: whether running attempts are stopped as well. Default: false."""
    from_step: StepName | None = None
    """For `rerun`: the first step that is done again; all before it keep their outputs. Default: all are done again."""


class InterventionSpec(Authored):
    """A command. It can never be changed."""

    run_ref: ObjectRef
    """Run that is commanded. The actor needs the RBAC verb of the same name as `verb` on it."""
    verb: Literal["retry", "skip", "abort", "undo", "rerun"]
    """`retry` and `skip` move a failed run on, `abort` ends it, `undo` takes its changes back, `rerun` makes a new run."""
    step: UnitName | None = None
    """Step for `retry` and `skip`. Default: the last failed one."""
    attempt: Annotated[int, Field(ge=1)] | None = None
    """For `retry` and `skip`: attempt of the step that the person saw fail. Where another one is the present attempt, the
    command is refused. Default: not compared."""
    args: InterventionArgs | None = None
    """Details of the command. Default: none."""
    comment: Comment | None = None
    """Why, for the record. Default: none."""
    actor: Person
    """Who commands. Filled in by the API server where it can (Kubernetes 1.36), else by `kubectl libretto`; naming somebody
    else is refused."""


class InterventionStatus(Answered):
    """What became of the command. Only Libretto writes it."""

    run: ObjectName | None = None
    """Name of the Run that a `rerun` made."""
