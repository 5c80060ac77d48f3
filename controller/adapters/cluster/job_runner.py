"""How do attempts run on a cluster? Each is a Job; what its pod came to decides what became of it."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from controller.adapters.cluster import fiber
from controller.adapters.cluster.jobs.creation import creation_refusal
from controller.adapters.cluster.jobs.judge import Ended, Queued, Running, judge
from controller.adapters.cluster.jobs.message import artifact
from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.jobs.render import LARGEST_INLINE, LARGEST_PLAN, plan_of, render
from controller.adapters.cluster.names import EFFECT, attempt_key, effect_digest, input_digest, job_name
from controller.adapters.cluster.together import together
from controller.errors import (
    AgentUnfit,
    AlreadyExists,
    Forbidden,
    InvariantViolated,
    NotFound,
    ObjectInvalid,
    VerificationFailed,
)
from controller.model.attempt import (
    AttemptKey,
    Collected,
    Finished,
    KnownAttempt,
    Launch,
    Observation,
    Refusal,
    Started,
)
from controller.model.states import OutcomeClass
from controller.ports.blob_store import BlobStore
from controller.ports.clock import Clock

Json = dict[str, Any]

FEW_FILES = 30
"""So many files, with their contents if they are small, fit into a Job in any case."""

PATIENCE_WITHOUT_POD_MS = 15_000
"""How long a Job may have no pod before its events are asked why: the Job controller makes one within a second, and backs
off between refusals."""


class Jobs(Protocol):
    """The Jobs and pods of a run tree as they are known, and what can be asked of the API server."""

    def known(self) -> Iterable[Json]:
        """Return the Jobs of the tree."""

    def pods(self, job: str) -> Sequence[Json]:
        """Return the pods of a Job."""

    def job(self, name: str) -> Json | None:
        """Return a Job of the tree by its name."""

    async def create(self, job: Json) -> Json:
        """Create a Job. Raises AlreadyExists and what the API server says."""

    async def fetch(self, name: str) -> Json:
        """Read a Job from the API server. Raises NotFound."""

    async def end(self, job: Json, pods: Sequence[Json], now: int) -> None:
        """Ask the pods of a Job to end; delete a Job that has none."""

    async def refusals(self, job: Json) -> Sequence[Json]:
        """Return the events that say why a Job gets no pod."""


class _Attempt(NamedTuple):
    """What this process knows of an attempt beyond its objects."""

    job: str
    stopped_as: OutcomeClass | None = None
    launched_at: int | None = None
    """On the monotonic clock, where this process launched it."""
    queue_timeout_ms: int | None = None
    asked_at: int | None = None
    """On the monotonic clock, when its events were last asked why it has no pod."""
    has_pod: bool = False
    started: bool = False
    ended: Ended | None = None


class JobRunner:
    """Implements StepRunner for one run tree."""

    def __init__(self, jobs: Jobs, place_of: Callable[[Launch], Place], blobs: BlobStore, clock: Clock) -> None:
        self._jobs = jobs
        self._place_of = place_of
        self._blobs = blobs
        self._clock = clock
        self._attempts: dict[AttemptKey, _Attempt] = {}
        self._dirty: dict[str, None] = {}
        """Jobs of which something changed since the last look."""

    # The port

    def known(self) -> Sequence[KnownAttempt]:
        found: list[KnownAttempt] = []
        for job in self._jobs.known():
            key = attempt_key(job)
            name = job["metadata"]["name"]
            self._attempts.setdefault(key, _Attempt(name))
            self._dirty[name] = None
            verdict = judge(job, self._jobs.pods(name))
            found.append(KnownAttempt(key, input_digest(job), not isinstance(verdict, Ended)))
        return found

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        refusals: list[Refusal] = []
        creating: list[Coroutine[Any, Any, Refusal | None]] = []
        for launch in launches:
            name = job_name(launch.key, self._place_of(launch).run_name)
            known = self._attempts.get(launch.key)
            self._attempts[launch.key] = (known or _Attempt(name))._replace(
                launched_at=self._clock.monotonic(), queue_timeout_ms=launch.queue_timeout_ms
            )
            self._dirty[name] = None
            there = self._jobs.job(name)
            if there is not None:
                self._adopt(launch, there)
                continue
            try:
                job = render(launch, self._place(launch))
            except AgentUnfit as error:
                job = error.message
            if isinstance(job, str):
                refusals.append(Refusal(launch.key, job))
            else:
                creating.append(self._create(launch, job))
        if creating:
            refusals += [refusal for refusal in fiber.wait(together(creating)) if refusal is not None]
        for refusal in refusals:
            self._attempts.pop(refusal.key, None)
        return refusals

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        known = self._attempts.get(key)
        if known is None or known.ended is not None:
            return
        self._attempts[key] = known._replace(stopped_as=why)
        self._dirty[known.job] = None
        job = self._jobs.job(known.job)
        if job is not None:
            fiber.wait(self._jobs.end(job, self._jobs.pods(known.job), self._clock.now()))

    def observe(self, wait_ms: int) -> Sequence[Observation]:  # noqa: ARG002 - a turn follows every change
        seen: list[Observation] = []
        dirty, self._dirty = self._dirty, {}
        by_job = {known.job: key for key, known in self._attempts.items()} if dirty else {}
        for name in dirty:
            key = by_job.get(name)
            if key is not None:
                seen += self._look(key)
        return seen

    def collect(self, key: AttemptKey) -> Collected:
        known = self._attempts.get(key)
        if known is None or known.ended is None:
            raise NotFound(f"{key} has not ended: there is nothing to collect")
        message = known.ended.message
        collected, problems = message.collected, list(message.collected.problems)
        output, receipt, artifacts = collected.output, collected.receipt, list(collected.artifacts)
        try:
            if message.output_blob is not None:
                output = self._blobs.get(message.output_blob)
            if message.receipt_blob is not None:
                receipt = self._blobs.get(message.receipt_blob)
            if message.list_blob is not None:
                artifacts += map(artifact, orjson.loads(self._blobs.get(message.list_blob)))
        except (NotFound, VerificationFailed, ValueError) as error:
            problems.append(f"what its courier stored cannot be read: {error}")
        return Collected(output, receipt, artifacts, problems)

    # Beyond the port

    def touch(self, job: str) -> None:
        """Note that a Job or a pod of it changed."""
        self._dirty[job] = None

    def until_next(self) -> int | None:
        """Return in how many milliseconds an attempt that does not start must be looked at; None: none waits."""
        now = self._clock.monotonic()
        limits = [limit - now for known in self._attempts.values() if (limit := _limit(known)) is not None]
        return max(0, min(limits)) if limits else None

    def expire(self) -> None:
        """Look again at attempts that should have started by now."""
        now = self._clock.monotonic()
        for known in self._attempts.values():
            limit = _limit(known)
            if limit is not None and limit <= now:
                self._dirty[known.job] = None

    def _look(self, key: AttemptKey) -> list[Observation]:
        known = self._attempts[key]
        if known.ended is not None:
            return []
        job, pods = self._jobs.job(known.job), self._jobs.pods(known.job)
        verdict = judge(job, pods, key=key, stopped_as=known.stopped_as)
        match verdict:
            case Ended(outcome=outcome):
                self._attempts[key] = known._replace(ended=verdict)
                return [outcome]
            case Running(started_at=at):
                if known.started:
                    return []
                self._attempts[key] = known._replace(started=True)
                return [Started(key, at)]
            case Queued():
                return self._waiting(key, known, verdict, job)

    def _waiting(self, key: AttemptKey, known: _Attempt, verdict: Queued, job: Json | None) -> list[Observation]:
        """An attempt that does not start: nothing happened yet, or it never will."""
        if known.launched_at is None:
            return []
        now = self._clock.monotonic()
        if known.queue_timeout_ms is not None and now - known.launched_at >= known.queue_timeout_ms:
            why = verdict.reason or "no node took it"
            return self._give_up(key, known, OutcomeClass.TIMEOUT, f"did not start in time: {why}")
        known = self._attempts[key] = known._replace(has_pod=verdict.has_pod)
        if job is not None and not known.has_pod and now >= _patience_ends(known):
            self._attempts[key] = known._replace(asked_at=now)
            refused = creation_refusal(fiber.wait(self._jobs.refusals(job)))
            if refused is not None:
                return self._give_up(key, known, OutcomeClass.REJECTED, refused)
        return []

    def _give_up(self, key: AttemptKey, known: _Attempt, why: OutcomeClass, reason: str) -> list[Observation]:
        job = self._jobs.job(known.job)
        if job is not None:
            fiber.wait(self._jobs.end(job, self._jobs.pods(known.job), self._clock.now()))
        now = self._clock.now()
        outcome = Finished(key, why, reason, None, now, now, 0)
        self._attempts[key] = known._replace(ended=Ended(outcome))
        return [outcome]

    async def _create(self, launch: Launch, job: Json) -> Refusal | None:
        try:
            await self._jobs.create(job)
        except AlreadyExists:
            # If somebody is deleting it, it is lost and not adopted: the next look at it says so.
            self._adopt(launch, await self._jobs.fetch(job["metadata"]["name"]))
        except ObjectInvalid as error:
            return Refusal(launch.key, error.message)
        except Forbidden as error:
            if error.quota:
                raise
            return Refusal(launch.key, error.message)
        return None

    def _place(self, launch: Launch) -> Place:
        """Return the place of an attempt; what is too large for a Job is stored before. Raises AgentUnfit."""
        place = self._place_of(launch)
        if len(launch.input) > LARGEST_INLINE:
            place = place._replace(input_blob=self._blobs.put(launch.input))
        if len(launch.staged) + len(launch.agent_files) > FEW_FILES:
            plan = orjson.dumps(plan_of(launch, place))
            if len(plan) > LARGEST_PLAN:
                place = place._replace(staged_blob=self._blobs.put(plan))
        return place

    def _adopt(self, launch: Launch, job: Mapping[str, Any]) -> None:
        """Take a Job that is there for ours, if it is; fail loudly if it only has our name."""
        metadata = job["metadata"]
        owners = {owner["uid"] for owner in metadata.get("ownerReferences", ())}
        place = self._place_of(launch)
        if place.run_object_uid not in owners:
            raise InvariantViolated(f"Job {metadata['name']} belongs to somebody else: the name is taken")
        if metadata.get("annotations", {}).get(EFFECT) != effect_digest(launch.key, launch.input_digest):
            raise InvariantViolated(f"{launch.key} was started before with another input (Job {metadata['name']})")


def _limit(known: _Attempt) -> int | None:
    """When an attempt that did not start must be looked at again, on the monotonic clock; None: when something changes."""
    if known.launched_at is None or known.started or known.ended is not None:
        return None
    limits = [] if known.has_pod else [_patience_ends(known)]
    if known.queue_timeout_ms is not None:
        limits.append(known.launched_at + known.queue_timeout_ms)
    return min(limits, default=None)


def _patience_ends(known: _Attempt) -> int:
    """When the events of an attempt without a pod must be asked, on the monotonic clock."""
    return (known.asked_at or known.launched_at or 0) + PATIENCE_WITHOUT_POD_MS
