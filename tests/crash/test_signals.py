"""Ctrl-C, SIGTERM and a closed terminal: the run stands still or goes on without anybody, and nothing is forgotten."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from controller.engine.units import unit_named
from controller.entrypoints.cli.wording import short
from controller.model.states import RunState
from tests.crash.project import HELD, Project, step
from tests.scenes.program import ended, terminal, until

BESIDE = {"execution": {"concurrency": {"maxParallel": 2}}}


def define(project: Project, *, stubborn: bool = False) -> str:
    """One step, then two side by side that wait for `go`, then one more. Nothing may fail even once."""
    project.agent("worker", {"gracePeriod": "1h"})
    return project.define(
        "interrupted",
        [
            step("first"),
            step("held", "first", told=HELD | {"stubborn": stubborn}),
            step("beside", "first", told=HELD),
            step("last", "held", "beside"),
        ],
        errorHandling={"onStepFailure": {"maxAttempts": 1}},
        **BESIDE,
    )


def both_run(project: Project) -> bool:
    return project.began("held") and project.began("beside")


def undisturbed(place: Path, *, stubborn: bool = False) -> str:
    """The digest of the same run when nobody interrupts it."""
    project = Project(place)
    project.release()
    said = project.call("run", define(project, stubborn=stubborn))
    assert said.code == 0, said
    return project.digest()


def assert_it_stands_still(project: Project) -> None:
    """Suspended, nothing runs, and nothing was charged to a step."""
    until(lambda: not project.supervised())
    assert project.steps_alive() == []
    state = project.member().state
    assert (state.run, state.suspended) == (RunState.RUNNING, True)
    for name in ("held", "beside"):
        unit = unit_named(state.graph, name)
        assert unit is not None
        assert (state.unit(unit).spent, list(state.unit(unit).classes)) == (0, [])


def assert_it_ends_as_ever(project: Project, tmp_path: Path, *, stubborn: bool = False) -> None:
    project.release()
    resumed = project.call("resume")
    assert resumed.code == 0, resumed
    assert "found paused: 1 step done" in resumed.out
    assert project.digest() == undisturbed(tmp_path / "undisturbed", stubborn=stubborn)
    assert set(project.starts().values()) == {1}


@pytest.mark.requirement("ENG-005", "ENG-006")
def test_ctrl_c_stops_the_steps_and_resume_goes_on(project: Project, tmp_path: Path) -> None:
    with terminal(project.place, "run", define(project)) as shown:
        until(lambda: both_run(project))
        shown.type("\x03")
        assert shown.end() == 130
    assert "stopping 2 running steps (again: kill)" in shown.screen()
    assert f"libretto resume {short(project.runs()[0][0].uid)}" in shown.screen()
    assert "Traceback" not in shown.raw
    assert_it_stands_still(project)
    assert_it_ends_as_ever(project, tmp_path)


def test_a_second_ctrl_c_kills_what_does_not_end(project: Project, tmp_path: Path) -> None:
    with terminal(project.place, "run", define(project, stubborn=True)) as shown:
        until(lambda: both_run(project))
        shown.type("\x03")
        shown.wait_for("stopping 2 running steps")
        until(lambda: len({mark["key"][1] for mark in project.journal() if mark["event"] == "finished"}) == 2)
        assert project.steps_alive() != []
        shown.type("\x03")
        assert shown.end() == 130
    assert "killing the steps that still run" in shown.screen()
    assert_it_stands_still(project)
    assert_it_ends_as_ever(project, tmp_path, stubborn=True)


def test_sigterm_is_a_ctrl_c(project: Project, tmp_path: Path) -> None:
    process = project.begin("run", define(project))
    until(lambda: both_run(project))
    process.send_signal(signal.SIGTERM)
    said = ended(process)
    assert said.code == 130
    assert f"libretto resume {short(project.runs()[0][0].uid)}" in said.out
    assert_it_stands_still(project)
    assert_it_ends_as_ever(project, tmp_path)


def test_ctrl_c_before_anything_runs(project: Project, tmp_path: Path) -> None:
    """In the start-up there is nothing to suspend yet, or just: either way the same comes of it in the end."""
    definition = define(project)
    process = project.begin("run", definition)
    until(project.state.exists)
    process.send_signal(signal.SIGINT)
    said = ended(process)
    # A shell shows 130 for both: the process ended by the signal, or because of it.
    assert said.code in {130, -signal.SIGINT}
    assert said.err == ""
    project.release()
    resumed = project.call("resume") if project.runs() else project.call("run", definition)
    assert resumed.code == 0, resumed
    assert project.digest() == undisturbed(tmp_path / "undisturbed")


@pytest.mark.requirement("CMP-027")
def test_steps_outlive_a_closed_terminal(project: Project, tmp_path: Path) -> None:
    with terminal(project.place, "run", define(project)) as shown:
        until(lambda: both_run(project) and project.recorded_running("held", "beside"))
        shown.close()
        assert shown.code() == 130
    assert project.supervised()
    assert len(project.steps_alive()) >= 2
    assert not project.member().state.suspended
    project.release()
    until(lambda: not project.supervised())
    resumed = project.call("resume")
    assert resumed.code == 0, resumed
    assert resumed.out.count("its process finished while nobody watched: exit 0, output taken over") == 2
    assert project.starts() == Counter((name, 1) for name in ("first", "held", "beside", "last"))
    assert project.digest() == undisturbed(tmp_path / "undisturbed")


def test_nohup_lets_the_run_go_on_after_the_terminal(project: Project) -> None:
    project.before = ["nohup"]
    process = project.begin("run", define(project))
    until(lambda: both_run(project))
    process.send_signal(signal.SIGHUP)
    project.release()
    assert ended(process).code == 0
