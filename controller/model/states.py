"""The closed vocabularies of a run: states, verdicts, outcome classes and decisions."""

from enum import StrEnum


class RunState(StrEnum):
    """Where a run stands. Paused is a condition (`suspended`), not a state."""

    PENDING = "Pending"
    RUNNING = "Running"
    AWAITING_APPROVAL = "AwaitingApproval"
    ROLLING_BACK = "RollingBack"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ABORTED = "Aborted"
    ROLLED_BACK = "RolledBack"

    @property
    def settled(self) -> bool:
        """Whether only a person's command can move the run on."""
        return self in SETTLED


SETTLED = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.ABORTED, RunState.ROLLED_BACK})


class StepState(StrEnum):
    """Where a step, or one instance of a `foreach` step, stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    AWAITING_APPROVAL = "AwaitingApproval"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"
    ABORTED = "Aborted"
    ROLLED_BACK = "RolledBack"


class OutcomeClass(StrEnum):
    """Why an attempt failed: a closed list, so that policies need no knowledge of the technology that ran it."""

    FAILED = "Failed"
    """It ended by itself with a non-zero exit status (or an HTTP error)."""
    TIMEOUT = "Timeout"
    """It was stopped because it took too long."""
    REJECTED = "Rejected"
    """It could never start: wrong configuration, missing program, invalid input."""
    DISRUPTED = "Disrupted"
    """The platform took it away (eviction, drained node); uses no attempt."""
    INTERRUPTED = "Interrupted"
    """A person or a shutdown stopped it; uses no attempt."""
    LOST = "Lost"
    """Nobody can tell whether it ran to its end; uses an attempt and is never relaunched silently."""
    CONTRACT_VIOLATED = "ContractViolated"
    """It ended well but what it handed over breaks its contract or schema."""
    PUBLISH_FAILED = "PublishFailed"
    """It ended well but its output could not be stored."""


UNCHARGED = frozenset({OutcomeClass.DISRUPTED, OutcomeClass.INTERRUPTED})
"""Classes that use none of the attempts that the retry policy grants."""

NEVER_RETRIED = frozenset({OutcomeClass.REJECTED, OutcomeClass.CONTRACT_VIOLATED})
"""Classes in which the same try must fail again."""


class Role(StrEnum):
    """What an attempt is for."""

    DO = "do"
    UNDO = "undo"


class Verdict(StrEnum):
    """What a person decides at a checkpoint."""

    APPROVE = "approve"
    REJECT = "reject"
    MODIFY = "modify"


class Verb(StrEnum):
    """What a person can command of a run, outside of checkpoints."""

    RETRY = "retry"
    SKIP = "skip"
    ABORT = "abort"
    UNDO = "undo"
    SUSPEND = "suspend"
    RESUME = "resume"
