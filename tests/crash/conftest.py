from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path / "project")
    yield made
    made.end()
