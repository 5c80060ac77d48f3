"""2,000 seeds: whatever crashes, comes twice, late or never, the run means the same and no promise is broken."""

import pytest

from tests.dst.search import minimal, play

SEEDS = 2000
CHUNK = 125


@pytest.mark.requirement("ENG-005", "ENG-006", "CMP-016", "CMP-021")
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_seed_shows_a_bug(first: int) -> None:
    failures = [failure for seed in range(first, first + CHUNK) if (failure := play(seed)) is not None]
    assert not failures, "\n".join(minimal(failure).script() for failure in failures[:3])
