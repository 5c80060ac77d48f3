"""Decision: what a person said about a run, with the proof of who it was."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.model.digest import Digest
from controller.model.record import Actor
from controller.model.states import Verb, Verdict


class Decision(NamedTuple):
    """A verdict on a checkpoint. It counts only with the gate's own `digest` and `request`."""

    id: int
    """Order of arrival in the store; 0 before it is submitted."""
    run: str
    """Uid of the run whose gate it is (for a bubbled gate: of the child)."""
    gate: str
    """Step id of the gate."""
    digest: Digest
    """What was approved: the gate's digest."""
    request: int
    """Sequence number of the record that opened the gate."""
    verdict: Verdict
    actor: Actor
    comment: str | None = None
    modifications: Mapping[str, Any] | None = None
    """For `modify`: deep-merged into the step's input (objects merge, all else replaces)."""
    others: tuple[str, ...] = ()
    """Who approved the same before, where several must."""


class Command(NamedTuple):
    """What a person wants of a run, outside of checkpoints."""

    id: int
    run: str
    verb: Verb
    actor: Actor
    step: str | None = None
    """Step id for retry and skip; None: the last failed step."""
    comment: str | None = None
    modifications: Mapping[str, Any] | None = None
    """For `retry`: deep-merged into the step's input."""
    delay_ms: int = 0
    """For `retry`: wait before the attempt, 0 to 600 s."""
    output: Any = None
    """For `skip`: replacement of the step's output."""
    undo: bool = False
    """For `abort`: undo what was changed before the run settles."""
    stop: bool = False
    """For `suspend`: stop running attempts as well (uses no attempt)."""
    attempt: int | None = None
    """For retry and skip: the attempt that is meant; with another one the command is refused. None: not compared."""


class Answer(NamedTuple):
    """What became of a decision or command."""

    id: int
    record: int | None
    """Sequence number of the record it became; None when it was refused."""
    refusal: str | None
    """Why it was refused, in one line."""
