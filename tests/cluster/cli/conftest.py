"""kubectl libretto against a real API server, with an operator that drives: one for all tests of a module."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.cli.terminal import Terminal
from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import Bench, OperatorProcess, grant
from tests.cluster.shared_process_node import SharedProcessNode
from tests.cluster.writing import leave_namespace, make_namespace

Person = Callable[..., Terminal]


@pytest.fixture(scope="module")
def bench(
    cluster: ControlPlane, process_node: SharedProcessNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A namespace of the module, and its operator."""
    del process_node
    name = f"cli-{secrets.token_hex(4)}"
    make_namespace(cluster, name)
    grant(cluster, name)
    operator = OperatorProcess(cluster, tmp_path_factory.mktemp("operator"), name)
    try:
        operator.start()
        yield Bench(cluster, name)
    finally:
        operator.kill()
        leave_namespace(cluster, name)


@pytest.fixture
def person(bench: Bench, tmp_path: Path) -> Person:
    """Somebody at a terminal: the administrator, or a user with these roles in the namespace of the module."""

    def sits_down(user: str | None = None, *roles: str, groups: tuple[str, ...] = ()) -> Terminal:
        for role in roles:
            name = f"{user}-{role}-{secrets.token_hex(2)}"
            bench.kubectl("create", "rolebinding", name, f"--clusterrole={role}", f"--user={user}")
        return Terminal(bench.control_plane, tmp_path, bench.namespace, user, groups)

    return sits_down


@pytest.fixture
def admin(person: Person) -> Terminal:
    return person()
