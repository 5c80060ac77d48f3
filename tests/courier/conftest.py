"""A pod, and a service that it reaches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.courier.pod import Pod
from tests.courier.serving import Serving


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "kept").running() as service:
        yield service


@pytest.fixture
def lonely(tmp_path: Path) -> Pod:
    """A pod of an operator without a results service."""
    return Pod(tmp_path)


@pytest.fixture
def pod(tmp_path: Path, serving: Serving) -> Pod:
    made = Pod(tmp_path)
    made.reaches(serving.url, serving.token())
    return made
