"""`launch: AtMostOnce`: what may have been started is never started again before a person has decided."""

import os
import signal
import subprocess

import pytest

from controller.model.states import RunState
from tests.crash.project import HELD, Project, step
from tests.scenes.program import ended, killed, until

RETRY = {"onStepFailure": {"maxAttempts": 3, "initialDelayMs": 250, "allowSkip": True}}


def begin(project: Project) -> "subprocess.Popen[str]":
    return project.begin(
        "run",
        project.define(
            "transfer",
            [step("prepare"), step("transfer", "prepare", agent="bank", launch="AtMostOnce", told=HELD)],
            errorHandling=RETRY,
        ),
    )


def intended(project: Project) -> bool:
    return bool(project.runs()) and any(record.kind == "IntentRecorded" for record in project.records())


def killed_between_intent_and_start(project: Project) -> None:
    """Hold the start up where it reads a secret, out of a pipe that nobody writes to, and kill it there."""
    secret = project.place / "secret"
    project.agent("bank", {"fromFile": {"KEY": "secret"}})
    os.mkfifo(secret)
    process = begin(project)
    until(lambda: project.state.exists() and intended(project))
    assert killed(process)
    secret.unlink()
    secret.write_text("s3cr3t-value\n", encoding="utf-8")
    project.release()


def assert_a_person_is_asked(project: Project, started: int) -> None:
    resumed = project.call("resume")
    assert resumed.code == 4, resumed
    assert "OutcomeUnknown" in resumed.out
    state = project.member().state
    assert (state.run, state.reason) == (RunState.FAILED, "OutcomeUnknown")
    assert project.starts()["transfer", 1] == started
    assert len([pair for pair in project.starts() if pair[0] == "transfer"]) == started


@pytest.mark.requirement("ENG-005")
def test_an_intent_without_a_trace_is_left_to_a_person(project: Project) -> None:
    killed_between_intent_and_start(project)
    assert_a_person_is_asked(project, started=0)
    # Looking again, or resuming again, decides nothing.
    assert project.call("resume", "latest").code == 9
    assert project.starts() == {("prepare", 1): 1}
    retried = project.call("retry", "latest", "transfer")
    assert retried.code == 0, retried
    assert [count for (name, _), count in project.starts().items() if name == "transfer"] == [1]
    assert project.digest()


def test_a_person_may_know_that_it_happened(project: Project) -> None:
    killed_between_intent_and_start(project)
    assert_a_person_is_asked(project, started=0)
    skipped = project.call("skip", "latest", "transfer", "--comment", "the bank has booked it")
    assert skipped.code == 0, skipped
    assert project.member().state.run is RunState.SUCCEEDED
    assert project.starts() == {("prepare", 1): 1}


def test_what_is_known_to_run_is_adopted_as_ever(project: Project) -> None:
    project.agent("bank")
    process = begin(project)
    until(lambda: project.began("transfer"))
    assert killed(process)
    project.release()
    resumed = project.call("resume")
    assert resumed.code == 0, resumed
    assert project.starts() == {("prepare", 1): 1, ("transfer", 1): 1}


def test_a_start_that_was_lost_is_not_repeated(project: Project) -> None:
    project.agent("bank")
    process = begin(project)
    until(lambda: project.began("transfer"))
    for supervisor in project.supervisors():
        os.kill(supervisor, signal.SIGKILL)
    said = ended(process)
    assert said.code == 4, said
    assert (project.member().state.reason, project.starts()) == (
        "OutcomeUnknown",
        {("prepare", 1): 1, ("transfer", 1): 1},
    )
