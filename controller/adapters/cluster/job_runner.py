"""How do attempts run on a cluster? Each is a Job; what its pod came to decides what became of it."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Protocol

from controller.adapters.cluster import fiber
from controller.adapters.cluster.jobs import waiting
from controller.adapters.cluster.jobs.attempts import Attempt, Attempts
from controller.adapters.cluster.jobs.creation import creation_refusal
from controller.adapters.cluster.jobs.judge import Ended, Queued, Running, has_told, judge, taken_away
from controller.adapters.cluster.jobs.message import stored_list
from controller.adapters.cluster.jobs.overdue import Overdue
from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.jobs.pod_status import has_begun, lives_unasked
from controller.adapters.cluster.jobs.render import render
from controller.adapters.cluster.jobs.staging import Staging
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
from controller.model.digest import Digest
from controller.model.states import OutcomeClass
from controller.ports.blob_store import BlobStore
from controller.ports.clock import Clock

Json = dict[str, Any]


class Jobs(Protocol):
    """The Jobs and pods of a run tree as they are known, and what can be asked of the API server."""

    def known(self) -> Iterable[Json]:
        """Return the Jobs of the tree."""

    def pods(self, job: str) -> Sequence[Json]:
        """Return the pods of a Job, as far as they are known."""

    async def fetch_pods(self, job: str) -> Sequence[Json]:
        """Read the pods of a Job from the API server."""

    def job(self, name: str) -> Json | None:
        """Return a Job of the tree by its name."""

    async def create(self, job: Json) -> Json:
        """Create a Job. Raises AlreadyExists and what the API server says."""

    async def fetch(self, name: str) -> Json:
        """Read a Job from the API server. Raises NotFound."""

    async def end(self, job: Json, pods: Sequence[Json], now: int, why: OutcomeClass) -> None:
        """Ask these pods of a Job to end, noting on them `why`; without any delete the Job."""

    async def refusals(self, job: Json) -> Sequence[Json]:
        """Return the events that say why a Job gets no pod."""


class JobRunner:
    """Implements StepRunner for one run tree."""

    def __init__(
        self,
        jobs: Jobs,
        place_of: Callable[[Launch], Place],
        blobs: BlobStore,
        clock: Clock,
        offer: Callable[[Digest], None] = lambda _: None,
    ) -> None:
        """`offer` makes sure that couriers find a file of an agent; it raises NotFound where nobody published it."""
        self._jobs = jobs
        self._staging = Staging(place_of, blobs, offer)
        self._place_of = place_of
        self._blobs = blobs
        self._clock = clock
        self._attempts = Attempts()
        self._overdue = Overdue()
        self._dirty: dict[str, None] = {}
        """Jobs of which something changed since the last look."""

    # The port

    def known(self) -> Sequence[KnownAttempt]:
        return [self._note(job) for job in self._jobs.known()]

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        refusals: list[Refusal] = []
        creating: list[Coroutine[Any, Any, Refusal | None]] = []
        for launch in launches:
            name = job_name(launch.key, self._place_of(launch).run_name)
            if self._attempts.get(launch.key) is None:
                now, limit = self._clock.monotonic(), launch.queue_timeout_ms
                self._attempts.put(launch.key, Attempt(name, launched_at=now, queue_timeout_ms=limit))
            self._dirty[name] = None
            there = self._jobs.job(name)
            if there is not None:
                self._adopt(launch, there)
                continue
            try:
                job = render(launch, self._staging.place(launch))
            except AgentUnfit as error:
                job = error.message
            if isinstance(job, str):
                refusals.append(Refusal(launch.key, job))
            else:
                creating.append(self._create(launch, job))
        if creating:
            refusals += [refusal for refusal in fiber.wait(together(creating)) if refusal is not None]
        for refusal in refusals:
            self._attempts.forget(refusal.key)
        return refusals

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        known = self._attempts.get(key)
        if known is None or known.ended is not None:
            return
        self._attempts.put(key, known._replace(stopped_as=why))
        self._dirty[known.job] = None
        self._end(known.job, self._jobs.pods(known.job), why)

    def observe(self, wait_ms: int) -> Sequence[Observation]:  # noqa: ARG002 - a turn follows every change
        seen: list[Observation] = []
        dirty, self._dirty = self._dirty, {}
        for name in dirty:
            key = self._attempts.of(name)
            seen += self._look(key) if key is not None else self._came_to_light(name)
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
                artifacts += stored_list(self._blobs.get(message.list_blob))
        except (NotFound, VerificationFailed, ValueError) as error:
            problems.append(f"what its courier stored cannot be read: {error}")
        return Collected(output, receipt, artifacts, problems)

    # Beyond the port

    def touch(self, job: str) -> bool:
        """Note that a Job or a pod of it changed; return whether that can mean anything: of what has ended nothing more is heard."""
        key = self._attempts.of(job)
        known = self._attempts.get(key) if key is not None else None
        if known is not None and known.ended is not None:
            return False
        self._dirty[job] = None
        return True

    def until_next(self) -> int | None:
        """Return in how many milliseconds an attempt that does not start, or does not end, must be looked at; None: none does."""
        soonest, overdue = self._attempts.soonest(), self._overdue.until_next(self._clock.now())
        waits = [] if soonest is None else [max(0, soonest - self._clock.monotonic())]
        return min(waits if overdue is None else [*waits, overdue], default=None)

    def unreachable(self) -> str:
        """Return which pod does not end because its node answers nobody, and what to do; empty: there is none."""
        return self._overdue.told(self._clock.now())

    def expire(self) -> None:
        """Look again at attempts that should have started by now."""
        for job in self._attempts.due(self._clock.monotonic()):
            self._dirty[job] = None

    def _came_to_light(self, name: str) -> list[Observation]:
        """A Job of the tree that nobody here made: a leader before us did, though it was none any more."""
        job = self._jobs.job(name)
        if job is None:
            return []
        if job["metadata"].get("annotations", {}).get(EFFECT) != effect_digest(attempt_key(job), input_digest(job)):
            return []  # somebody put our labels on a Job
        known = self._note(job)
        return [known, *self._look(known.key)]

    def _note(self, job: Json) -> KnownAttempt:
        """Take up an attempt that was there before."""
        key, name = attempt_key(job), job["metadata"]["name"]
        pods = self._jobs.pods(name)
        if self._attempts.get(key) is None:
            self._attempts.put(key, waiting.found(job, pods, self._clock.now(), self._clock.monotonic()))
        self._dirty[name] = None
        return KnownAttempt(key, input_digest(job), not isinstance(judge(job, pods), Ended))

    def _look(self, key: AttemptKey) -> list[Observation]:
        known = self._attempts.get(key)
        if known is None or known.ended is not None:
            return []
        job, pods = self._jobs.job(known.job), self._jobs.pods(known.job)
        verdict = judge(job, pods, key=key, stopped_as=known.stopped_as, taken=known.taken)
        if isinstance(verdict, Ended) and not has_told(job, pods):
            # The watch of pods may be behind that of Jobs: that there is no pod counts only when the API server says so.
            pods = fiber.wait(self._jobs.fetch_pods(known.job))
            verdict = judge(job, pods, key=key, stopped_as=known.stopped_as, taken=known.taken)
        if known.stopped_as is not None and not isinstance(verdict, Ended) and any(map(lives_unasked, pods)):
            # The Job controller made it since.
            self._end(known.job, pods, known.stopped_as)
        self._overdue.look(key, () if isinstance(verdict, Ended) else pods)
        gone = taken_away(job, pods)
        if not gone <= known.taken:
            known = self._attempts.put(key, known._replace(taken=known.taken | gone))
        match verdict:
            case Ended(outcome=outcome):
                if verdict.goes_on:
                    # As if it had no pod: what is left of it must not begin again while others take it for ended.
                    self._end(known.job, (), known.stopped_as or OutcomeClass.DISRUPTED)
                self._attempts.put(key, known._replace(ended=verdict))
                return [outcome]
            case Running(started_at=at):
                if known.started:
                    return []
                self._attempts.put(key, known._replace(started=True))
                return [Started(key, at)]
            case Queued():
                return self._waiting(key, known, verdict, job)

    def _waiting(self, key: AttemptKey, known: Attempt, verdict: Queued, job: Json | None) -> list[Observation]:
        """An attempt that does not start: nothing happened yet, or it never will."""
        if known.launched_at is None or known.stopped_as is not None:
            return []
        now = self._clock.monotonic()
        # What was taken away has started in time, once.
        limit = None if known.started or known.taken else known.queue_timeout_ms
        if limit is not None and now - known.launched_at >= limit:
            why = verdict.reason or "no node took it"
            return self._give_up(key, known, OutcomeClass.TIMEOUT, f"did not start in time: {why}")
        known = self._attempts.put(key, known._replace(has_pod=verdict.has_pod))
        if job is not None and not known.has_pod and now >= known.patience_ends:
            self._attempts.put(key, known._replace(asked_at=now))
            refused = creation_refusal(fiber.wait(self._jobs.refusals(job)))
            if refused is not None:
                return self._give_up(key, known, OutcomeClass.REJECTED, refused)
        return []

    def _give_up(self, key: AttemptKey, known: Attempt, why: OutcomeClass, reason: str) -> list[Observation]:
        self._end(known.job, self._jobs.pods(known.job), why)
        now = self._clock.now()
        outcome = Finished(key, why, reason, None, now, now, 0)
        self._attempts.put(key, known._replace(ended=Ended(outcome)))
        return [outcome]

    def _end(self, name: str, pods: Sequence[Json], why: OutcomeClass) -> None:
        job = self._jobs.job(name)
        if job is not None:
            # No deadline ends what no node has begun with, and what was taken away is made again: then the Job goes.
            gone = taken_away(job, pods)
            begun = [pod for pod in pods if has_begun(pod) and pod["metadata"]["uid"] not in gone]
            fiber.wait(self._jobs.end(job, begun, self._clock.now(), why))

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

    def _adopt(self, launch: Launch, job: Mapping[str, Any]) -> None:
        """Take a Job that is there for ours, if it is; fail loudly if it only has our name."""
        metadata = job["metadata"]
        owners = {owner["uid"] for owner in metadata.get("ownerReferences", ())}
        place = self._place_of(launch)
        if place.run_object_uid not in owners:
            raise InvariantViolated(f"Job {metadata['name']} belongs to somebody else: the name is taken")
        if metadata.get("annotations", {}).get(EFFECT) != effect_digest(launch.key, launch.input_digest):
            raise InvariantViolated(f"{launch.key} was started before with another input (Job {metadata['name']})")
