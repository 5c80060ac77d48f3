"""What an attempt is started with, besides its input."""

import re

from controller.adapters.simulated_runner import Scripted
from controller.model.attempt import Launch
from controller.model.digest import canonical
from controller.model.states import OutcomeClass
from tests.behaviour.rehearsal import Rehearsal, good


def launches(*steps: dict[str, object]) -> list[Launch]:
    def fate(launch: Launch) -> Scripted:
        return Scripted(1, OutcomeClass.FAILED, "again", 75) if launch.key.attempt == 1 else good(1)

    rehearsal = Rehearsal(fate)
    filled = [{"retry": {"maxAttempts": 2, "initialDelayMs": 250}, **step} for step in steps]
    rehearsal.drive(rehearsal.admit({"steps": filled}))
    return rehearsal.launches


def test_the_environment_names_the_attempt() -> None:
    first, second = launches({"id": "a", "foreach": "[7]"})
    assert (first.environment["LIBRETTO_RUN"], first.environment["LIBRETTO_STEP"]) == ("ROOT", "a[0]")
    assert [one.environment["LIBRETTO_ATTEMPT"] for one in (first, second)] == ["1", "2"]
    assert first.environment["LIBRETTO_ROLE"] == "do"


def test_attempts_with_equal_input_share_the_key_against_repetition() -> None:
    first, second, other, _ = launches({"id": "a"}, {"id": "b", "dependsOn": ["a"]})
    keys = [one.environment["LIBRETTO_IDEMPOTENCY_KEY"] for one in (first, second, other)]
    assert keys[0] == keys[1] != keys[2]


def test_one_trace_per_tree_one_span_per_attempt() -> None:
    first, second, *_ = launches({"id": "a"})
    parts = [one.environment["TRACEPARENT"].split("-") for one in (first, second)]
    assert all(re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", "-".join(part)) for part in parts)
    assert parts[0][1] == parts[1][1]
    assert parts[0][2] != parts[1][2]


def test_the_input_is_canonical_and_attempts_of_one_input_get_the_same_bytes() -> None:
    first, second, *_ = launches({"id": "a", "input": {"payload": {"b": 1.0, "a": "\u00e9"}}})
    assert first.input == second.input
    assert first.input.startswith(b'{"conversationId":')
    assert b'"payload":{"a":"\xc3\xa9","b":1}' in first.input
    assert first.input_digest == second.input_digest
    assert canonical({"b": 1.0}) == b'{"b":1}'
