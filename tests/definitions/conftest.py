"""What all tests of the example library share."""

import os
import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _same_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agents' `python3` is the one that runs the tests, whatever else the machine has under that name."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))
