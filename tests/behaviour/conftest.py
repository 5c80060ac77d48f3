"""What all tests of behaviours share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.stage import Stage


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty project; its agents' `python3` is the one that runs the tests."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))
    stage = Stage(tmp_path)
    yield stage
    stage.close()
