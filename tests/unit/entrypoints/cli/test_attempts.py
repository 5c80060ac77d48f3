"""Attempts as the ledger tells them."""

from controller.entrypoints.cli.attempts import Attempt, attempts_of
from controller.model.record import CONTROLLER, GENESIS, Record
from controller.model.states import Role


def ledger(*lines: tuple[str, str, int | None, dict[str, object]]) -> list[Record]:
    return [
        Record(
            seq,
            GENESIS,
            kind,
            CONTROLLER,
            seq * 1000,
            step,
            attempt,
            summary=str(data.pop("said", "")) or None,
            data=data,
        )
        for seq, (kind, step, attempt, data) in enumerate(lines)
    ]


def test_each_try_is_told_with_its_end() -> None:
    records = ledger(
        ("StepStarted", "load", 1, {}),
        ("AttemptFailed", "load", 1, {"said": "exit 1", "class": "Failed", "exitCode": 1}),
        ("StepStarted", "load", 2, {}),
        ("StepSucceeded", "load", 2, {"how": "ran"}),
        ("UndoAttempted", "load", 1, {}),
        ("StepUndone", "load", 1, {}),
    )
    assert attempts_of(records) == {
        "load": [
            Attempt(Role.DO, 1, 0, "failed", 1000, None, "exit 1", 1, "Failed", 1),
            Attempt(Role.DO, 2, 2000, "succeeded", 3000, record=3),
            Attempt(Role.UNDO, 1, 4000, "undone", 5000, record=5),
        ]
    }


def test_what_runs_has_no_end() -> None:
    (attempt,) = attempts_of(ledger(("StepStarted", "load", 1, {})))["load"]
    assert (attempt.word, attempt.ended_at) == ("running", 0)


def test_a_start_that_was_refused_is_an_attempt_that_never_began() -> None:
    (attempt,) = attempts_of(ledger(("StepFailed", "load", 1, {"said": "no such program", "class": "Rejected"})))[
        "load"
    ]
    assert (attempt.started_at, attempt.word, attempt.failure) == (0, "failed", "Rejected")


def test_what_never_had_an_attempt_is_left_out() -> None:
    assert attempts_of(ledger(("StepSkipped", "load", None, {}), ("StepSucceeded", "a", None, {"how": "cache"}))) == {}
