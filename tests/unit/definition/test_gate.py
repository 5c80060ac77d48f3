"""A checkpoint always asks something, and offers what its author meant to offer."""

from typing import Any

import pytest

from controller.definition.gate import compile_gate
from controller.model.graph import GraphGate
from controller.model.step import Checkpoint, Step


def gate(**fields: Any) -> GraphGate:
    step = Step.model_validate({"id": "draft", "agent": "writer"})
    return compile_gate(step, Checkpoint.model_validate(fields))


@pytest.mark.requirement("DEF-021")
def test_reason_severity_and_timeout() -> None:
    found = gate(reason="Numbers leave the house", severity="high", autoTimeout=90)
    assert (found.question, found.severity, found.timeout_ms) == ("Numbers leave the house", "high", 90_000)


@pytest.mark.parametrize(
    ("fields", "question"),
    [
        ({"question": "Send it?", "reason": "It cannot be taken back"}, "Send it?"),
        ({"reason": "It cannot be taken back"}, "It cannot be taken back"),
        ({}, 'May the output of "draft" be used?'),
    ],
)
def test_something_is_always_asked(fields: dict[str, Any], question: str) -> None:
    assert gate(**fields).question == question


def test_defaults() -> None:
    assert gate() == GraphGate(
        'May the output of "draft" be used?', "normal", True, None, ("approve", "reject", "modify")
    )
    assert not gate(required=False).required


RETRY = {"action": "retry", "allowsModification": True}


@pytest.mark.parametrize(
    ("options", "actions"),
    [
        ([], ("approve", "reject", "modify")),
        ([{"action": "abort"}, {"action": "continue"}], ("approve", "reject")),
        ([{"action": "continue"}, RETRY], ("approve", "modify")),
        ([{"action": "continue"}, {"action": "abort"}, {"action": "retry"}], ("approve", "reject")),
        ([RETRY, {"action": "continue"}, {"action": "abort"}], ("approve", "reject", "modify")),
    ],
)
def test_options_say_what_can_be_answered(options: list[dict[str, Any]], actions: tuple[str, ...]) -> None:
    assert gate(options=options).actions == actions
