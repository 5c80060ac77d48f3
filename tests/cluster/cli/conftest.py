"""kubectl libretto against a real API server, with an operator that drives."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import ROOT, Bench, OperatorProcess, grant
from tests.cluster.shared_process_node import SharedProcessNode

Libretto = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def bench(cluster: ControlPlane, process_node: SharedProcessNode, namespace: str, tmp_path: Path) -> Iterator[Bench]:
    del process_node
    grant(cluster, namespace)
    operator = OperatorProcess(cluster, tmp_path, namespace)
    try:
        operator.start()
        yield Bench(cluster, namespace)
    finally:
        operator.kill()


@pytest.fixture
def libretto(bench: Bench) -> Libretto:
    """Runs `kubectl libretto` as somebody; an exit code that is not expected fails the test."""

    def call(*words: str, user: str | None = None, code: int = 0) -> "subprocess.CompletedProcess[str]":
        control_plane = bench.control_plane
        kubeconfig = control_plane.kubeconfig if user is None else control_plane.kubeconfig_for(user, ())
        command = [sys.executable, "-m", "controller", "--cluster", "--kubeconfig", str(kubeconfig)]
        told = subprocess.run(
            [*command, "-n", bench.namespace, *words],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert told.returncode == code, f"{words}: exit {told.returncode}\n{told.stdout}\n{told.stderr}"
        return told

    return call
