"""`kill -9` of the real command line, at random moments of a run of fifty steps: nothing twice, nothing lost.

This is a share of the 300 kills of `python -m tests.crash`; see docs/testing.md.
"""

from pathlib import Path

import pytest

from tests.crash import fifty
from tests.crash.kills import campaign, sound
from tests.crash.project import Project

SEEDS = (1, 2, 3, 4)
KILLS = 10


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The semantic digest of a run that nobody disturbed."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    said = project.call("run", fifty.define(project))
    assert said.code == 0, said
    sound(project)
    return project.digest()


@pytest.mark.requirement("ENG-005", "ENG-006", "ENG-059", "CMP-020", "CMP-021", "CMP-027")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_is_killed_again_and_again_comes_to_the_same(tmp_path: Path, seed: int, undisturbed: str) -> None:
    assert campaign(tmp_path, seed, KILLS, undisturbed).total == KILLS
