"""Several terminals at one state directory: one drives a run, limits hold across runs, and nobody waits for the dead."""

import re
from collections import Counter

import pytest

from controller.model.states import RunState
from tests.crash import fifty
from tests.crash.project import HELD, Project, heard, step
from tests.scenes.program import ended, killed, until

RUNS = 5
LIMIT = 2


def left_running(project: Project) -> None:
    """A run whose step goes on and that nobody drives."""
    process = project.begin("run", project.define("left", [step("held", told=HELD), step("last", "held")]))
    until(lambda: project.began("held") and project.recorded_running("held"))
    assert killed(process)


def test_of_two_who_resume_one_drives_and_the_other_says_who(project: Project) -> None:
    left_running(project)
    first = project.begin("resume")
    heard(first, "watched again")
    second = project.call("resume", "latest")
    assert second.code == 9
    assert f"is driven by process {first.pid}, which goes on driving it. Nothing was changed." in second.err
    assert "look on with: libretto watch" in second.err
    # Without a name there is nothing that was left: somebody has it.
    assert project.call("resume").out == "no run was left unfinished\n"
    project.release()
    assert ended(first).code == 0
    assert project.starts() == {("held", 1): 1, ("last", 1): 1}
    assert project.digest()


def test_of_many_who_resume_at_once_one_drives(project: Project) -> None:
    left_running(project)
    everybody = [project.begin("resume", "latest") for _ in range(4)]
    until(lambda: sum(one.poll() is not None for one in everybody) == len(everybody) - 1)
    project.release()
    said = [ended(one) for one in everybody]
    assert sorted(one.code for one in said) == [0, 9, 9, 9], said
    assert project.starts() == {("held", 1): 1, ("last", 1): 1}
    assert project.digest()


def narrow(project: Project) -> str:
    """Ten steps that could all run at once, of an agent that takes two at a time from all runs together."""
    project.agent("worker", maxParallel=LIMIT)
    steps = [step(f"s{number}", told={"seconds": 0.03}) for number in range(10)]
    return project.define("narrow", steps, execution={"concurrency": {"maxParallel": 10}})


@pytest.mark.requirement("CMP-020")
def test_an_agent_is_never_called_too_often_by_all_runs_together(project: Project) -> None:
    definition = narrow(project)
    said = [ended(one) for one in [project.begin("run", definition) for _ in range(RUNS)]]
    assert [one.code for one in said] == [0] * RUNS, said
    assert project.starts() == Counter({(f"s{number}", 1): RUNS for number in range(10)})
    assert fifty.most_at_once(project.marks()) == LIMIT
    verified = project.call("verify")
    assert verified.code == 0, verified
    assert verified.out.startswith(f"sound: {RUNS} run trees")


def test_the_places_of_a_killed_run_are_given_back(project: Project) -> None:
    """But not before its own steps have ended, for they still use the agent."""
    definition = narrow(project)
    held = project.define(
        "held", [step("a", told=HELD), step("b", told=HELD)], execution={"concurrency": {"maxParallel": 2}}
    )
    process = project.begin("run", held)
    until(lambda: project.began("a") and project.began("b"))
    assert killed(process)
    others = [project.begin("run", definition) for _ in range(2)]
    for other in others:
        heard(other, "narrow 1.0.0")
    assert {mark.step for mark in project.marks()} == {"a", "b"}
    project.release()
    assert [ended(other).code for other in others] == [0, 0]
    assert fifty.most_at_once(project.marks()) == LIMIT
    assert project.call("resume").code == 0
    assert {state for _, state in project.runs()} == {RunState.SUCCEEDED}


def test_a_run_tells_of_others_that_were_left(project: Project) -> None:
    left_running(project)
    said = project.call("run", project.define("other", [step("only")]))
    assert said.code == 0
    assert said.err == "1 run was left unfinished: libretto resume\n"


def test_who_watches_sees_what_somebody_else_drives(project: Project) -> None:
    left_running(project)
    driving = project.begin("resume")
    heard(driving, "watched again")
    watching = project.begin("watch", "latest")
    heard(watching, "held")
    project.release()
    assert ended(driving).code == 0
    seen = ended(watching)
    assert seen.code == 0
    assert re.search(r"^Succeeded", seen.out, re.MULTILINE), seen
