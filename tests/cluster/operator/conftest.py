"""Operators and benches for tests of the operator."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import definitions as installed
from tests.cluster import tenancy
from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import Bench, OperatorProcess, grant
from tests.cluster.shared_process_node import SharedProcessNode

Start = Callable[..., OperatorProcess]


@pytest.fixture
def bench(cluster: ControlPlane, process_node: SharedProcessNode, namespace: str) -> Bench:
    """A namespace with a node to run pods, and no operator yet."""
    del process_node
    grant(cluster, namespace)
    return Bench(cluster, namespace)


@pytest.fixture
def start(bench: Bench, tmp_path: Path) -> Iterator[Start]:
    """Starts operators for the namespace; they end with the test."""
    started: list[OperatorProcess] = []

    def begin(*, leads: bool = True, **settings: str) -> OperatorProcess:
        made = OperatorProcess(bench.control_plane, tmp_path, bench.namespace, settings)
        started.append(made)
        return made.start(leads=leads)

    yield begin
    for one in started:
        one.kill()


@pytest.fixture
def operator(start: Start) -> OperatorProcess:
    """An operator that leads."""
    return start()


@pytest.fixture
def own() -> Iterator[ControlPlane]:
    """A control plane that may be hurt: other tests use another one."""
    opened = ControlPlane(tenancy.enter())
    installed.install(opened)
    opened.tenancy.ask("process_node")
    yield opened
    opened.close()
