"""The transition tables. No state changes anywhere but through a row of these; what has no row is refused.

A kind of record names a row; facts that move nothing (RunSuspended, StepExpired, ...) have none and are listed in FACTS.
"""

from enum import StrEnum

from controller.machine.table import Table
from controller.model.states import RunState, StepState

_LEAVING = {
    "UndoStarted": RunState.ROLLING_BACK,
    "RunFailed": RunState.FAILED,
    "RunAborted": RunState.ABORTED,
}

RUN: Table[RunState] = Table(
    "run",
    RunState,
    {
        RunState.PENDING: {"RunStarted": RunState.RUNNING},
        RunState.RUNNING: {
            "RunAwaitingApproval": RunState.AWAITING_APPROVAL,
            "RunSucceeded": RunState.SUCCEEDED,
            **_LEAVING,
        },
        # Success is left out: with a gate open there is none, and without one the run is Running again first.
        RunState.AWAITING_APPROVAL: {"RunContinued": RunState.RUNNING, **_LEAVING},
        RunState.ROLLING_BACK: {"RunRolledBack": RunState.ROLLED_BACK, "RunFailed": RunState.FAILED},
        # Settled: only a person's command moves these on.
        RunState.SUCCEEDED: {"UndoStarted": RunState.ROLLING_BACK},
        RunState.FAILED: {
            "RunReopened": RunState.RUNNING,
            "UndoStarted": RunState.ROLLING_BACK,
            "RunAborted": RunState.ABORTED,
        },
        RunState.ABORTED: {"UndoStarted": RunState.ROLLING_BACK},
        RunState.ROLLED_BACK: {},
    },
)

STEP: Table[StepState] = Table(
    "step",
    StepState,
    {
        StepState.PENDING: {
            "StepStarted": StepState.RUNNING,
            "StepExpanded": StepState.RUNNING,
            # From the cache or a seed, without an attempt.
            "StepSucceeded": StepState.SUCCEEDED,
            "GateOpened": StepState.AWAITING_APPROVAL,
            "StepSkipped": StepState.SKIPPED,
            "StepFailed": StepState.FAILED,
            "StepAborted": StepState.ABORTED,
            # A start that was refused for now.
            "AttemptFailed": StepState.PENDING,
            # An earlier attempt may have changed something.
            "StepUndone": StepState.ROLLED_BACK,
        },
        StepState.RUNNING: {
            "AttemptFailed": StepState.PENDING,
            "StepSucceeded": StepState.SUCCEEDED,
            "GateOpened": StepState.AWAITING_APPROVAL,
            "StepFailed": StepState.FAILED,
            "StepAborted": StepState.ABORTED,
        },
        StepState.AWAITING_APPROVAL: {
            "GateApproved": StepState.SUCCEEDED,
            "GateLapsed": StepState.SUCCEEDED,
            "GateModified": StepState.PENDING,
            "GateRejected": StepState.ABORTED,
            "StepAborted": StepState.ABORTED,
            # The run took too long around an open gate; a retry opens it anew.
            "StepFailed": StepState.FAILED,
        },
        StepState.SUCCEEDED: {"StepUndone": StepState.ROLLED_BACK},
        StepState.FAILED: {
            "StepReopened": StepState.PENDING,
            "StepSkipped": StepState.SKIPPED,
            # It may have changed something before it failed.
            "StepUndone": StepState.ROLLED_BACK,
        },
        # A person skipped it after it had failed.
        StepState.SKIPPED: {"StepUndone": StepState.ROLLED_BACK},
        StepState.ABORTED: {"StepUndone": StepState.ROLLED_BACK},
        StepState.ROLLED_BACK: {},
    },
)


class GateState(StrEnum):
    """Where a checkpoint stands."""

    OPEN = "Open"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    MODIFIED = "Modified"
    LAPSED = "Lapsed"
    CLOSED = "Closed"
    """The run ended around it: nobody decided."""


GATE: Table[GateState] = Table(
    "gate",
    GateState,
    {
        GateState.OPEN: {
            "GateApproved": GateState.APPROVED,
            "GateRejected": GateState.REJECTED,
            "GateModified": GateState.MODIFIED,
            "GateLapsed": GateState.LAPSED,
            "StepAborted": GateState.CLOSED,
            "StepFailed": GateState.CLOSED,
        },
        # The first recorded decision wins.
        GateState.APPROVED: {},
        GateState.REJECTED: {},
        # A modified step runs again and opens its gate anew.
        GateState.MODIFIED: {"GateOpened": GateState.OPEN},
        GateState.LAPSED: {},
        # After a timeout of the run its step can be retried.
        GateState.CLOSED: {"GateOpened": GateState.OPEN},
    },
)


class UndoState(StrEnum):
    """Where the undo of one step stands."""

    IDLE = "Idle"
    RUNNING = "Running"
    DONE = "Done"
    KEPT = "Kept"
    """The change remains: irreversible, expired, without instructions, or its undo failed."""


UNDO: Table[UndoState] = Table(
    "undo",
    UndoState,
    {
        UndoState.IDLE: {
            "UndoAttempted": UndoState.RUNNING,
            "ReceiptUndone": UndoState.IDLE,
            "StepUndone": UndoState.DONE,
            "UndoKept": UndoState.KEPT,
        },
        UndoState.RUNNING: {
            "UndoAttemptFailed": UndoState.IDLE,
            # One of several receipts or child runs; the next one follows.
            "ReceiptUndone": UndoState.IDLE,
            "StepUndone": UndoState.DONE,
            "UndoKept": UndoState.KEPT,
        },
        # Another command to undo tries again.
        UndoState.KEPT: {"UndoStarted": UndoState.IDLE},
        UndoState.DONE: {},
    },
)

FACTS = frozenset(
    {
        "RunCreated",
        "RunSuspended",
        "RunResumed",
        "RunExpired",
        "AbortRequested",
        "VerdictReached",
        "PhaseStarted",
        "PhaseSkipped",
        "PhaseEnded",
        "PhaseExpired",
        "PhaseRefused",
        "StepExpired",
        "IntentRecorded",
        "StrayFound",
        "HandoffRefused",
        "ChildGatesChanged",
    }
)
"""Records that move no state of these tables."""

KINDS = FACTS | frozenset(kind for table in (RUN, STEP, GATE, UNDO) for _, kind, _ in table.edges())
"""All kinds of records that a run's ledger may hold."""
