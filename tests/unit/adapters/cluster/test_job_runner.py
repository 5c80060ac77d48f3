"""Attempts as Jobs: made once, adopted or refused, told of once, stopped, and found again by the next process."""

import json
from typing import Any

import pytest

from controller.errors import Forbidden, InvariantViolated, LibrettoError, ObjectInvalid
from controller.model.agent import AgentSpec, Image
from controller.model.attempt import KnownAttempt, Refusal, Started
from controller.model.digest import digest_bytes
from controller.model.states import OutcomeClass
from tests.unit.adapters.cluster.jobs.bench import World, finished
from tests.unit.adapters.cluster.jobs.pods import (
    BEGAN_MS,
    COMPLETE,
    FAILED,
    KEY,
    PLACE,
    ended,
    launch,
    pod,
    running,
    succeeded,
)
from tests.unit.adapters.cluster.jobs.rows_of_the_platform import drained

Json = dict[str, Any]


@pytest.mark.requirement("K8S-008")
def test_an_attempt_is_one_job() -> None:
    world = World()
    assert world.start() == []
    assert world.start() == []
    assert len(world.jobs.there) == 1
    assert world.jobs.there[world.name]["metadata"]["namespace"] == PLACE.namespace


@pytest.mark.requirement("K8S-008")
def test_a_job_that_the_cache_does_not_know_yet_is_adopted() -> None:
    world = World()
    world.start()
    world.jobs.unseen.add(world.name)
    assert world.again().start() == []
    assert not world.jobs.unseen


@pytest.mark.requirement("K8S-008")
@pytest.mark.parametrize("seen", [True, False], ids=["the cache has it", "the server says so"])
def test_a_job_of_another_input_is_no_attempt_of_ours(seen: bool) -> None:
    world = World()
    world.start()
    if not seen:
        world.jobs.unseen.add(world.name)
    with pytest.raises(InvariantViolated, match="was started before with another input"):
        world.again().start(launch(given={"other": 1}))


@pytest.mark.requirement("K8S-008")
@pytest.mark.parametrize("owners", [[], [{"uid": "somebody"}]], ids=["nobody's", "somebody's"])
def test_a_name_that_is_taken_is_told_loudly(owners: list[Json]) -> None:
    world = World()
    world.start()
    world.jobs.there[world.name]["metadata"]["ownerReferences"] = owners
    with pytest.raises(InvariantViolated, match="belongs to somebody else: the name is taken"):
        world.again().start()


def test_what_can_never_run_is_refused_and_forgotten() -> None:
    world = World()
    (refusal,) = world.start(launch(AgentSpec()))
    assert refusal.key == KEY
    assert refusal.reason
    assert world.jobs.there == {}
    world.jobs.refuses = None
    assert world.look() == []
    assert world.start() == []


@pytest.mark.parametrize(
    "error",
    [
        ObjectInvalid("spec.template: Invalid value"),
        Forbidden('violates PodSecurity "restricted:latest"'),
    ],
    ids=["invalid", "forbidden"],
)
def test_what_the_server_refuses_is_refused(error: LibrettoError) -> None:
    world = World()
    world.jobs.refuses = error
    assert world.start() == [Refusal(KEY, error.message)]
    assert world.runner.until_next() is None


def test_a_quota_of_jobs_may_pass_and_refuses_nothing() -> None:
    world = World()
    world.jobs.refuses = Forbidden("exceeded quota: count/jobs.batch", quota=True)
    with pytest.raises(Forbidden, match="count/jobs"):
        world.start()
    world.jobs.refuses = None
    assert world.again().start() == []
    assert len(world.jobs.there) == 1


def test_one_refusal_of_many_hinders_nobody() -> None:
    others = [launch()._replace(key=KEY._replace(step=f"load[{number}]")) for number in range(20)]
    world = World()
    bad = launch(AgentSpec())
    assert [one.key for one in world.start(*others[:10], bad._replace(key=KEY._replace(step="bad")), *others[10:])] == [
        KEY._replace(step="bad")
    ]
    assert len(world.jobs.there) == 20


def test_an_input_too_large_for_a_job_is_stored() -> None:
    world = World()
    large = json.dumps({"payload": "x" * 20_000}).encode()
    plain = launch()
    assert world.start(plain._replace(input=large, input_digest=digest_bytes(large))) == []
    assert world.blobs.get(digest_bytes(large)) == large
    assert "x" * 100 not in json.dumps(world.jobs.there)


# Looking


def test_what_happens_is_told_once() -> None:
    world = World()
    world.start()
    assert world.look() == []
    world.show(pod("Running", running(), courier=running(), stage=ended()))
    assert world.look() == [Started(KEY, BEGAN_MS)]
    world.runner.touch(world.name)
    assert world.look() == []
    world.show(succeeded(), job=COMPLETE)
    assert finished(world.look()).failure is None
    world.runner.touch(world.name)
    assert world.look() == []


def test_an_end_may_come_before_anybody_saw_its_start() -> None:
    world = World()
    world.start()
    world.show(pod("Failed", ended(3), courier=ended(message='{"v":1}'), stage=ended()), job=FAILED)
    assert finished(world.look()).exit_code == 3


def test_jobs_of_others_say_nothing() -> None:
    world = World()
    world.start()
    assert world.runner.touch("somebody-s-job")
    assert world.look() == []


# Stopping


def test_a_stop_asks_the_pods_and_the_end_says_why() -> None:
    world = World()
    world.start()
    world.show(pod("Running", running(), courier=running(), stage=ended()))
    world.look()
    world.stop()
    assert world.jobs.ends == [(world.name, 1, OutcomeClass.INTERRUPTED)]
    assert world.look() == []  # its program still has its grace
    over = pod("Failed", ended(143), courier=ended(message='{"v":1}'), stage=ended(), reason="DeadlineExceeded")
    world.show(over, job=FAILED)
    assert finished(world.look()).failure is OutcomeClass.INTERRUPTED


def test_a_stop_before_there_is_a_pod_ends_it_at_once() -> None:
    world = World()
    world.start()
    world.stop(OutcomeClass.TIMEOUT)
    assert world.jobs.there == {}
    assert finished(world.look()).failure is OutcomeClass.TIMEOUT


def test_what_ended_or_never_was_is_not_stopped() -> None:
    world = World()
    world.stop()
    world.start()
    world.show(succeeded(), job=COMPLETE)
    world.look()
    world.stop()
    assert world.jobs.ends == []
    assert world.look() == []


def test_who_comes_after_a_stop_knows_why_it_was_stopped() -> None:
    world = World()
    world.start()
    stopped = pod("Running", running(), courier=running(), stage=ended())
    world.show(stopped)
    world.stop()
    over = pod("Failed", ended(143), courier=ended(message='{"v":1}'), stage=ended(), reason="DeadlineExceeded")
    over["metadata"] = stopped["metadata"]
    world.show(over, job=FAILED)
    later = world.again()
    later.runner.known()
    assert finished(later.look()).failure is OutcomeClass.INTERRUPTED


# What the platform takes away


@pytest.mark.requirement("K8S-014")
def test_a_pod_that_was_taken_away_is_no_end() -> None:
    world = World()
    world.start()
    world.show(drained())
    assert world.look() == []
    world.show(drained(), pod("Running", running(), courier=running(), number=2))
    assert world.look() == [Started(KEY, BEGAN_MS)]
    world.show(drained(), succeeded(number=2), job=COMPLETE)
    assert finished(world.look()).failure is None
    assert world.jobs.ends == []


@pytest.mark.requirement("K8S-014")
def test_ten_times_are_counted_though_the_pods_vanish_and_nothing_goes_on_afterwards() -> None:
    world = World()
    world.start()
    name = world.name
    for number in range(1, 10):
        world.show(drained(number))
        assert world.look() == []
    world.show(drained(10))
    end = finished(world.look())
    assert (end.failure, end.reason.partition(":")[0]) == (OutcomeClass.FAILED, "the platform took it away 10 times")
    assert world.jobs.ends == [(name, 0, OutcomeClass.DISRUPTED)]
    assert world.jobs.there == {}


def test_what_was_taken_away_and_asked_to_stop_does_not_run_again() -> None:
    world = World()
    world.start()
    name = world.name
    world.show(pod("Running", running(), courier=running(), stage=ended()))
    world.stop()
    world.show(drained())
    assert finished(world.look()).failure is OutcomeClass.INTERRUPTED
    assert world.jobs.ends[-1] == (name, 0, OutcomeClass.INTERRUPTED)
    assert world.jobs.there == {}


# The next process


@pytest.mark.requirement("K8S-019")
def test_the_next_process_finds_what_runs_and_hears_every_end_again() -> None:
    world = World()
    world.start()
    world.show(pod("Running", running(), courier=running(), stage=ended()))
    world.look()
    later = world.again()
    assert later.runner.known() == [KnownAttempt(KEY, launch().input_digest, running=True)]
    assert later.look() == [Started(KEY, BEGAN_MS)]
    later.show(succeeded(), job=COMPLETE)
    first = later.look()
    latest = later.again()
    assert latest.runner.known() == [KnownAttempt(KEY, launch().input_digest, running=False)]
    assert latest.look() == first
    assert latest.runner.collect(KEY).output == b'{"rows": 3}'


@pytest.mark.requirement("K8S-019")
def test_the_time_in_which_it_must_start_outlives_the_process() -> None:
    waits = launch(AgentSpec(image=Image(name="registry.example/tool:4")), queue_timeout_ms=10_000)
    world = World()
    world.start(waits)
    later = world.again()
    later.clock.advance(9_000)
    later.runner.known()
    assert later.runner.until_next() == 2_000  # the API server tells no fractions of a second
    later.start(waits)
    assert later.runner.until_next() == 2_000


@pytest.mark.requirement("K8S-019", "K8S-021")
@pytest.mark.parametrize("taken_before", [False, True], ids=["of no pod", "only of one that was taken away"])
def test_a_watch_of_pods_that_is_behind_makes_no_attempt_lost(taken_before: bool) -> None:
    world = World()
    world.start()
    world.show(*([drained(number=1)] if taken_before else []), job=COMPLETE)
    world.jobs.untold[world.name] = [succeeded(number=2)]
    assert finished(world.look()).failure is None
    assert not world.jobs.untold
