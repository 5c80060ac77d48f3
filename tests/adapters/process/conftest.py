from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.adapters.process.runner import ProcessRunner
from tests.adapters.process.workshop import Workshop, workshop_in


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    yield from workshop_in(tmp_path)


@pytest.fixture
def runner(workshop: Workshop) -> ProcessRunner:
    return workshop.runner()
