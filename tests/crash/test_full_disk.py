"""The disk of the state directory is full: the run stands still with a clear word, and goes on once there is room."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.entrypoints.cli.wording import short
from controller.model.states import RunState
from tests.crash.disk import Disk, disk, kinds
from tests.crash.project import HELD, Project, step
from tests.scenes.program import Said, ended, killed, until

STEPS = 30
SILENT = {"silent": True}
"""A step that writes into its own folder fails by itself when the disk is full, and that is its affair."""


@pytest.fixture(params=kinds())
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    with disk(request.param, tmp_path / "disk") as made:
        yield made


@pytest.fixture
def cramped(project: Project, small: Disk) -> Project:
    """A project whose state directory lies on the small disk; what the steps do, they do elsewhere."""
    project.state = small.place / "state" / ".libretto"
    project.agent("worker", {"workingDirectory": str(project.place)})
    return project


def define(project: Project) -> str:
    """A chain, and beside it a step that waits for `go`."""
    steps = [step("held", told=SILENT | HELD), step("s0", told=SILENT)]
    steps += [step(f"s{number}", f"s{number - 1}", told=SILENT) for number in range(1, STEPS)]
    return project.define("chain", steps, execution={"concurrency": {"maxParallel": 2}})


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the run when there is always room."""
    project = Project(tmp_path_factory.mktemp("undisturbed"))
    project.release()
    assert project.call("run", define(project)).code == 0
    return project.digest()


def assert_it_ends_as_ever(project: Project, undisturbed: str) -> None:
    project.release()
    said = project.call("resume")
    assert said.code == 0, said
    ((_, state),) = project.runs()
    assert state is RunState.SUCCEEDED
    assert project.starts() == Counter([("held", 1), *((f"s{number}", 1) for number in range(STEPS))])
    assert project.digest() == undisturbed


def assert_it_says_what_to_do(said: Said) -> None:
    assert said.code == 75, said
    assert "Traceback" not in said.err
    assert "no space left" in said.err
    assert "free some" in said.err
    assert "libretto resume" in said.err


@pytest.mark.requirement("ENG-005", "ENG-006")
@pytest.mark.parametrize("free", [0, 20_000, 100_000])
def test_who_resumes_on_a_full_disk_loses_nothing(cramped: Project, small: Disk, free: int, undisturbed: str) -> None:
    """The disk is filled while a step runs and nobody drives: whoever resumes meets it somewhere."""
    process = cramped.begin("run", define(cramped))
    until(lambda: cramped.began("held") and cramped.began("s2"))
    assert killed(process)
    until(lambda: len(cramped.steps_alive()) <= 2)
    small.fill(free, *cramped.supervisors())
    cramped.before = small.before
    assert_it_says_what_to_do(cramped.call("resume"))
    small.free(*cramped.supervisors())
    cramped.before = small.before
    assert_it_ends_as_ever(cramped, undisturbed)


@pytest.mark.parametrize("free", [0, 40_000])
def test_a_disk_that_becomes_full_suspends_and_loses_nothing(
    cramped: Project, small: Disk, free: int, undisturbed: str
) -> None:
    process = cramped.begin("run", define(cramped))
    until(lambda: cramped.began("held") and cramped.began("s2"))
    small.fill(free, process.pid, *cramped.supervisors())
    said = ended(process)
    assert_it_says_what_to_do(said)
    assert f"Run {short(cramped.runs()[0][0].uid)} stands still; nothing is lost" in said.err
    # Reading needs no space where the state lies.
    assert cramped.call("status").code == 0
    assert cramped.call("verify").code == 0
    small.free(*cramped.supervisors())
    assert_it_ends_as_ever(cramped, undisturbed)


def test_nothing_begins_on_a_full_disk(cramped: Project, small: Disk) -> None:
    definition = define(cramped)
    small.fill(0)
    cramped.before = small.before
    said = cramped.call("run", definition)
    assert (said.code, said.out, cramped.marks()) == (75, "", [])
    assert "no space left" in said.err
    assert "Traceback" not in said.err
    small.free()
    cramped.before = small.before
    cramped.release()
    assert cramped.call("run", definition).code == 0
