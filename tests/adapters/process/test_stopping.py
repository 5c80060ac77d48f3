"""How attempts end that do not end by themselves, and that nothing of them is left."""

import os
import signal

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.model.attempt import Finished, Started
from controller.model.states import OutcomeClass
from tests.adapters.process.workshop import Workshop, gone, key, play, until, wait_for_file, watch

POLITE = "trap 'echo bye; exit 0' TERM; echo ready > ready; while :; do sleep 0.02; done"
STUBBORN = "trap '' TERM; echo ready > ready; while :; do sleep 0.02; done"
QUICKLY = {"grace_period": "150ms"}


def ended(runner: ProcessRunner, step: str = "step") -> Finished:
    (found,) = [seen for seen in watch(runner, key(step)) if isinstance(seen, Finished)]
    return found


@pytest.mark.requirement("ENG-010", "ENG-049")
def test_a_timeout_ends_the_attempt_as_failed(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", "sleep 60", timeout_ms=150))
    assert (found.failure, found.reason) == (OutcomeClass.TIMEOUT, "took longer than 0.15 s")
    assert 150 <= found.duration_ms < 5000


@pytest.mark.requirement("ENG-010")
def test_who_cleans_up_after_a_timeout_still_took_too_long(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", POLITE, timeout_ms=300))
    assert (found.failure, found.exit_code) == (OutcomeClass.TIMEOUT, 0)
    assert workshop.log("step").endswith("bye\n")


def test_who_ignores_the_end_is_killed_after_the_grace_period(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", STUBBORN, timeout_ms=200, process=QUICKLY))
    assert (found.failure, found.exit_code) == (OutcomeClass.TIMEOUT, None)
    assert found.duration_ms >= 350


def test_a_timeout_that_is_not_reached_means_nothing(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", timeout_ms=60_000))
    assert found.failure is None


@pytest.mark.parametrize("why", [OutcomeClass.INTERRUPTED, OutcomeClass.TIMEOUT])
@pytest.mark.parametrize("script", [POLITE, STUBBORN], ids=["polite", "stubborn"])
def test_stopping_says_why(workshop: Workshop, runner: ProcessRunner, script: str, why: OutcomeClass) -> None:
    runner.start_many([workshop.launch("step", script, process=QUICKLY)])
    wait_for_file(workshop.directory("step") / "ready")
    runner.stop(key("step"), why)
    runner.stop(key("step"), OutcomeClass.DISRUPTED)
    assert ended(runner).failure is why
    runner.stop(key("step"), why)
    runner.stop(key("unknown"), why)
    assert runner.observe(100) == []


def test_an_attempt_can_be_stopped_before_it_has_started(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", "sleep 60")])
    runner.stop(key("step"), OutcomeClass.INTERRUPTED)
    assert ended(runner).failure is OutcomeClass.INTERRUPTED


def test_asking_twice_kills(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", STUBBORN)])
    wait_for_file(workshop.directory("step") / "ready")
    runner.stop(key("step"), OutcomeClass.INTERRUPTED)
    runner.kill()
    found = ended(runner)
    assert found.failure is OutcomeClass.INTERRUPTED
    assert found.duration_ms < 10_000


FAMILIES = {
    "a child in the background": "sleep 61 & echo $! > pid",
    "a child that ignores SIGTERM": "(trap '' TERM; exec sleep 62) & echo $! > pid; sleep 0.1",
    "a grandchild": "(sleep 63 & echo $! > pid; wait) & while [ ! -s pid ]; do sleep 0.01; done",
}


@pytest.mark.parametrize("script", FAMILIES.values(), ids=FAMILIES)
def test_an_attempt_has_ended_when_all_its_processes_have(
    workshop: Workshop, runner: ProcessRunner, script: str
) -> None:
    (found,) = play(runner, workshop.launch("step", script, process=QUICKLY))
    pid = int((workshop.directory("step") / "pid").read_text())
    assert found.failure is None
    assert gone(pid)


def test_stopping_reaches_the_children(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", "sleep 64 & echo $! > pid; wait")])
    pid = int(wait_for_file(workshop.directory("step") / "pid"))
    runner.stop(key("step"), OutcomeClass.INTERRUPTED)
    ended(runner)
    assert gone(pid)


def test_a_frozen_program_is_ended_too(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", "echo $$ > pid; kill -STOP $$", process=QUICKLY)])
    wait_for_file(workshop.directory("step") / "pid")
    runner.stop(key("step"), OutcomeClass.INTERRUPTED)
    assert ended(runner).failure is OutcomeClass.INTERRUPTED


@pytest.mark.requirement("CMP-027")
def test_the_supervisor_stops_its_steps_when_it_is_told_to_end(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", POLITE), workshop.launch("other", "sleep 60")])
    wait_for_file(workshop.directory("step") / "ready")
    supervisor = workshop.supervisor()
    os.kill(supervisor, signal.SIGTERM)
    seen = [found for found in watch(runner, key("step"), key("other")) if isinstance(found, Finished)]
    assert {found.failure for found in seen} == {OutcomeClass.INTERRUPTED}
    until(lambda: gone(supervisor))
    # Life goes on with another one.
    (after,) = play(runner, workshop.launch("after"))
    assert after.failure is None


def test_nothing_that_the_driver_had_open_is_kept_open(workshop: Workshop, runner: ProcessRunner) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    runner.start_many([workshop.launch("step", "ls /proc/self/fd > fds; echo > ready; sleep 60")])
    os.close(writer)
    wait_for_file(workshop.directory("step") / "ready")
    # The end of the pipe is the proof that nobody holds its other end.
    assert os.read(reader, 1) == b""
    os.close(reader)
    assert (workshop.directory("step") / "fds").read_text().split() == ["0", "1", "2", "3"]


def test_signals_of_a_terminal_do_not_end_the_supervisor(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", "sleep 0.3")])
    while not any(isinstance(seen, Started) for seen in runner.observe(1000)):
        pass
    supervisor = workshop.supervisor()
    assert os.getsid(supervisor) == supervisor
    for number in (signal.SIGINT, signal.SIGHUP):
        os.kill(supervisor, number)
    assert ended(runner).failure is None
