"""However many steps a run has, its object stays one that the API server takes and everybody can watch."""

from pathlib import Path

import pytest

from tests.bench import status_size

MOST_BYTES = 256 * 1024


@pytest.mark.requirement("K8S-024")
def test_the_run_object_of_10_000_steps_stays_small(tmp_path: Path) -> None:
    """1,000 steps at once, the longest ids, two attempts of each, gates, outputs that travel with their records."""
    status_size.write(tmp_path)
    largest_status, largest_object, writes = status_size.play(tmp_path)
    assert largest_status < MOST_BYTES
    # That the outputs are in it shows by its size.
    assert largest_status + 32 * status_size.LARGEST_OUTPUT // 2 < largest_object < MOST_BYTES
    assert writes > 1_000
