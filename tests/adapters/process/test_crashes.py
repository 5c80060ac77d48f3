"""Driver and supervisor are killed, the machine is restarted: nothing runs twice, nothing is forgotten."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from controller.adapters.process import link
from controller.adapters.process.host import Host
from controller.adapters.process.runner import ProcessRunner
from controller.errors import RunnerUnavailable
from controller.model.attempt import Finished, KnownAttempt, Lost, Started
from controller.model.states import OutcomeClass
from tests.adapters.process.workshop import Workshop, gone, key, play, until, wait_for_file, watch

COUNTING = "echo run >> ../../../count-$LIBRETTO_STEP; echo $$ > pid; while [ ! -e ../../../go ]; do sleep 0.02; done"

DRIVER = """
import sys
from pathlib import Path
from tests.adapters.process.workshop import Workshop
workshop = Workshop(Path(sys.argv[1]))
runner = workshop.runner()
runner.known()
runner.start_many([
    workshop.launch(step, sys.argv[2], environment={"LIBRETTO_STEP": step}, input=step.encode())
    for step in sys.argv[3:]
])
sys.stdin.read()
"""


SLOW = """
import os, sys
sys.path.append({root!r})
from controller.adapters.process.supervisor.loop import Supervisor

class Slow(Supervisor):
    def _ring(self):
        if self._news and os.path.exists("gate"):
            open("gate", "rb").read()
        super()._ring()

directory, lock, client = sys.argv[1:]
Slow(directory, int(lock), int(client)).run()
"""
"""A supervisor that lets something happen between the end of an attempt and the word about it."""


def killed_driver(workshop: Workshop, script: str, *steps: str) -> None:
    """A driver in a process of its own starts steps and is killed as soon as it has handed them over."""
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, workshop.folder, script, *steps],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as driver:
        journal = workshop.run_directory / "journal"
        until(lambda: journal.exists() and b'"launched"' in journal.read_bytes())
        driver.send_signal(signal.SIGKILL)


def count(workshop: Workshop, step: str) -> int:
    return len((workshop.run_directory / "steps" / f"count-{step}").read_text().splitlines())


def finish(workshop: Workshop) -> None:
    (workshop.run_directory / "steps" / "go").touch()


@pytest.mark.requirement("CMP-027")
def test_steps_outlive_the_driver_and_are_adopted(workshop: Workshop) -> None:
    steps = [f"s{number}" for number in range(20)]
    killed_driver(workshop, COUNTING, *steps)
    runner = workshop.runner()
    known = runner.known()
    assert {attempt.key for attempt in known} <= {key(step) for step in steps}
    # The engine asks again for what it has no record of: adopted or, if the order was lost, started.
    launches = [
        workshop.launch(step, COUNTING, environment={"LIBRETTO_STEP": step}, input=step.encode()) for step in steps
    ]
    assert runner.start_many(launches) == []
    finish(workshop)
    seen = watch(runner, *(key(step) for step in steps))
    assert {found.failure for found in seen if isinstance(found, Finished)} == {None}
    assert {count(workshop, step) for step in steps} == {1}


@pytest.mark.requirement("CMP-027")
def test_the_last_orders_of_a_driver_that_died_are_carried_out(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may already be on their way when the supervisor finds out, by telling it something, that it is gone."""
    program = workshop.folder / "supervisor.py"
    program.write_text(SLOW.format(root=os.fspath(Path(__file__).parents[3])), encoding="utf-8")
    monkeypatch.setattr(link, "PROGRAM", program)
    runner = workshop.runner()
    gate = workshop.run_directory / "gate"
    gate.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(gate)
    runner.start_many([workshop.launch("a", "true")])
    with gate.open("wb"):  # it is about to tell that "a" has ended
        gate.unlink()
        runner.start_many([workshop.launch("b", "true")])
        runner.close()
    successor = workshop.runner()
    assert {attempt.key for attempt in successor.known()} == {key("a"), key("b")}
    assert {found.failure for found in watch(successor, key("b")) if isinstance(found, Finished)} == {None}


def test_what_ended_while_nobody_looked_is_told(workshop: Workshop) -> None:
    killed_driver(workshop, "printf '\"done\"' > output.json; exit 3", "a", "b")
    supervisors = workshop.run_directory / "s.sock"
    until(lambda: not supervisors.exists())
    for _ in range(2):
        runner = workshop.runner()
        ends = {found.key: found for found in watch(runner, key("a"), key("b")) if isinstance(found, Finished)}
        assert {(found.failure, found.exit_code) for found in ends.values()} == {(OutcomeClass.FAILED, 3)}
        assert runner.collect(key("a")).output == b'"done"'
        assert [attempt.running for attempt in runner.known()] == [False, False]
        runner.close()


def test_deadlines_hold_while_nobody_looks(workshop: Workshop) -> None:
    first = workshop.runner()
    first.start_many([workshop.launch("step", "sleep 60", timeout_ms=200)])
    first.close()
    until(lambda: not (workshop.run_directory / "s.sock").exists())
    second = workshop.runner()
    (_, found) = watch(second, key("step"))
    assert isinstance(found, Finished)
    assert found.failure is OutcomeClass.TIMEOUT


def test_the_supervisor_goes_when_nobody_needs_it(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("step"))
    supervisor = workshop.supervisor()
    runner.close()
    until(lambda: gone(supervisor))
    assert not (workshop.run_directory / "s.sock").exists()


def test_one_supervisor_serves_one_driver_after_another(workshop: Workshop) -> None:
    first = workshop.runner()
    first.start_many([workshop.launch("step", COUNTING, environment={"LIBRETTO_STEP": "step"})])
    wait_for_file(workshop.directory("step") / "pid")
    supervisor = workshop.supervisor()
    first.close()
    second = workshop.runner()
    assert [attempt.running for attempt in second.known()] == [True]
    play(second, workshop.launch("other"))
    assert workshop.supervisor() == supervisor
    finish(workshop)
    watch(second, key("step"))


def lost(workshop: Workshop, runner: ProcessRunner, *steps: str) -> Sequence[Lost]:
    return [seen for seen in watch(runner, *map(key, steps)) if isinstance(seen, Lost)]


@pytest.mark.requirement("CMP-027")
@pytest.mark.parametrize("attached", [True, False], ids=["while the driver watches", "while nobody watches"])
def test_a_killed_supervisor_loses_its_steps_and_ends_them(workshop: Workshop, attached: bool) -> None:
    runner = workshop.runner()
    runner.start_many([workshop.launch("step", COUNTING, environment={"LIBRETTO_STEP": "step"})])
    pid = int(wait_for_file(workshop.directory("step") / "pid"))
    if not attached:
        runner.close()
    workshop.kill_supervisor()
    if not attached:
        runner = workshop.runner()
    (found,) = lost(workshop, runner, "step")
    assert found.reason == "the supervisor died; the program still ran and was ended"
    assert gone(pid)
    assert [(attempt.key, attempt.running) for attempt in runner.known()] == [(key("step"), False)]
    # It may have run, so asking again starts nothing; another attempt does.
    runner.start_many([workshop.launch("step", COUNTING)])
    (again,) = play(runner, workshop.launch("step", key=key("step", 2)))
    assert again.failure is None
    assert count(workshop, "step") == 1


def test_a_step_that_ended_after_its_supervisor_is_lost_too(workshop: Workshop) -> None:
    runner = workshop.runner()
    runner.start_many([workshop.launch("step", COUNTING, environment={"LIBRETTO_STEP": "step"})])
    pid = int(wait_for_file(workshop.directory("step") / "pid"))
    runner.close()
    workshop.kill_supervisor()
    finish(workshop)
    until(lambda: gone(pid))
    (found,) = lost(workshop, workshop.runner(), "step")
    assert found.reason == "the supervisor died"


def test_a_stubborn_orphan_and_its_children_are_killed(workshop: Workshop) -> None:
    runner = workshop.runner()
    script = "trap '' TERM; (trap '' TERM; echo $$ > pid; exec sleep 71) & wait"
    runner.start_many([workshop.launch("step", script, process={"grace_period": "150ms"})])
    pid = int(wait_for_file(workshop.directory("step") / "pid"))
    workshop.kill_supervisor()
    lost(workshop, runner, "step")
    assert gone(pid)


def test_after_a_restart_of_the_machine_markers_are_distrusted(workshop: Workshop) -> None:
    class Restarted(Host):
        def boot_id(self) -> str:
            return "another"

    runner = workshop.runner()
    runner.start_many([workshop.launch("step", COUNTING, environment={"LIBRETTO_STEP": "step"})])
    pid = int(wait_for_file(workshop.directory("step") / "pid"))
    runner.close()
    workshop.kill_supervisor()
    after = workshop.runner(Restarted())
    (found,) = lost(workshop, after, "step")
    assert found.reason == "the machine was restarted"
    # Its number may be anybody's by now, so nothing is signalled.
    assert not gone(pid)
    finish(workshop)


@pytest.mark.parametrize("line", [b'{"event":"finished","key":["01', b"\0\0\0\0"], ids=["cut", "zeros"])
def test_a_line_that_its_writer_could_not_finish_counts_for_nothing(workshop: Workshop, line: bytes) -> None:
    runner = workshop.runner()
    play(runner, workshop.launch("step"))
    runner.close()
    until(lambda: not (workshop.run_directory / "s.sock").exists())
    workshop.end()
    with (workshop.run_directory / "journal").open("ab") as journal:
        journal.write(line)
    after = workshop.runner()
    digest = workshop.launch("step").input_digest
    assert after.known() == [KnownAttempt(key("step"), digest, running=False)]
    play(after, workshop.launch("next"))
    assert len(workshop.runner().known()) == 2


def test_a_supervisor_that_does_not_answer(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = workshop.runner()
    first.start_many([workshop.launch("step", "sleep 60")])
    while not first.observe(1000):
        pass
    supervisor = workshop.supervisor()
    os.kill(supervisor, signal.SIGSTOP)
    first.close()
    monkeypatch.setattr(link, "PATIENCE_S", 0.2)
    second = workshop.runner()
    with pytest.raises(RunnerUnavailable):
        second.known()
    os.kill(supervisor, signal.SIGCONT)
    assert [attempt.running for attempt in second.known()] == [True]
    os.kill(supervisor, signal.SIGSTOP)
    # Too much for the buffers between them, so a part of it is not even sent.
    many = [workshop.launch(f"s{number}", "true " + "x" * 100_000) for number in range(20)]
    with pytest.raises(RunnerUnavailable):
        second.start_many(many)
    os.kill(supervisor, signal.SIGCONT)
    monkeypatch.undo()
    seen = watch(second, *(launch.key for launch in many))
    assert sum(isinstance(found, Started) for found in seen) == len(many) + 1
    assert {found.failure for found in seen if isinstance(found, Finished)} == {None}


def test_orders_that_a_dying_supervisor_never_took_are_given_to_the_next(workshop: Workshop) -> None:
    runner = workshop.runner()
    play(runner, workshop.launch("first"))
    supervisor = workshop.supervisor()
    os.kill(supervisor, signal.SIGSTOP)
    runner.start_many([workshop.launch("second")])
    os.kill(supervisor, signal.SIGKILL)
    started, found = watch(runner, key("second"))
    assert isinstance(started, Started)
    assert isinstance(found, Finished)
    assert found.failure is None
