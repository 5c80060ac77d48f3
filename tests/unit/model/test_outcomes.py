"""Outcomes files, as `docs/spec/outcomes.md` says."""

import re
from pathlib import Path

import pytest
import yaml

from controller.errors import DefinitionInvalid
from controller.model.outcomes import Outcomes, read_outcomes
from controller.model.states import OutcomeClass

PAGE = Path(__file__).resolve().parents[3] / "docs" / "spec" / "outcomes.md"


def example() -> Outcomes:
    block = re.search(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return read_outcomes(yaml.safe_load(block[1]))


def test_the_page_holds_a_file_that_reads_back_as_itself() -> None:
    assert read_outcomes(example().to_value()) == example()


@pytest.mark.parametrize(
    ("address", "attempt", "output"),
    [
        ("extract", 2, {"rows": 42}),
        ("extract", 9, {"rows": 42}),
        ("load[7]", 1, "ok"),
        ("kpi@3/fetch", 1, {"value": 3}),
    ],
)
def test_the_most_exact_address_counts_and_the_last_entry_repeats(address: str, attempt: int, output: object) -> None:
    assert example().attempt(address, attempt).output == output


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({}, None),
        ({"exitCode": 3}, OutcomeClass.FAILED),
        ({"class": "Timeout"}, OutcomeClass.TIMEOUT),
        ({"class": "Timeout", "exitCode": 143}, OutcomeClass.TIMEOUT),
    ],
)
def test_how_an_attempt_ends(entry: dict[str, object], expected: OutcomeClass | None) -> None:
    assert read_outcomes({"outcomes": {"a": [entry]}}).attempt("a", 1).ends_as is expected


def test_a_step_without_an_entry_succeeds() -> None:
    assert (example().attempt("other", 1).ends_as, example().attempt("other", 1).output) == (None, None)


def test_what_is_no_attempt_is_not_counted() -> None:
    outcomes = read_outcomes({"outcomes": {"a": [{"from": "cache", "output": 1}, {"output": 2}]}})
    given = outcomes.given("a")
    assert given is not None
    assert (given.output, outcomes.attempt("a", 1).output) == (1, 2)
    assert outcomes.given("b") is None


def test_decisions_come_in_the_order_of_the_openings() -> None:
    decisions = [example().decision("review", opening) for opening in (1, 2, 3)]
    assert [one.decision if one else None for one in decisions] == ["modify", "approve", None]


def test_an_answer_goes_through_the_mapping_and_an_output_does_not() -> None:
    held = read_outcomes({"outcomes": {"a": [{"answer": 1}], "b": [{"output": 1}], "c": [{}]}})
    assert [held.attempt(step, 1).mapped for step in "abc"] == [False, True, True]


def test_all_mistakes_are_told_at_once() -> None:
    wrong = {"outcomes": {"a b": [], "c": [{"class": "Sad"}]}, "decisions": {"d": ["maybe"]}, "extra": 1}
    with pytest.raises(DefinitionInvalid) as caught:
        read_outcomes(wrong, "o.yaml")
    paths = [problem.path for problem in caught.value.problems]
    assert paths == ["outcomes.a b.[key]", "outcomes.c.0.class", "decisions.d.0.decision", "extra"]
    assert {problem.location.file for problem in caught.value.problems} == {"o.yaml"}


def test_an_artifact_has_one_form() -> None:
    with pytest.raises(DefinitionInvalid) as caught:
        read_outcomes({"outcomes": {"a": [{"artifacts": {"x": {"text": "", "base64": ""}}}]}})
    assert any("either text or base64" in problem.message for problem in caught.value.problems)
