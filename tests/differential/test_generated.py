"""Generated stories: a real run, a simulation of its ledger and one of the story itself must mean the same."""

from pathlib import Path

import pytest

from tests.differential.generated import generate
from tests.differential.stage import play_real, play_simulated

SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_real_run_and_simulation_mean_the_same(seed: int, tmp_path: Path) -> None:
    story = generate(seed)
    found = story.found(tmp_path)
    real = play_real(tmp_path / "state", found, story.people)
    assert play_simulated(found, real.exported) == real.meaning
    assert play_simulated(found, story.outcomes) == real.meaning


def test_the_seeds_have_everything() -> None:
    """A generator that never draws something proves nothing about it."""
    stories = [generate(seed) for seed in SEEDS]
    words = {
        answer if isinstance(answer, str) else "modify"
        for one in stories
        for answers in one.decisions.values()
        for answer in answers
    }
    steps = [step for one in stories for spec in one.specs for step in spec["steps"]]
    assert words == {"approve", "reject", "modify"}
    assert {"foreach", "when", "undo", "checkpointAfter", "orchestration", "phase"} <= {
        key for step in steps for key in step
    }
    assert any(one.undo for one in stories)
    assert any(one.commands for one in stories)
    assert any("finally" in spec for one in stories for spec in one.specs)
