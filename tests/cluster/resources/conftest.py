"""The API server that the tests of the resources speak with."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.resources.stage import Object, Server, run_spec, stamped


@pytest.fixture(scope="session")
def server(cluster: ControlPlane) -> Iterator[Server]:
    opened = Server(cluster)
    stamped(opened)
    yield opened
    opened.close()


@pytest.fixture
def new_run(server: Server, namespace: str) -> Callable[..., Object]:
    """Make a run; arguments are further members of its spec."""

    def make(**spec: Any) -> Object:
        answer = server.create(namespace, "Run", run_spec(**spec))
        assert answer.ok, answer.message
        return Object(server, answer.body)

    return make
