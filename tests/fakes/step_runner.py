"""Attempts that only pretend to run: scripted, in memory, in the time of a settable clock."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from controller.errors import InvariantViolated, NotFound, RunnerUnavailable
from controller.model.attempt import (
    AttemptKey,
    Collected,
    CollectedArtifact,
    Finished,
    KnownAttempt,
    Launch,
    Lost,
    Observation,
    Progress,
    Refusal,
    Started,
)
from controller.model.states import OutcomeClass
from tests.fakes.clock import SettableClock
from tests.fakes.disk import Disk


@dataclass(frozen=True)
class Script:
    """How an attempt goes."""

    lasts_ms: int = 0
    """Until it ends by itself."""
    failure: OutcomeClass | None = None
    reason: str = ""
    exit_code: int | None = 0
    output: bytes | None = None
    receipt: bytes | None = None
    artifacts: Mapping[str, bytes] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    progress: Sequence[tuple[int, int, int]] = ()
    """(milliseconds after the start, done, total), in order."""
    refusal: str | None = None
    """Why it can never start."""
    stubborn_ms: int = 0
    """How long it goes on after it was asked to end; at most its grace period."""
    lost: str | None = None
    """Instead of an end: why nobody knows of one."""


@dataclass
class Attempt:
    """One attempt on the pretended machine."""

    launch: Launch
    script: Script
    began: int
    """By the clock that never jumps."""
    started_at: int
    """By the wall clock."""
    due: list[tuple[int, Observation]]
    """What is going to happen when, by the clock that never jumps; nothing once it has ended."""
    stopped: bool = False


class Machine:
    """Where attempts run. It outlives drivers; to reopen after a crash, make a new runner over the same machine."""

    def __init__(self, clock: SettableClock, script: Callable[[Launch], Script], disk: Disk | None = None) -> None:
        self.clock = clock
        self.script = script
        self.disk = disk or Disk()
        """Gets artifacts and staged files: stores over the same disk can read them."""
        self.attempts: dict[AttemptKey, Attempt] = {}
        self.history: list[Observation] = []
        """All that has happened, in order of time, then of start."""
        self.starts: list[AttemptKey] = []
        """Every start of a program, in order; an attempt that is in here twice is a broken promise."""
        self.reachable = True
        """False: every call of a runner raises RunnerUnavailable."""

    def start(self, launch: Launch) -> Refusal | None:
        script = self.script(launch)
        if script.refusal is not None:
            return Refusal(launch.key, script.refusal)
        for staged in launch.staged:
            if staged.digest not in self.disk.blobs:
                return Refusal(launch.key, f"cannot stage a file: there is no blob {staged.digest}")
            self.disk.files[f"{launch.key}/{staged.path}"] = self.disk.blobs[staged.digest]
        now, wall = self.clock.monotonic(), self.clock.now()
        key = launch.key
        self.starts.append(key)
        due: list[tuple[int, Observation]] = [(now, Started(key, wall))]
        due += [(now + after, Progress(key, done, total)) for after, done, total in script.progress]
        end, failure, reason, code = script.lasts_ms, script.failure, script.reason, script.exit_code
        if launch.timeout_ms is not None and launch.timeout_ms < end:
            end = launch.timeout_ms + self._patience(launch, script)
            failure, reason, code = OutcomeClass.TIMEOUT, f"took longer than {launch.timeout_ms / 1000:g} s", None
        due = [entry for entry in due if entry[0] <= now + end]
        last: Observation = Finished(key, failure, reason, code, wall, wall + end, end)
        if script.lost is not None:
            last = Lost(key, script.lost)
        self.attempts[key] = Attempt(launch, script, now, wall, [*due, (now + end, last)])
        return None

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        self.pass_time()
        attempt = self.attempts.get(key)
        if attempt is None or attempt.stopped or not attempt.due:
            return
        attempt.stopped = True
        end = self.clock.monotonic() + self._patience(attempt.launch, attempt.script)
        lasted, at = end - attempt.began, attempt.started_at
        last = Finished(key, why, "stopped on request", None, at, at + lasted, lasted)
        attempt.due = [entry for entry in attempt.due[:-1] if entry[0] <= end] + [(end, last)]

    def pass_time(self) -> None:
        """Let happen what is due."""
        now = self.clock.monotonic()
        happened: list[tuple[int, int, Observation]] = []
        for order, attempt in enumerate(self.attempts.values()):
            while attempt.due and attempt.due[0][0] <= now:
                when, observation = attempt.due.pop(0)
                happened.append((when, order, observation))
        self.history += [observation for _, _, observation in sorted(happened, key=lambda entry: entry[:2])]

    def next_due(self) -> int | None:
        """When the next thing happens, by the clock that never jumps."""
        return min((attempt.due[0][0] for attempt in self.attempts.values() if attempt.due), default=None)

    def lose(self, reason: str = "the supervisor died", only: AttemptKey | None = None) -> None:
        """Everything that runs (or one attempt) is lost, as when its supervisor is killed or the machine restarted."""
        self.pass_time()
        for key, attempt in self.attempts.items():
            if attempt.due and only in {None, key}:
                attempt.due.clear()
                self.history.append(Lost(key, reason))

    def _patience(self, launch: Launch, script: Script) -> int:
        process = launch.agent.process
        return min(script.stubborn_ms, process.grace_period if process is not None else 0)


class ScriptedStepRunner:
    """One driver's view of a machine.

    Waiting makes time pass: up to the next thing that happens, at most as long as was asked for. `deliver` may hold back,
    repeat and reorder what is told; what it holds back it must tell at a later call.
    """

    def __init__(
        self, machine: Machine, deliver: Callable[[list[Observation]], list[Observation]] = lambda found: found
    ) -> None:
        self._machine = machine
        self._deliver = deliver
        self._told = 0
        """How much of the history this driver knows: after a restart nothing, so all of it is told again."""

    def known(self) -> Sequence[KnownAttempt]:
        self._reach()
        self._machine.pass_time()
        return [
            KnownAttempt(key, attempt.launch.input_digest, bool(attempt.due))
            for key, attempt in self._machine.attempts.items()
        ]

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        self._reach()
        fresh: dict[AttemptKey, Launch] = {}
        for launch in launches:
            known = self._machine.attempts.get(launch.key)
            digest = known.launch.input_digest if known else fresh.setdefault(launch.key, launch).input_digest
            if digest != launch.input_digest:
                raise InvariantViolated(f"{launch.key} was started before with another input")
        refusals = map(self._machine.start, fresh.values())
        return [refusal for refusal in refusals if refusal is not None]

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        self._reach()
        self._machine.stop(key, why)

    def observe(self, wait_ms: int) -> Sequence[Observation]:
        self._reach()
        clock = self._machine.clock
        deadline = clock.monotonic() + wait_ms
        while True:
            self._machine.pass_time()
            news = self._machine.history[self._told :]
            self._told = len(self._machine.history)
            found = self._deliver(news)
            if found or clock.monotonic() >= deadline:
                return found
            due = self._machine.next_due()
            until = deadline if due is None else min(deadline, due)
            clock.advance(max(1, until - clock.monotonic()))

    def collect(self, key: AttemptKey) -> Collected:
        self._reach()
        attempt = self._machine.attempts.get(key)
        if attempt is None or attempt.due:
            raise NotFound(f"{key} has not ended: there is nothing to collect")
        artifacts = []
        for name, content in sorted(attempt.script.artifacts.items()):
            location = f"{key}/artifacts/{name}"
            self._machine.disk.files[location] = content
            artifacts.append(CollectedArtifact(name, location, len(content)))
        return Collected(attempt.script.output, attempt.script.receipt, tuple(artifacts), attempt.script.problems)

    def _reach(self) -> None:
        if not self._machine.reachable:
            raise RunnerUnavailable("the supervisor cannot be reached")
