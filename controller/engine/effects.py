"""What the engine wants done: values in the imperative. Each is safe to repeat, for it names its attempt."""

from typing import NamedTuple

from controller.model.digest import Digest
from controller.model.states import OutcomeClass, Role


class PrepareStep(NamedTuple):
    """Evaluate `when` and `foreach`, resolve the input, look into the cache, check hand-offs. -> Prepared"""

    unit: int
    attempt: int
    patches: tuple[Digest, ...] = ()
    repeated: bool = False
    """Its input was resolved before: `when` and cache were asked then and are not asked again."""


class DecidePhase(NamedTuple):
    """Evaluate the phase's condition. -> PhaseDecided"""

    phase: int


class AcquireSlots(NamedTuple):
    """Take places that span runs. -> SlotGranted, perhaps later"""

    unit: int
    attempt: int
    role: Role = Role.DO


class ReleaseSlots(NamedTuple):
    """Give the places back."""

    unit: int
    attempt: int
    role: Role = Role.DO


class Persist(NamedTuple):
    """Make durable what is recorded so far, before anything else. -> Persisted"""

    unit: int


class StartStep(NamedTuple):
    """Start an attempt. -> Launched, or AttemptEnded when it can never start"""

    unit: int
    attempt: int
    input_digest: Digest
    timeout_ms: int | None
    queue_timeout_ms: int | None


class StartChild(NamedTuple):
    """Start the child run. -> Launched, or AttemptEnded when it can never start; ChildEnded later"""

    unit: int
    attempt: int
    input_digest: Digest


class StopStep(NamedTuple):
    """Ask an attempt (or a child run) to end. -> AttemptEnded or ChildEnded, later"""

    unit: int
    role: Role
    attempt: int
    why: OutcomeClass


class CombineInstances(NamedTuple):
    """Make the list of the instances' outputs. -> Combined"""

    unit: int
    instances: int


class KeepResult(NamedTuple):
    """Store the output of a fresh attempt in the cache, where caching is on."""

    unit: int
    output_digest: Digest


class PrepareUndo(NamedTuple):
    """Find out how the unit's change is undone. -> UndoPrepared"""

    unit: int


class StartUndo(NamedTuple):
    """Start an attempt of role undo. -> Launched, or AttemptEnded when it can never start"""

    unit: int
    attempt: int
    input_digest: Digest


class UndoChild(NamedTuple):
    """Undo the child run that the unit's state names, as one unit. -> ChildUndone, later"""

    unit: int


class ComputeOutputs(NamedTuple):
    """Resolve the outputs of the run. -> OutputsComputed"""


class WakeAt(NamedTuple):
    """Wake the run at this time (milliseconds since the epoch); only the earliest is asked for."""

    time: int


class Notify(NamedTuple):
    """Tell people."""

    type: str
    level: str
    message: str
    unit: int


class AnswerDecision(NamedTuple):
    """Say what became of a decision or command: the record it became, or why it was refused."""

    id: int
    record: int | None
    refusal: str | None


Effect = (
    PrepareStep
    | DecidePhase
    | AcquireSlots
    | ReleaseSlots
    | Persist
    | StartStep
    | StartChild
    | StopStep
    | CombineInstances
    | KeepResult
    | PrepareUndo
    | StartUndo
    | UndoChild
    | ComputeOutputs
    | WakeAt
    | Notify
    | AnswerDecision
)
