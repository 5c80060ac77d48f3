"""The example library on a cluster: the same meaning as on one machine, and as in simulation."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.adapters.cluster.names import KIND
from controller.adapters.cluster.result_cache import CACHE
from controller.adapters.memory import MemoryLedgerStore, MemoryObjectStore
from controller.engine.semantic import semantic_digest
from controller.wiring.definitions import Found, find
from controller.wiring.simulation import simulate
from tests.cluster.control_plane import ControlPlane
from tests.cluster.examples.played import decide, exported
from tests.cluster.operators import ROOT, Bench, OperatorProcess, grant, until
from tests.cluster.shared_process_node import SharedProcessNode
from tests.cluster.writing import leave_namespace, make_namespace
from tests.definitions.agent import LIBRARY
from tests.differential.stage import MARA, People, play_real

Json = dict[str, Any]

CASES = sorted(LIBRARY.glob("*/cases/*.yaml"))
NAMESPACE = "examples"

BESIDE = frozenset({"nightly"})
"""Examples whose steps leave something in the folder that holds the state directory for those that follow. Pods share no
folder unless their agents say so with a volume."""


@pytest.fixture(scope="module")
def bench(
    cluster: ControlPlane, process_node: SharedProcessNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A namespace with the whole library published, and an operator."""
    del process_node
    name = f"{NAMESPACE}-{os.getpid()}"
    make_namespace(cluster, name)
    grant(cluster, name)
    command = [sys.executable, "-m", "controller", "--cluster", "--kubeconfig", str(cluster.kubeconfig), "-n", name]
    told = subprocess.run(
        [*command, "definitions", "publish", "definitions"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    operator = OperatorProcess(cluster, tmp_path_factory.mktemp("operator"), name)
    try:
        operator.start()
        yield Bench(cluster, name)
    finally:
        operator.kill()
        leave_namespace(cluster, name)


def play_on_cluster(bench: Bench, name: str, found: Found, people: Mapping[str, Any], parameters: Json) -> Json:
    """Play a run, answer its checkpoints, and return its status. Nothing is kept from the runs before, as on a new machine."""
    bench.kubectl("delete", "configmaps", "-l", f"{KIND}={CACHE}")
    spec = {
        "orchestrationRef": {"name": found.entry.spec.name, "version": found.entry.spec.version},
        "parameters": parameters,
        "maxParallel": 2,
    }
    bench.apply({"apiVersion": "libretto.dev/v1alpha1", "kind": "Run", "metadata": {"name": name}, "spec": spec})
    openings: Counter[str] = Counter()
    answered: set[int] = set()

    def moves() -> bool:
        run = bench.get("run", name)
        status = run.get("status") or {}
        for gate in status.get("gates") or ():
            if gate["request"] not in answered:
                answered.add(gate["request"])
                answers = people.get(gate["gate"], [])
                opening = openings[gate["gate"]]
                openings[gate["gate"]] += 1
                decide(bench, run, gate, answers[opening] if opening < len(answers) else "approve")
        return status.get("endedAt") is not None and "semanticDigest" in status

    until(moves, f"{name} settles", bench.tell(name), seconds=90)
    status: Json = bench.get("run", name)["status"]
    return status


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.parent.name}/{case.stem}" for case in CASES])
def test_a_case_means_the_same_everywhere(
    case: Path, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))
    document = yaml.safe_load(case.read_text(encoding="utf-8"))
    found = find(str(case.parent.parent / "definition.yaml"), MemoryObjectStore(MemoryLedgerStore()))
    given = {gate: one if isinstance(one, list) else [one] for gate, one in document["decisions"].items()}
    name = f"{case.parent.parent.name}-{case.stem}".replace(".", "-")
    status = play_on_cluster(bench, name, found, given, document["parameters"])
    outcomes = exported(bench, name)
    simulated = simulate(found, outcomes, requester=MARA.id, now=1_700_000_000_000, max_parallel=2)
    assert semantic_digest(simulated.root.state) == status["semanticDigest"]
    if found.entry.spec.name not in BESIDE:
        real = play_real(tmp_path / ".libretto", found, People(given), document["parameters"])
        assert real.digest == status["semanticDigest"]
