"""The cases of the example library: real processes, and simulations of what their ledgers say."""

import os
import sys
from pathlib import Path

import pytest
import yaml

from controller.adapters.memory import MemoryLedgerStore, MemoryObjectStore
from controller.wiring.definitions import find
from tests.definitions.agent import LIBRARY
from tests.differential.stage import People, play_real, play_simulated

CASES = sorted(LIBRARY.glob("*/cases/*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.parent.name}/{case.stem}" for case in CASES])
def test_a_case_means_the_same_in_simulation(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The agents' `python3` is the one that runs the tests, whatever else the machine has under that name.
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))
    document = yaml.safe_load(case.read_text(encoding="utf-8"))
    found = find(str(case.parent.parent / "definition.yaml"), MemoryObjectStore(MemoryLedgerStore()))
    given = {gate: one if isinstance(one, list) else [one] for gate, one in document["decisions"].items()}
    real = play_real(tmp_path / ".libretto", found, People(given), document["parameters"])
    assert play_simulated(found, real.exported) == real.meaning
