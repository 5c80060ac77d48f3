"""What is asked to end ends, whatever the platform does meanwhile, and nothing of it begins again."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from typing import Any, TypeVar

import pytest

from controller.adapters.cluster import fiber
from controller.adapters.cluster.job_runner import JobRunner
from controller.adapters.cluster.jobs.judge import MOST_DISRUPTIONS
from controller.adapters.cluster.jobs.overdue import MARGIN_MS
from controller.adapters.cluster.names import STOPPED_AS
from controller.adapters.memory import MemoryBlobStore
from controller.errors import NotFound
from controller.model.attempt import Finished, Lost, Observation, Started
from controller.model.states import OutcomeClass
from tests.fakes.clock import SettableClock
from tests.unit.adapters.cluster.jobs.pods import (
    ENDED_MS,
    KEY,
    PLACE,
    WHOLE,
    Json,
    ended,
    launch,
    pod,
    running,
    waiting,
)

T = TypeVar("T")

RUNS = pod("Running", running(), courier=running(), stage=ended())
DRAINED = pod("Failed", ended(143), disruption="EvictionByEvictionAPI")
UNPLACED = pod("Pending")
PULLS = pod("Pending", waiting("ImagePullBackOff"), stage=ended(), courier=running())
STOPPED = pod("Failed", ended(143), courier=ended(message='{"v":1}'), stage=ended(), reason="DeadlineExceeded")


class Jobs:
    """The Jobs of an API server, with one attempt at most, and what was asked of them."""

    def __init__(self) -> None:
        self.job_of_attempt: Json | None = None
        self.listed: list[Json] = []
        self.calls: list[tuple[str, ...]] = []

    def known(self) -> Iterable[Json]:
        return () if self.job_of_attempt is None else (self.job_of_attempt,)

    def pods(self, job: str) -> Sequence[Json]:
        del job
        return self.listed

    async def fetch_pods(self, job: str) -> Sequence[Json]:
        return self.pods(job)

    def job(self, name: str) -> Json | None:
        del name
        return self.job_of_attempt

    async def create(self, job: Json) -> Json:
        self.job_of_attempt = job
        return job

    async def fetch(self, name: str) -> Json:
        raise NotFound(name)

    async def end(self, job: Json, pods: Sequence[Json], now: int, why: OutcomeClass) -> None:
        del now
        assert job is self.job_of_attempt
        for one in pods:
            one["metadata"]["annotations"][STOPPED_AS] = why.value
            self.calls.append(("end", one["metadata"]["uid"], why.value))
        if not pods:
            self.job_of_attempt = None
            self.calls.append(("discard",))

    async def refusals(self, job: Json) -> Sequence[Json]:
        del job
        return ()


class World:
    """A runner with one attempt that was launched."""

    def __init__(self, *pods: Json, queue_timeout_ms: int | None = None) -> None:
        self.jobs, self.clock = Jobs(), SettableClock()
        self.runner = JobRunner(self.jobs, lambda _: PLACE, MemoryBlobStore(), self.clock)
        assert _played(self.runner.start_many, [launch(queue_timeout_ms=queue_timeout_ms)]) == []
        self.now(*pods)

    def now(self, *pods: Json) -> Sequence[Observation]:
        """These are its pods now."""
        self.jobs.listed = deepcopy([*pods])
        for job in self.jobs.known():
            self.runner.touch(job["metadata"]["name"])
        return _played(self.runner.observe, 0)

    def stop(self, why: OutcomeClass = OutcomeClass.INTERRUPTED) -> None:
        _played(self.runner.stop, KEY, why)

    def gone(self) -> Observation:
        """All pods are gone; what is said then."""
        self.jobs.listed = []
        (seen,) = _played(self.runner.observe, 0)
        return seen


def _played(function: Callable[..., T], *given: Any) -> T:
    return asyncio.run(fiber.run(function, *given))


def failure(seen: Sequence[Observation]) -> OutcomeClass | None:
    (one,) = seen
    assert isinstance(one, Finished)
    return one.failure


@pytest.mark.requirement("K8S-012")
def test_what_runs_is_asked_once_and_keeps_its_pod() -> None:
    world = World(RUNS)
    world.stop()
    assert _played(world.runner.observe, 0) == []
    assert world.jobs.calls == [("end", "pod-uid-1", "Interrupted")]
    assert failure(world.now(STOPPED)) is OutcomeClass.INTERRUPTED
    assert world.jobs.job_of_attempt is not None


def test_what_pulls_its_image_is_ended_by_its_node() -> None:
    world = World(PULLS)
    world.stop()
    assert world.jobs.calls == [("end", "pod-uid-1", "Interrupted")]


@pytest.mark.parametrize("pods", [[], [UNPLACED]], ids=["no pod", "a pod that no node has"])
def test_what_has_not_begun_never_does(pods: list[Json]) -> None:
    # A deadline counts from when a node takes the pod: it would run then, and until then nothing ended.
    world = World(*pods)
    world.stop()
    assert world.jobs.calls == [("discard",)]
    seen = world.gone()
    assert isinstance(seen, Finished)
    assert seen.failure is OutcomeClass.INTERRUPTED


def test_what_could_not_begin_in_time_never_does() -> None:
    world = World(UNPLACED, queue_timeout_ms=1000)
    world.clock.advance(1000)
    assert failure(world.now(UNPLACED)) is OutcomeClass.TIMEOUT
    assert world.jobs.calls == [("discard",)]


def test_what_was_taken_away_has_begun_in_time() -> None:
    world = World(RUNS, queue_timeout_ms=1000)
    world.clock.advance(5000)
    assert world.now(DRAINED) == []
    assert world.now(DRAINED, pod("Pending", number=2)) == []
    assert world.jobs.calls == []


def test_what_is_taken_away_as_it_ends_is_not_started_again() -> None:
    world = World(RUNS)
    world.stop()
    assert failure(world.now(DRAINED)) is OutcomeClass.INTERRUPTED
    assert world.jobs.calls == [("end", "pod-uid-1", "Interrupted"), ("discard",)]


def test_a_stop_between_two_pods_leaves_none() -> None:
    world = World(DRAINED)
    world.stop()
    assert world.jobs.calls == [("discard",)]


def test_a_pod_that_was_made_meanwhile_is_asked_as_well() -> None:
    world = World(RUNS)
    world.stop()
    again = pod("Running", running(), courier=running(), stage=ended(), number=2)
    assert world.now(again) == []
    assert world.jobs.calls == [("end", "pod-uid-1", "Interrupted"), ("end", "pod-uid-2", "Interrupted")]


def test_a_pod_that_does_not_end_is_told_once_its_time_is_over() -> None:
    world = World(RUNS)
    leaving = deepcopy(RUNS)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-20T12:00:35Z"
    leaving["spec"] = {"nodeName": "n1"}
    world.clock.set(ENDED_MS)
    assert world.now(leaving) == []
    assert (world.runner.until_next(), world.runner.unreachable()) == (MARGIN_MS, "")
    world.clock.advance(MARGIN_MS)
    assert world.runner.until_next() is None
    assert "node n1 does not answer" in world.runner.unreachable()
    gone = pod("Failed", ended(137), disruption="DeletionByPodGC")
    assert world.now(gone) == []
    assert world.runner.unreachable() == ""


def test_pods_that_vanish_are_counted() -> None:
    world = World(RUNS)
    for number in range(1, MOST_DISRUPTIONS):
        gone = pod("Failed", ended(143), disruption="EvictionByEvictionAPI", number=number)
        assert world.now(gone) == []
    last = pod("Failed", ended(143), disruption="EvictionByEvictionAPI", number=MOST_DISRUPTIONS)
    assert failure(world.now(last)) is OutcomeClass.FAILED
    assert world.jobs.calls == [("discard",)]


def test_a_success_that_was_evicted_afterwards_is_not_repeated() -> None:
    done = pod("Failed", ended(), courier=ended(message=WHOLE), stage=ended(), disruption="TerminationByKubelet")
    world = World(RUNS)
    assert failure(world.now(done)) is None
    assert world.jobs.calls == [("discard",)]


def test_the_start_is_told_though_it_is_being_stopped() -> None:
    world = World(PULLS)
    world.stop()
    (seen,) = world.now(RUNS)
    assert isinstance(seen, Started)


def test_what_may_run_once_is_not_started_again_by_the_platform() -> None:
    jobs = Jobs()
    runner = JobRunner(jobs, lambda _: PLACE, MemoryBlobStore(), SettableClock())
    assert _played(runner.start_many, [launch(at_most_once=True)]) == []
    assert jobs.job_of_attempt is not None
    assert "podFailurePolicy" not in jobs.job_of_attempt["spec"]
    jobs.listed = [DRAINED]
    (seen,) = _played(runner.observe, 0)
    assert isinstance(seen, Lost)
