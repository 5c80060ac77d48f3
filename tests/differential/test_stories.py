"""Hand-written stories: a real run, a simulation of its ledger and one of the story itself must mean the same."""

from pathlib import Path

import pytest

from tests.differential.people_stories import CHILDREN, GATES, UNDO
from tests.differential.plain_stories import CONDITIONS, CONTRACTS, RETRIES
from tests.differential.stage import play_real, play_simulated
from tests.differential.story import Story

STORIES = {**RETRIES, **CONDITIONS, **CONTRACTS, **GATES, **UNDO, **CHILDREN}


@pytest.mark.parametrize("story", STORIES.values(), ids=[name.replace(" ", "-") for name in STORIES])
def test_real_run_and_simulation_mean_the_same(story: Story, tmp_path: Path) -> None:
    found = story.found(tmp_path)
    real = play_real(tmp_path / "state", found, story.people, story.parameters)
    assert real.meaning["verdict"] == story.verdict
    assert play_simulated(found, real.exported) == real.meaning
    assert play_simulated(found, story.outcomes, story.parameters) == real.meaning


def test_what_came_from_the_cache_comes_from_it_again(tmp_path: Path) -> None:
    story = STORIES["equal work is done once"]
    found = story.found(tmp_path)
    first = play_real(tmp_path / "state", found, story.people)
    second = play_real(tmp_path / "state", found, story.people)
    assert [step["how"] for step in first.meaning["steps"].values()] == ["ran", "cache", "ran"]
    assert [step["how"] for step in second.meaning["steps"].values()] == ["cache", "cache", "cache"]
    assert play_simulated(found, second.exported) == second.meaning
