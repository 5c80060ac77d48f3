"""Words for records, as a person would tell what happened."""

from controller.model.record import Record

_OF_STEP = {
    "StepStarted": "started",
    "StepExpanded": "split into its instances",
    "AttemptFailed": "failed, to be tried again",
    "StepSucceeded": "succeeded",
    "StepFailed": "failed",
    "StepSkipped": "skipped",
    "StepAborted": "aborted",
    "StepReopened": "opened again",
    "StepExpired": "took too long",
    "StepUndone": "undone",
    "IntentRecorded": "about to start",
    "StrayFound": "an attempt that nobody had recorded was found",
    "HandoffRefused": "refused what it was handed",
    "GateOpened": "succeeded and waits for approval",
    "GateApproved": "approved",
    "GateRejected": "rejected",
    "GateModified": "sent back with changes",
    "GateLapsed": "its checkpoint lapsed",
    "ChildGatesChanged": "checkpoints of its child run changed",
    "UndoAttempted": "undo started",
    "UndoAttemptFailed": "undo failed, to be tried again",
    "ReceiptUndone": "one of its changes undone",
    "UndoKept": "its change remains",
}

_OF_RUN = {
    "RunCreated": "run created",
    "RunStarted": "run started",
    "RunAwaitingApproval": "run waits for approval",
    "RunContinued": "run goes on",
    "RunSucceeded": "run succeeded",
    "RunFailed": "run failed",
    "RunAborted": "run aborted",
    "RunRolledBack": "run rolled back",
    "RunReopened": "run opened again",
    "RunSuspended": "run paused",
    "RunResumed": "run resumed",
    "RunExpired": "run took too long",
    "AbortRequested": "abort requested",
    "UndoStarted": "undo started",
    "VerdictReached": "verdict reached",
    "PhaseStarted": "started",
    "PhaseSkipped": "skipped",
    "PhaseEnded": "ended",
}


def told(record: Record) -> str:
    """Return what a record says happened, e.g. `quarterly-summary succeeded`."""
    if record.step is not None:
        return f"{record.step} {_OF_STEP.get(record.kind, record.kind)}"
    words = _OF_RUN.get(record.kind, record.kind)
    phase = (record.data or {}).get("phase")
    return f"phase {phase} {words}" if phase is not None else words
