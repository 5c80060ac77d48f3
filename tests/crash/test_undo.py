"""An undo that was interrupted goes on where it was, and undoes nothing twice."""

import os
import signal
import subprocess
from collections import Counter

import pytest

from controller.model.states import RunState
from tests.crash.project import Project, step, work
from tests.scenes.program import ended, killed, until


def begin_undo(project: Project) -> "subprocess.Popen[str]":
    """Three steps that succeeded; their undo is ordered, and that of the middle one waits for `undo`."""
    held = {"undo": {"input": work(gate="undo")}}
    steps = [
        step("first", undo={"input": work()}),
        step("second", "first", **held),
        step("third", "second", undo={"input": work()}),
    ]
    done = project.call("run", project.define("changes", steps))
    assert done.code == 0, done
    process = project.begin("undo", "latest")
    until(lambda: undone(project)["second", 1] == 1)
    return process


def undone(project: Project) -> Counter[tuple[str, int]]:
    """How often each attempt to undo was started."""
    return Counter((mark.step, mark.attempt) for mark in project.marks() if mark[::3] == ("begin", "undo"))


def assert_resume_rolls_back(project: Project, second: int) -> None:
    """The undo of `second` is expected to have been started in so many attempts."""
    project.release("undo")
    resumed = project.call("resume", "latest")
    assert resumed.code == 6, resumed
    assert project.member().state.run is RunState.ROLLED_BACK
    assert undone(project) == Counter(
        [("third", 1), *(("second", attempt) for attempt in range(1, second + 1)), ("first", 1)]
    )
    assert project.digest()


@pytest.mark.requirement("CMP-022", "CMP-023")
def test_an_undo_goes_on_after_kill_9(project: Project) -> None:
    process = begin_undo(project)
    assert killed(process)
    assert project.member().state.run is RunState.ROLLING_BACK
    assert_resume_rolls_back(project, second=1)


def test_an_undo_that_ended_while_nobody_watched_is_taken_over(project: Project) -> None:
    process = begin_undo(project)
    assert killed(process)
    project.release("undo")
    until(lambda: not project.supervised())
    assert_resume_rolls_back(project, second=1)


def test_an_interrupted_undo_goes_on(project: Project) -> None:
    process = begin_undo(project)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.code == 130, said
    assert "libretto resume" in said.out
    until(lambda: not project.supervised())
    assert project.steps_alive() == []
    assert_resume_rolls_back(project, second=2)


def test_a_lost_undo_is_not_repeated_silently(project: Project) -> None:
    process = begin_undo(project)
    for supervisor in project.supervisors():
        os.kill(supervisor, signal.SIGKILL)
    said = ended(process)
    assert said.code == 4, said
    state = project.member().state
    assert (state.run, state.reason) == (RunState.FAILED, "UndoIncomplete")
    assert "libretto resume" in said.out
    assert_resume_rolls_back(project, second=2)
