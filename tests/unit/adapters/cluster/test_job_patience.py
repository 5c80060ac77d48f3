"""What waits for a pod is looked at when its time is up, and not again and again until then."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from controller.adapters.cluster import fiber
from controller.adapters.cluster.job_runner import JobRunner
from controller.adapters.cluster.jobs.attempts import PATIENCE_WITHOUT_POD_MS
from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.names import Mark
from controller.adapters.memory import MemoryBlobStore
from controller.errors import NotFound
from controller.model.agent import AgentSpec, Process
from controller.model.attempt import AttemptKey, Finished, Launch, Observation
from controller.model.digest import digest_bytes
from controller.model.record import time_text
from controller.model.states import OutcomeClass, Role
from tests.fakes.clock import START, SettableClock

Json = dict[str, Any]
T = TypeVar("T")

KEY = AttemptKey("uid", "load", Role.DO, 1)
PLACE = Place("ns", "run", "object-uid", "uid", Mark(1, "lease"), "image", "image")
PENDING: Json = {
    "metadata": {"name": "pod", "creationTimestamp": "", "annotations": {}},
    "status": {"phase": "Pending"},
}


class Jobs:
    """Jobs as an API server would hold them."""

    def __init__(self) -> None:
        self.made: dict[str, Json] = {}
        self.listed: list[Json] = []
        self.events: list[Json] = []
        self.asked = 0

    def known(self) -> Iterable[Json]:
        return list(self.made.values())

    def pods(self, job: str) -> Sequence[Json]:
        del job
        return self.listed

    async def fetch_pods(self, job: str) -> Sequence[Json]:
        return self.pods(job)

    def job(self, name: str) -> Json | None:
        return self.made.get(name)

    async def create(self, job: Json) -> Json:
        made = {**job, "metadata": {**job["metadata"], "creationTimestamp": stamp(START)}}
        self.made[job["metadata"]["name"]] = made
        return made

    async def fetch(self, name: str) -> Json:
        raise NotFound(name)

    async def end(self, job: Json, pods: Sequence[Json], now: int, why: OutcomeClass) -> None:
        del pods, now, why
        del self.made[job["metadata"]["name"]]

    async def refusals(self, job: Json) -> Sequence[Json]:
        del job
        self.asked += 1
        return self.events


def stamp(moment: int) -> str:
    """A time as the API server writes it: without the fraction of its second."""
    return f"{time_text(moment)[:19]}Z"


class World:
    """A runner with one attempt that was just launched."""

    def __init__(self, queue_timeout_ms: int | None = None) -> None:
        self.jobs, self.clock = Jobs(), SettableClock()
        self.runner = JobRunner(self.jobs, lambda _: PLACE, MemoryBlobStore(), self.clock)
        agent = AgentSpec(process=Process(argv=["true"]))
        content = b"{}"
        launch = Launch(KEY, agent, {}, content, digest_bytes(content), queue_timeout_ms=queue_timeout_ms)
        assert _played(self.runner.start_many, [launch]) == []
        self.look()

    def look(self) -> Sequence[Observation]:
        self.runner.expire()
        return _played(self.runner.observe, 0)

    def another_leader(self) -> None:
        """It finds the Job, and knows nothing else."""
        self.runner = JobRunner(self.jobs, lambda _: PLACE, MemoryBlobStore(), self.clock)
        (known,) = self.runner.known()
        assert known.running

    def pod(self) -> None:
        self.jobs.listed = [PENDING]
        self.runner.touch(next(iter(self.jobs.made)))


def _played(function: Callable[..., T], *given: Any) -> T:
    return asyncio.run(fiber.run(function, *given))


def test_an_attempt_whose_pod_waits_for_a_node_is_left_alone() -> None:
    world = World()
    assert world.runner.until_next() == PATIENCE_WITHOUT_POD_MS
    world.pod()
    assert world.look() == []
    world.clock.advance(10 * PATIENCE_WITHOUT_POD_MS)
    assert world.look() == []
    assert world.runner.until_next() is None
    assert world.jobs.asked == 0


def test_without_a_pod_its_events_are_asked_now_and_then() -> None:
    world = World()
    for times in (1, 2):
        world.clock.advance(PATIENCE_WITHOUT_POD_MS)
        assert world.runner.until_next() == 0
        assert world.look() == []
        assert world.jobs.asked == times
        assert world.runner.until_next() == PATIENCE_WITHOUT_POD_MS
    world.jobs.events = [
        {"reason": "FailedCreate", "note": 'Error creating: pods "p" is forbidden: exceeded quota: q', "metadata": {}}
    ]
    world.clock.advance(PATIENCE_WITHOUT_POD_MS)
    (ended,) = world.look()
    assert isinstance(ended, Finished)
    assert (ended.failure, world.runner.until_next()) == (OutcomeClass.REJECTED, None)


def test_asking_does_not_prolong_the_time_in_which_it_must_start() -> None:
    world = World(queue_timeout_ms=PATIENCE_WITHOUT_POD_MS + 5_000)
    world.clock.advance(PATIENCE_WITHOUT_POD_MS)
    assert world.look() == []
    assert world.runner.until_next() == 5_000
    world.clock.advance(5_000)
    (ended,) = world.look()
    assert isinstance(ended, Finished)
    assert ended.failure is OutcomeClass.TIMEOUT


def test_the_time_in_which_it_must_start_counts_with_a_pod_too() -> None:
    world = World(queue_timeout_ms=20_000)
    world.pod()
    world.clock.advance(5_000)
    assert world.look() == []
    assert world.runner.until_next() == 15_000


SECOND_MS = 1000
"""By how much the API server's times may be late."""


def test_whoever_takes_over_goes_on_counting_the_time_in_which_it_must_start() -> None:
    world = World(queue_timeout_ms=20_000)
    world.clock.advance(12_000)
    world.another_leader()
    assert world.look() == []
    assert world.runner.until_next() == PATIENCE_WITHOUT_POD_MS - 12_000 + SECOND_MS
    world.clock.advance(8_000)
    world.another_leader()
    assert world.look() == []
    world.clock.advance(SECOND_MS)
    (ended,) = world.look()
    assert isinstance(ended, Finished)
    assert (ended.failure, ended.reason) == (OutcomeClass.TIMEOUT, "did not start in time: no node took it")


def test_whoever_takes_over_finds_out_why_there_is_no_pod() -> None:
    world = World()
    world.jobs.events = [
        {"reason": "FailedCreate", "note": 'Error creating: pods "p" is forbidden: exceeded quota: q', "metadata": {}}
    ]
    world.clock.advance(PATIENCE_WITHOUT_POD_MS + SECOND_MS)
    world.another_leader()
    (ended,) = world.look()
    assert isinstance(ended, Finished)
    assert ended.failure is OutcomeClass.REJECTED


def test_a_pod_that_was_made_later_waits_since_then() -> None:
    """Of what was taken away before nobody knows any more that it had started in time."""
    world = World(queue_timeout_ms=20_000)
    world.clock.advance(60_000)
    made = {"name": "pod", "uid": "p2", "creationTimestamp": stamp(world.clock.now()), "annotations": {}}
    world.jobs.listed = [{"metadata": made, "status": {"phase": "Pending"}}]
    world.another_leader()
    assert world.look() == []
    assert world.runner.until_next() == 20_000


def test_what_was_taken_away_had_started_in_time_whoever_leads() -> None:
    world = World(queue_timeout_ms=20_000)
    taken = {"name": "pod", "uid": "p1", "creationTimestamp": stamp(START), "annotations": {}}
    disrupted = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "drained"}
    world.jobs.listed = [{"metadata": taken, "status": {"phase": "Failed", "conditions": [disrupted]}}]
    world.clock.advance(60_000)
    world.another_leader()
    assert world.look() == []


def test_a_job_that_a_queue_suspended_waits_since_then() -> None:
    world = World(queue_timeout_ms=20_000)
    world.clock.advance(60_000)
    (job,) = world.jobs.made.values()
    suspended = {"type": "Suspended", "status": "True", "lastTransitionTime": stamp(world.clock.now() - 5_000)}
    job["spec"]["suspend"], job["status"] = True, {"conditions": [suspended]}
    world.another_leader()
    assert world.look() == []
    assert world.runner.until_next() == min(PATIENCE_WITHOUT_POD_MS, 20_000) - 5_000 + SECOND_MS


def test_of_an_attempt_that_has_ended_nothing_more_is_heard() -> None:
    world = World()
    (name,) = world.jobs.made
    assert world.runner.touch(name)
    world.jobs.made.clear()
    (ended,) = world.look()
    assert not world.runner.touch(name)
    assert world.runner.collect(ended.key).output is None
