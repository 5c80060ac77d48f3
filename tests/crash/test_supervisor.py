"""The supervisor is killed: its steps are Lost, tried again only where attempts are left, and never two at once."""

import os
import signal
import subprocess
from collections import Counter
from functools import partial
from random import Random

import pytest

from controller.model.states import RunState
from tests.crash import fifty
from tests.crash.project import HELD, Mark, Project, step
from tests.scenes.program import ended, killed, until

RETRY = {"onStepFailure": {"maxAttempts": 2, "initialDelayMs": 250}}


def define(project: Project, max_attempts: int = 2) -> str:
    """Two steps side by side that wait for `go`, then one more."""
    return project.define(
        "watched",
        [step("held", told=HELD), step("beside", told=HELD), step("last", "held", "beside")],
        execution={"concurrency": {"maxParallel": 2}},
        errorHandling={"onStepFailure": {"maxAttempts": max_attempts, "initialDelayMs": 250}},
    )


def kill_supervisor(project: Project) -> None:
    (supervisor,) = project.supervisors()
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: supervisor not in project.supervisors())


def both_run(project: Project, attempt: int = 1) -> bool:
    return project.began("held", attempt) and project.began("beside", attempt)


def failures(project: Project) -> list[tuple[str | None, int | None, str, str]]:
    """Step, attempt, class and reason of every attempt that did not succeed."""
    return sorted(
        (record.step, record.attempt, record.data["class"], record.data["reason"])
        for record in project.records()
        if record.kind in ("AttemptFailed", "StepFailed") and record.data is not None
    )


def overlapping(marks: list[Mark]) -> list[Mark]:
    """Return every mark of an attempt that came after a later attempt of its step had begun."""
    youngest: dict[str, int] = {}
    late = []
    for mark in marks:
        if mark.attempt < youngest.get(mark.step, 0):
            late.append(mark)
        youngest[mark.step] = max(mark.attempt, youngest.get(mark.step, 0))
    return late


LOST = "the supervisor died; the program still ran and was ended"


@pytest.mark.requirement("CMP-027", "ENG-005")
def test_steps_of_a_killed_supervisor_are_ended_and_tried_again(project: Project) -> None:
    process = project.begin("run", define(project))
    until(lambda: both_run(project))
    orphans = project.steps_alive()
    kill_supervisor(project)
    until(lambda: both_run(project, 2))
    assert set(orphans).isdisjoint(project.steps_alive())
    project.release()
    said = ended(process)
    assert said.code == 0, said
    assert failures(project) == [("beside", 1, "Lost", LOST), ("held", 1, "Lost", LOST)]
    assert overlapping(project.marks()) == []
    assert project.digest()


def test_without_an_attempt_left_a_lost_step_fails_its_run(project: Project) -> None:
    process = project.begin("run", define(project, max_attempts=1))
    until(lambda: both_run(project))
    kill_supervisor(project)
    said = ended(process)
    assert said.code == 4, said
    assert "the supervisor died" in said.out
    assert set(project.starts().values()) == {1}
    assert project.member().state.run is RunState.FAILED
    # A person decides, and then it goes on.
    project.release()
    retried = project.call("retry", "latest", "held", "--no-wait"), project.call("retry", "latest", "beside")
    assert [one.code for one in retried] == [0, 0], retried
    assert project.member().state.run is RunState.SUCCEEDED


@pytest.mark.parametrize("first", ["command line", "supervisor"])
def test_both_are_killed(project: Project, first: str) -> None:
    process = project.begin("run", define(project))
    until(lambda: both_run(project) and project.recorded_running("held", "beside"))
    if first == "supervisor":
        (supervisor,) = project.supervisors()
        # It must not see the death, or it would do its part before it dies as well.
        process.send_signal(signal.SIGSTOP)
        os.kill(supervisor, signal.SIGKILL)
        assert killed(process)
    else:
        assert killed(process)
        kill_supervisor(project)
    orphans = project.steps_alive()
    assert orphans != []
    resumed = project.begin("resume")
    until(lambda: both_run(project, 2))
    assert set(orphans).isdisjoint(project.steps_alive())
    project.release()
    said = ended(resumed)
    assert said.code == 0, said
    assert said.out.count("nobody can tell how its process ended") == 2
    assert failures(project) == [("beside", 1, "Lost", LOST), ("held", 1, "Lost", LOST)]
    assert overlapping(project.marks()) == []
    assert project.starts() == Counter(
        {("held", 1): 1, ("held", 2): 1, ("beside", 1): 1, ("beside", 2): 1, ("last", 1): 1}
    )
    assert project.digest()


@pytest.mark.parametrize("seed", [1, 2])
def test_supervisors_and_command_lines_die_at_random_moments(project: Project, seed: int) -> None:
    random = Random(seed)
    definition = fifty.define(project, max_attempts=50)
    process = project.begin("run", definition)
    for _ in range(8):
        until(partial(grown, project, process, len(project.marks()) + random.randrange(2, 16)))
        victims = random.choice(("supervisor", "both"))
        for supervisor in project.supervisors():
            os.kill(supervisor, signal.SIGKILL)
        if victims == "both":
            killed(process)
            if project.runs()[0][1] is RunState.SUCCEEDED:
                break
            process = project.begin("resume")
    assert ended(process).code == 0
    ((_, state),) = project.runs()
    assert state is RunState.SUCCEEDED
    assert set(project.starts().values()) == {1}
    assert project.starts() <= project.audited()
    assert overlapping(project.marks()) == []
    assert fifty.most_at_once(finished(project.marks())) <= 3
    # Whatever was started is in the ledger, and whatever was not successful is told as what it was.
    assert {found[2] for found in failures(project)} <= {"Failed", "Lost"}
    assert project.digest()


def grown(project: Project, process: "subprocess.Popen[str]", marks: int) -> bool:
    return len(project.marks()) >= marks or process.poll() is not None


def finished(marks: list[Mark]) -> list[Mark]:
    """Leave out the begins of attempts that never came to their end."""
    ends = {mark[1:] for mark in marks if mark.what == "end"}
    return [mark for mark in marks if mark[1:] in ends]
