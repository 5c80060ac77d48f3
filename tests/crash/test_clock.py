"""The wall clock is set while a run goes on: limits of attempts do not care, gates and runs do, and no ledger breaks."""

import os
import sys
from pathlib import Path

import pytest

from controller.model.states import RunState
from tests.crash.project import HELD, Project, heard, step
from tests.scenes.program import ended, killed, until

SHIFTED = Path(__file__).parent / "wall"
HOUR_MS = 3_600_000


class Clock:
    """The wall clock of everything that is started in the project."""

    def __init__(self, project: Project) -> None:
        self._file = project.place / "clock"
        self.set(0)
        # Started with options and descriptors of its own, the supervisor takes no setting but its interpreter.
        python = project.place / "python"
        python.write_text(
            f'#!/bin/sh\nshift 4\nexport WALL_CLOCK="{self._file}"\n'
            f'exec "{sys.executable}" -I -S -X utf8 "{SHIFTED}/sitecustomize.py" "$@"\n',
            encoding="utf-8",
        )
        python.chmod(0o755)
        project.environment |= {
            "PYTHONPATH": f"{SHIFTED}:{project.environment['PYTHONPATH']}",
            "WALL_CLOCK": os.fspath(self._file),
            "WALL_PYTHON": os.fspath(python),
        }

    def set(self, shift_ms: int) -> None:
        """Let it be wrong by so much from now on."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(shift_ms), encoding="ascii")
        fresh.replace(self._file)


@pytest.fixture
def clock(project: Project) -> Clock:
    return Clock(project)


JUMPS = {"an hour back": -HOUR_MS, "an hour forward": HOUR_MS}
jumps = pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)


def test_the_clock_of_a_project_is_really_another(project: Project, clock: Clock) -> None:
    """Otherwise the rest would prove nothing."""
    clock.set(-HOUR_MS)
    assert project.call("run", project.define("one", [step("only")])).code == 0
    clock.set(0)
    assert project.call("run", "definitions/one").code == 0
    with project.looking() as (local, _):
        later, earlier = [spec.created_at for spec, _ in local.stores.objects.runs()]
    assert HOUR_MS <= later - earlier < 2 * HOUR_MS
    first, *_, last = [line["at"] for line in project.journal() if "at" in line]
    assert abs(last - first) >= HOUR_MS - 60_000


@jumps
def test_an_attempt_has_its_time_whatever_the_clock_says(project: Project, clock: Clock, jump: int) -> None:
    """Neither is it cut short by a jump forward, nor does a jump back give it an hour more."""
    process = project.begin(
        "run",
        project.define(
            "timed",
            [
                step("patient", told=HELD, attemptTimeout="10m"),
                step("endless", told={"gate": "never"}, attemptTimeout="1s"),
            ],
            execution={"concurrency": {"maxParallel": 2}},
            errorHandling={"onStepFailure": {"maxAttempts": 1}},
        ),
    )
    until(lambda: project.began("patient") and project.began("endless"))
    clock.set(jump)
    until(lambda: any(line["event"] == "finished" for line in project.journal()))
    project.release()
    said = ended(process)
    assert said.code == 4, said
    endings = {line["key"][1]: line["class"] for line in project.journal() if line["event"] == "finished"}
    assert endings == {"patient": None, "endless": "Timeout"}
    durations = [line["durationMs"] for line in project.journal() if line["event"] == "finished"]
    assert all(0 < duration < HOUR_MS for duration in durations)
    assert project.digest()


@jumps
def test_the_clock_is_set_between_a_crash_and_resume(project: Project, clock: Clock, jump: int) -> None:
    """What runs is known by the clock of the kernel, so it is still known."""
    process = project.begin("run", project.define("left", [step("held", told=HELD), step("last", "held")]))
    until(lambda: project.began("held") and project.recorded_running("held"))
    assert killed(process)
    clock.set(jump)
    resumed = project.begin("resume")
    heard(resumed, "held: its process still runs, it is watched again")
    project.release()
    said = ended(resumed)
    assert said.code == 0, said
    assert set(project.starts().values()) == {1}
    assert project.digest()


def gated(project: Project, **checkpoint: object) -> str:
    asked = step("asked", checkpointAfter={"question": "Go on?", "autoTimeout": 1800, **checkpoint})
    return project.define("gated", [asked, step("last", "asked")])


@pytest.mark.parametrize(
    ("required", "code", "state"),
    [(True, 5, RunState.ABORTED), (False, 0, RunState.SUCCEEDED)],
    ids=["required", "optional"],
)
def test_a_gate_is_over_by_the_wall_clock(
    project: Project, clock: Clock, required: bool, code: int, state: RunState
) -> None:
    assert project.call("run", gated(project, required=required), "--no-wait").code == 7
    clock.set(-HOUR_MS)
    assert project.call("resume", "--no-wait").code == 7
    clock.set(HOUR_MS)
    said = project.call("resume", "--no-wait")
    assert (said.code, project.member().state.run) == (code, state), said
    assert project.digest()


def test_a_gate_is_over_while_somebody_waits_at_it(project: Project, clock: Clock) -> None:
    process = project.begin("run", gated(project))
    until(lambda: bool(project.runs()) and project.runs()[0][1] is RunState.AWAITING_APPROVAL)
    clock.set(HOUR_MS)
    assert ended(process).code == 5


def test_a_run_has_its_time_by_the_wall_clock(project: Project, clock: Clock) -> None:
    definition = project.define("long", [step("held", told=HELD), step("last", "held")], timeout="30m")
    process = project.begin("run", definition)
    until(lambda: project.began("held") and project.recorded_running("held"))
    clock.set(-HOUR_MS)
    assert killed(process)
    resumed = project.begin("resume")
    until(project.driven)
    assert resumed.poll() is None
    clock.set(HOUR_MS)
    said = ended(resumed)
    assert said.code == 4, said
    assert "30m" in said.out
    assert project.member().state.reason == "Timeout"
    assert project.digest()
