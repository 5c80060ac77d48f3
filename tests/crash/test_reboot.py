"""The machine is restarted: what ran then runs no more, whatever its process number means now."""

import os
import re
import signal
from contextlib import suppress

import pytest

from tests.crash.project import HELD, Project, step
from tests.scenes.program import ended, killed, until

ANOTHER = "00000000-1111-2222-3333-444444444444"


def reboot(project: Project) -> None:
    """Leave the state directory as a power cut would: nothing runs, and its markers are of another boot."""
    for pid in (*project.supervisors(), *project.steps_alive()):
        # A step that loses its parent may end by itself in between.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not project.supervised() and not project.steps_alive())
    (journal,) = (project.state / "runs").glob("*/journal")
    journal.write_bytes(re.sub(rb'("boot":)"[^"]*"', rb'\1"' + ANOTHER.encode() + b'"', journal.read_bytes()))


@pytest.mark.requirement("ENG-005", "CMP-027")
def test_steps_of_before_the_restart_are_lost_and_tried_again(project: Project) -> None:
    process = project.begin(
        "run",
        project.define(
            "overnight",
            [step("done"), step("held", "done", told=HELD)],
            errorHandling={"onStepFailure": {"maxAttempts": 2, "initialDelayMs": 250}},
        ),
    )
    until(lambda: project.began("held") and project.recorded_running("held"))
    assert killed(process)
    reboot(project)
    resumed = project.begin("resume")
    until(lambda: project.began("held", 2))
    project.release()
    said = ended(resumed)
    assert said.code == 0, said
    assert '1 step done, "held" was running (attempt 1)' in said.out
    assert "nobody can tell how its process ended; Lost: the machine was restarted" in said.out
    (lost,) = [record for record in project.records() if record.kind == "AttemptFailed"]
    assert lost.data is not None
    assert (lost.step, lost.data["class"], lost.data["charged"]) == ("held", "Lost", True)
    assert project.starts() == {("done", 1): 1, ("held", 1): 1, ("held", 2): 1}
    assert project.digest()


def test_a_stranger_that_got_the_number_of_a_step_is_left_alone(project: Project) -> None:
    definition = project.define(
        "overnight", [step("held", told=HELD)], errorHandling={"onStepFailure": {"maxAttempts": 1}}
    )
    process = project.begin("run", definition)
    until(lambda: any(line["event"] == "started" for line in project.journal()))
    assert killed(process)
    reboot(project)
    # This test itself is the stranger: if it were signalled, it would not come to its end.
    (journal,) = (project.state / "runs").glob("*/journal")
    journal.write_bytes(re.sub(rb'("pid":)\d+', rb"\g<1>%d" % os.getpid(), journal.read_bytes()))
    said = project.call("resume")
    assert said.code == 4, said
    assert "the machine was restarted" in said.out
