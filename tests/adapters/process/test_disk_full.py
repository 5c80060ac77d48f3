"""A disk without space suspends and loses nothing.

A limit on the size of files stands for the disk: it can be taken away again, and needs no special rights.
"""

import os
import resource
from pathlib import Path

import pytest

from controller.adapters.process.border import translated
from controller.adapters.process.runner import ProcessRunner
from controller.adapters.process.supervisor.journal import Journal
from controller.errors import DiskFull, RunnerUnavailable, StoreUnavailable
from controller.model.attempt import Finished, Observation
from tests.adapters.process.workshop import Workshop, key, play, wait_for_file, watch


def room(pid: int, size: int) -> None:
    """Let the files of a process grow to `size` bytes, no further."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def written(workshop: Workshop) -> int:
    return (workshop.run_directory / "journal").stat().st_size


def test_an_attempt_that_cannot_be_written_down_is_not_started(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("first"))
    supervisor = workshop.supervisor()
    room(supervisor, written(workshop) + 10)
    runner.start_many([workshop.launch("second", "echo ran")])
    with pytest.raises(DiskFull):
        watch(runner, key("second"))
    assert [attempt.key for attempt in runner.known()] == [key("first")]
    assert not runner.log_path(key("second")).exists()
    room(supervisor, resource.RLIM_INFINITY)
    (found,) = play(runner, workshop.launch("second", "echo ran"))
    assert found.failure is None
    assert workshop.log("second") == "ran\n"


def test_an_end_that_cannot_be_written_down_is_kept_until_it_can(workshop: Workshop, runner: ProcessRunner) -> None:
    script = "echo > ready; while [ ! -e ../../../go ]; do sleep 0.02; done; exit 3"
    runner.start_many([workshop.launch("step", script)])
    wait_for_file(workshop.directory("step") / "ready")
    while not runner.observe(1000):
        pass
    supervisor = workshop.supervisor()
    room(supervisor, written(workshop) + 10)
    (workshop.run_directory / "steps" / "go").touch()
    with pytest.raises(DiskFull):
        watch(runner, key("step"))
    room(supervisor, resource.RLIM_INFINITY)
    (found,) = watch(runner, key("step"))
    assert isinstance(found, Finished)
    assert found.exit_code == 3
    lines = (workshop.run_directory / "journal").read_bytes().splitlines()
    assert len(lines) == 3


def test_the_driver_says_so_when_it_cannot_stage(workshop: Workshop, runner: ProcessRunner) -> None:
    launch = workshop.launch("step", input=b"x" * 5000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(DiskFull):
            runner.start_many([launch])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (found,) = play(runner, launch)
    assert found.failure is None


def test_a_log_with_secrets_waits_for_space(workshop: Workshop, runner: ProcessRunner) -> None:
    workshop.environment["A"] = "secret"
    play(runner, workshop.launch("first"))
    supervisor = workshop.supervisor()
    room(supervisor, written(workshop) + 4000)
    script = "ulimit -f unlimited; i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done; echo $A"
    runner.start_many([workshop.launch("step", script, process={"from_env": {"A": "A"}})])
    seen: list[Observation] = []
    while not runner.log_path(key("step")).exists() or runner.log_path(key("step")).stat().st_size < 2000:
        seen += runner.observe(50)
    room(supervisor, resource.RLIM_INFINITY)
    watch(runner, key("step"))
    assert workshop.log("step") == "".join(f"{number}\n" for number in range(20_000)) + "[redacted]\n"


def test_a_line_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "journal"))
    journal.add("started", ("r",))
    assert journal.flush() is None
    whole = (tmp_path / "journal").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 5, hard))
    try:
        journal.add("finished", ("r",))
        assert journal.flush() is not None
        assert journal.flush() is not None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "journal").read_bytes() == whole
    assert journal.waiting
    assert journal.flush() is None
    assert (tmp_path / "journal").read_bytes() == whole + b'{"event":"finished","key":["r"]}\n'


def test_errors_of_the_system_become_ours() -> None:
    assert isinstance(translated(OSError(28, "No space left on device"), "x"), DiskFull)
    assert str(translated(OSError(5, os.strerror(5)), "cannot do it")) == "cannot do it: Input/output error"
    assert type(translated(OSError(5, ""), "x")) is StoreUnavailable
    assert type(translated(TimeoutError(), "x", RunnerUnavailable)) is RunnerUnavailable


def test_a_supervisor_that_cannot_start(workshop: Workshop) -> None:
    runner = ProcessRunner(workshop.run_directory, workshop.blobs, workshop.folder, {}, python="/no/such/python")
    for _ in range(2):
        with pytest.raises(RunnerUnavailable, match="cannot start or reach the supervisor"):
            runner.start_many([workshop.launch("step")])
    assert runner.known() == []


def test_a_supervisor_that_ends_at_once(workshop: Workshop) -> None:
    runner = ProcessRunner(workshop.run_directory, workshop.blobs, workshop.folder, {}, python="/bin/false")
    runner.start_many([workshop.launch("step")])
    with pytest.raises(RunnerUnavailable, match="ends as soon as it starts"):
        watch(runner, key("step"))
    runner.close()
