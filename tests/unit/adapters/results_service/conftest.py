"""The service under test."""

from pathlib import Path

import pytest

from tests.unit.adapters.results_service.desk import Service


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)
