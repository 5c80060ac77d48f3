"""The machines that every suite of the stores runs on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machine import Machine, PretendedMachine, RealMachine


@pytest.fixture(params=[RealMachine, PretendedMachine], ids=["sqlite", "in-memory"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    made: Machine = request.param(tmp_path)
    yield made
    made.close()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealMachine]:
    made = RealMachine(tmp_path)
    yield made
    made.close()
