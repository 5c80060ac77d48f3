"""What every StepRunner promises."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.errors import InvariantViolated
from controller.model.attempt import AttemptKey, Finished, KnownAttempt, Launch, Lost, Observation, Progress, Started
from controller.model.states import OutcomeClass, Role
from controller.ports.step_runner import StepRunner
from tests.contract.step_runners import Processes, Scripted, Subject
from tests.fakes.step_runner import Script

FOR_EVER = 3_600_000

LOOKS = 600
"""Looks of 100 ms each after which a test gives up."""


@pytest.fixture(params=["processes", "scripted"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    if request.param == "scripted":
        yield Scripted()
    else:
        processes = Processes(tmp_path)
        yield processes
        processes.end()


@pytest.fixture
def runner(subject: Subject) -> StepRunner:
    return subject.runner()


def key(step: str = "step", attempt: int = 1) -> AttemptKey:
    return AttemptKey("01JZ0000000000000000000000", step, Role.DO, attempt)


Make = Callable[..., Launch]


@pytest.fixture
def make(subject: Subject) -> Make:
    def launch(step: str = "step", content: bytes = b"{}", timeout_ms: int | None = None, **script: Any) -> Launch:
        return subject.launch(key(step), Script(**script), content)._replace(timeout_ms=timeout_ms)

    return launch


def ends(runner: StepRunner, *steps: str) -> Mapping[str, Finished | Lost]:
    """How attempts ended; checks that each starts before it ends and ends once."""
    started: set[AttemptKey] = set()
    found: dict[str, Finished | Lost] = {}
    for _ in range(LOOKS):
        if found.keys() >= set(steps):
            return found
        for seen in runner.observe(100):
            match seen:
                case Started(key=of):
                    started.add(of)
                case Finished(key=of) | Lost(key=of):
                    assert of in started
                    assert of.step not in found
                    found[of.step] = seen
                case Progress() | KnownAttempt():
                    pass
    raise AssertionError(f"waited too long; saw {found}")


def finished(runner: StepRunner, step: str = "step") -> Finished:
    found = ends(runner, step)[step]
    assert isinstance(found, Finished)
    return found


def test_at_first_there_is_nothing(runner: StepRunner) -> None:
    assert list(runner.known()) == []
    assert list(runner.observe(0)) == []
    assert list(runner.start_many([])) == []


@pytest.mark.requirement("ENG-008")
def test_a_success_leaves_its_results(subject: Subject, runner: StepRunner, make: Make) -> None:
    artifacts = {"b/c.csv": b"1;2", "a": b""}
    launch = make(output=b'{"a":1}', receipt=b'{"changes":[]}', artifacts=artifacts)
    assert list(runner.start_many([launch])) == []
    found = finished(runner)
    assert (found.failure, found.exit_code, found.reason) == (None, 0, "")
    for _ in range(2):
        collected = runner.collect(key())
        assert json.loads(collected.output or b"") == {"a": 1}
        assert json.loads(collected.receipt or b"") == {"changes": []}
        assert [(artifact.name, artifact.size) for artifact in collected.artifacts] == [("a", 0), ("b/c.csv", 3)]
        digests = [subject.blobs.put_file(artifact.location) for artifact in collected.artifacts]
        assert [subject.blobs.get(digest) for digest in digests] == [b"", b"1;2"]
        assert list(collected.problems) == []


def test_nothing_left_is_nothing_collected(runner: StepRunner, make: Make) -> None:
    runner.start_many([make()])
    finished(runner)
    collected = runner.collect(key())
    assert (collected.output, collected.receipt, list(collected.artifacts)) == (None, None, [])


def test_a_failure_fails_alone(runner: StepRunner, make: Make) -> None:
    failing = make("bad", failure=OutcomeClass.FAILED, reason="exit code 7", exit_code=7)
    runner.start_many([failing, make("good")])
    found = ends(runner, "bad", "good")
    bad, good = found["bad"], found["good"]
    assert isinstance(bad, Finished)
    assert isinstance(good, Finished)
    assert (bad.failure, bad.reason, bad.exit_code) == (OutcomeClass.FAILED, "exit code 7", 7)
    assert good.failure is None


@pytest.mark.requirement("ENG-010")
def test_times_fit_together(runner: StepRunner, make: Make) -> None:
    runner.start_many([make(lasts_ms=120)])
    found = finished(runner)
    assert found.duration_ms >= 120
    assert found.started_at + 120 <= found.ended_at + 5


def test_what_can_never_start_is_refused_and_not_known(runner: StepRunner, make: Make) -> None:
    refusals = runner.start_many([make("never", refusal="nothing to run"), make("good")])
    assert [refusal.key for refusal in refusals] == [key("never")]
    assert all(refusal.reason for refusal in refusals)
    ends(runner, "good")
    assert [attempt.key for attempt in runner.known()] == [key("good")]


@pytest.mark.requirement("CMP-020")
def test_independent_attempts_overlap(runner: StepRunner, make: Make) -> None:
    steps = [f"s{number}" for number in range(4)]
    runner.start_many([make(step, lasts_ms=400) for step in steps])
    found = [end for end in ends(runner, *steps).values() if isinstance(end, Finished)]
    assert max(end.started_at for end in found) < min(end.ended_at for end in found)


@pytest.mark.requirement("ENG-010", "ENG-049")
@pytest.mark.parametrize("stubborn_ms", [0, FOR_EVER])
def test_a_timeout(runner: StepRunner, make: Make, stubborn_ms: int) -> None:
    runner.start_many([make(lasts_ms=FOR_EVER, timeout_ms=200, stubborn_ms=stubborn_ms)])
    found = finished(runner)
    assert found.failure is OutcomeClass.TIMEOUT
    assert found.duration_ms >= (500 if stubborn_ms else 200)


@pytest.mark.parametrize("why", [OutcomeClass.INTERRUPTED, OutcomeClass.DISRUPTED])
def test_a_stop_says_why_and_the_first_one_counts(runner: StepRunner, make: Make, why: OutcomeClass) -> None:
    runner.start_many([make(lasts_ms=FOR_EVER)])
    runner.stop(key(), why)
    runner.stop(key(), OutcomeClass.TIMEOUT)
    assert finished(runner).failure is why
    runner.stop(key(), why)
    assert list(runner.observe(50)) == []


def test_stopping_what_is_unknown_or_ended_changes_nothing(runner: StepRunner, make: Make) -> None:
    runner.stop(key("unknown"), OutcomeClass.INTERRUPTED)
    runner.start_many([make()])
    finished(runner)
    runner.stop(key(), OutcomeClass.INTERRUPTED)
    assert list(runner.observe(50)) == []
    assert [attempt.key for attempt in runner.known()] == [key()]


def test_a_launch_may_be_repeated(runner: StepRunner, make: Make) -> None:
    launch = make(lasts_ms=100)
    runner.start_many([launch, launch])
    runner.start_many([launch])
    ends(runner, "step")
    runner.start_many([launch])
    assert list(runner.observe(50)) == []


def test_but_not_with_another_input(runner: StepRunner, make: Make) -> None:
    runner.start_many([make()])
    with pytest.raises(InvariantViolated):
        runner.start_many([make("other"), make(content=b"[]")])
    assert ends(runner, "step").keys() == {"step"}
    assert [attempt.key for attempt in runner.known()] == [key()]


def test_another_attempt_is_another_thing(subject: Subject, runner: StepRunner, make: Make) -> None:
    runner.start_many([make()])
    finished(runner)
    runner.start_many([subject.launch(key(attempt=2), Script(output=b"2"), b"[]")])
    assert finished(runner).key == key(attempt=2)
    assert runner.collect(key(attempt=2)).output == b"2"


@pytest.mark.requirement("CMP-027")
def test_the_next_driver_knows_everything(subject: Subject, make: Make) -> None:
    first = subject.runner()
    launches = [make("done", output=b"1"), make("running", lasts_ms=500)]
    first.start_many(launches)
    ends(first, "done")
    second = subject.runner()
    assert {(attempt.key.step, attempt.running, attempt.input_digest) for attempt in second.known()} == {
        ("done", False, launches[0].input_digest),
        ("running", True, launches[1].input_digest),
    }
    second.start_many(launches)
    found = ends(second, "done", "running")
    assert [end.failure for end in found.values() if isinstance(end, Finished)] == [None, None]
    assert second.collect(key("done")).output == b"1"


@pytest.mark.requirement("CMP-027")
def test_what_is_lost_is_lost_for_every_driver(subject: Subject, runner: StepRunner, make: Make) -> None:
    runner.start_many([make("done"), make("running", lasts_ms=FOR_EVER)])
    ends(runner, "done")
    while not any(attempt.key == key("running") and attempt.running for attempt in runner.known()):
        runner.observe(20)
    subject.lose_all()
    for driver in (subject.runner(), subject.runner()):
        found = ends(driver, "done", "running")
        assert isinstance(found["done"], Finished)
        assert isinstance(found["running"], Lost)
        assert found["running"].reason
        assert not any(attempt.running for attempt in driver.known())
        driver.start_many([make("running", lasts_ms=FOR_EVER)])
        assert list(driver.observe(50)) == []


def test_progress(runner: StepRunner, make: Make) -> None:
    runner.start_many([make(progress=[(0, 2, 3)], lasts_ms=50)])
    seen: list[Observation] = []
    for _ in range(LOOKS):
        seen += runner.observe(100)
        if any(isinstance(found, Finished) for found in seen):
            break
    assert [type(found) for found in seen] == [Started, Progress, Finished]
    assert seen[1] == Progress(key(), 2, 3)


def test_waiting_ends_when_something_happens(runner: StepRunner, make: Make) -> None:
    """Nothing like the hour is waited for: neither on a real clock nor on a pretended one."""
    before = os.times().elapsed
    runner.start_many([make(lasts_ms=50)])
    while not any(isinstance(found, Finished) for found in runner.observe(FOR_EVER)):
        pass
    assert os.times().elapsed - before < 60
