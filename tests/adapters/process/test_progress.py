"""What a program writes into `progress` is seen while it runs, and once more when it ends."""

import os

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.model.attempt import Progress
from tests.adapters.process.workshop import Workshop, key, play, wait_for_file, watch


def test_while_it_runs(workshop: Workshop, runner: ProcessRunner) -> None:
    script = "echo 1/3 > progress; while [ ! -e ../../../go ]; do sleep 0.02; done; echo 3/3 > progress"
    runner.start_many([workshop.launch("step", script)])
    seen = list(runner.observe(5000))
    while not any(isinstance(found, Progress) for found in seen):
        seen += runner.observe(1000)
    (workshop.run_directory / "steps" / "go").touch()
    seen += watch(runner, key("step"))
    assert [found for found in seen if isinstance(found, Progress)] == [
        Progress(key("step"), 1, 3),
        Progress(key("step"), 3, 3),
    ]


@pytest.mark.parametrize("content", ["", "1", "a/b", "1/", "-1/2", "1/2/3"])
def test_what_makes_no_sense_is_not_shown(workshop: Workshop, runner: ProcessRunner, content: str) -> None:
    runner.start_many([workshop.launch("step", f"printf %s '{content}' > progress")])
    assert not [found for found in watch(runner, key("step")) if isinstance(found, Progress)]


def test_a_pipe_blocks_nobody(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", "mkfifo progress artifacts/pipe output.json"))
    assert found.failure is None
    assert runner.collect(key("step")).problems == (
        "output.json is not a regular file",
        "artifact pipe is neither file nor folder",
    )


def test_numbers_of_any_size(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", "echo ' 10 / 1000000 ' > progress")])
    assert Progress(key("step"), 10, 1_000_000) in watch(runner, key("step"))


def test_running_steps_are_looked_at_once_in_a_while(workshop: Workshop, runner: ProcessRunner) -> None:
    """An idle runner does not spin: waiting costs next to no processor time."""
    runner.start_many([workshop.launch("step", "echo ok > ready; sleep 60")])
    wait_for_file(workshop.directory("step") / "ready")
    runner.observe(100)
    before = os.times()
    assert runner.observe(700) == []
    after = os.times()
    assert after.user + after.system - before.user - before.system < 0.1
