"""Do the examples end as their cases say? Real engine, real processes, real store; only the person is played."""

from pathlib import Path

import pytest
import yaml

from tests.definitions.agent import LIBRARY
from tests.definitions.play import play

CASES = sorted(LIBRARY.glob("*/cases/*.yaml"))


@pytest.mark.requirement("DEF-064", "DEF-065", "DEF-066")
@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.parent.name}/{case.stem}" for case in CASES])
def test_an_example_ends_as_its_case_says(case: Path, tmp_path: Path) -> None:
    document = yaml.safe_load(case.read_text(encoding="utf-8"))
    expected = document["expect"]
    played = play(case.parent.parent.name, document["parameters"], document["decisions"], tmp_path)
    assert played.verdict == expected["verdict"], played.reason
    assert {step: played.steps[step] for step in expected.get("steps", {})} == expected.get("steps", {})
    assert {name: played.outputs[name] for name in expected.get("outputs", {})} == expected.get("outputs", {})
    assert set(expected.get("artifacts", [])) - played.artifacts == set()
    assert played.unanswered == {}


def test_a_second_review_takes_four_steps_from_the_cache(tmp_path: Path) -> None:
    decisions = {"quarterly-summary": "approve"}
    first = play("finance-quarterly-review", {}, decisions, tmp_path)
    second = play("finance-quarterly-review", {}, decisions, tmp_path)
    assert first.cached == frozenset()
    assert second.cached == {"ledger-extract", "budget-extract", "variance", "quarterly-summary"}
    assert second.outputs == first.outputs
