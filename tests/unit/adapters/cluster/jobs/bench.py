"""A runner with the API server that it sees: Jobs and pods, and a cache that may lag behind."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from controller.adapters.cluster import fiber
from controller.adapters.cluster.job_runner import JobRunner
from controller.adapters.cluster.names import STOPPED_AS
from controller.adapters.memory import MemoryBlobStore
from controller.errors import AlreadyExists, LibrettoError, NotFound
from controller.model.attempt import Finished, Launch, Observation, Refusal
from controller.model.states import OutcomeClass
from tests.fakes.clock import SettableClock
from tests.unit.adapters.cluster.jobs.pods import KEY, PLACE, launch

Json = dict[str, Any]
T = TypeVar("T")

CREATED = "2025-12-01T12:00:00Z"
"""When the API server made every Job: as the clock of the tests starts."""


class Jobs:
    """An API server with its Jobs and pods, and a cache that may lag behind it."""

    def __init__(self) -> None:
        self.there: dict[str, Json] = {}
        self.unseen: set[str] = set()
        """Jobs that the cache does not know yet."""
        self.of: dict[str, list[Json]] = {}
        self.untold: dict[str, list[Json]] = {}
        """Pods that are there and that no watch told of yet."""
        self.refuses: LibrettoError | None = None
        self.ends: list[tuple[str, int, OutcomeClass]] = []
        """Name of a Job, number of the pods that were asked to end, and as what."""

    def known(self) -> Iterable[Json]:
        return [job for name, job in self.there.items() if name not in self.unseen]

    def pods(self, job: str) -> Sequence[Json]:
        return self.of.get(job, ())

    async def fetch_pods(self, job: str) -> Sequence[Json]:
        self.of[job] = [*self.pods(job), *self.untold.pop(job, ())]
        return self.of[job]

    def job(self, name: str) -> Json | None:
        return None if name in self.unseen else self.there.get(name)

    async def create(self, job: Json) -> Json:
        await asyncio.sleep(0)
        if self.refuses is not None:
            raise self.refuses
        name = job["metadata"]["name"]
        if name in self.there:
            raise AlreadyExists(name)
        metadata = {**job["metadata"], "creationTimestamp": CREATED}
        self.there[name] = {**job, "metadata": metadata, "status": {}}
        return self.there[name]

    async def fetch(self, name: str) -> Json:
        if name not in self.there:
            raise NotFound(name)
        self.unseen.discard(name)
        return self.there[name]

    async def end(self, job: Json, pods: Sequence[Json], now: int, why: OutcomeClass) -> None:
        del now
        name = job["metadata"]["name"]
        self.ends.append((name, len(pods), why))
        if not pods:
            del self.there[name]
        for one in pods:
            one["metadata"]["annotations"][STOPPED_AS] = why.value

    async def refusals(self, job: Json) -> Sequence[Json]:
        raise AssertionError("nobody waited for so long")


class World:
    """A process with its runner; `again` is the next one."""

    def __init__(self, jobs: Jobs | None = None) -> None:
        self.jobs, self.clock, self.blobs = jobs or Jobs(), SettableClock(), MemoryBlobStore()
        self.runner = JobRunner(self.jobs, lambda _: PLACE, self.blobs, self.clock)

    def again(self) -> "World":
        return World(self.jobs)

    def start(self, *launches: Launch) -> Sequence[Refusal]:
        return played(lambda: self.runner.start_many(launches or [launch()]))

    @property
    def name(self) -> str:
        (name,) = self.jobs.there
        return name

    def show(self, *pods: Json, job: Json | None = None) -> None:
        """Let the watch tell of these pods, and of a condition of the Job."""
        name = self.name
        self.jobs.of[name] = list(pods)
        if job is not None:
            self.jobs.there[name]["status"] = {"conditions": [{"status": "True", **job}]}
        self.runner.touch(name)

    def look(self) -> Sequence[Observation]:
        return played(lambda: self.runner.observe(0))

    def stop(self, why: OutcomeClass = OutcomeClass.INTERRUPTED) -> None:
        played(lambda: self.runner.stop(KEY, why))


def played(function: Callable[[], T]) -> T:
    return asyncio.run(fiber.run(function))


def finished(seen: Sequence[Observation]) -> Finished:
    (only,) = seen
    assert isinstance(only, Finished), only
    return only
