"""A StepRunner without steps: every attempt ends as it is told, on a clock that jumps from one end to the next.

The pretended machine outlives the runner as a real one does, so that a simulation can also crash and go on.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

from controller.errors import InvariantViolated
from controller.model.attempt import (
    AttemptKey,
    Collected,
    CollectedArtifact,
    Finished,
    KnownAttempt,
    Launch,
    Lost,
    Observation,
    Refusal,
)
from controller.model.digest import Digest
from controller.model.states import OutcomeClass


class Scripted(NamedTuple):
    """How one attempt goes."""

    duration_ms: int = 0
    failure: OutcomeClass | None = None
    reason: str = ""
    exit_code: int | None = 0
    output: bytes | None = None
    receipt: bytes | None = None
    artifacts: tuple[tuple[str, Digest, int], ...] = ()
    """Name, digest and size of each."""
    mapped: bool = False
    """Whether `output` is the output of the step already, rather than the agent's answer."""
    violations: tuple[str, ...] = ()
    """With the failure ContractViolated: what was broken."""


class SimulatedClock:
    """Implements Clock; time passes only when it is told to."""

    def __init__(self, now: int = 0) -> None:
        self._now = now
        self._monotonic = 0

    def now(self) -> int:
        return self._now

    def monotonic(self) -> int:
        return self._monotonic

    def advance(self, milliseconds: int) -> None:
        """Let time pass."""
        self._now += milliseconds
        self._monotonic += milliseconds

    def jump(self, milliseconds: int) -> None:
        """Set the wall clock forward or back, as an administrator does."""
        self._now += milliseconds


class Pretended(NamedTuple):
    """An attempt on the pretended machine."""

    launch: Launch
    script: Scripted
    started_at: int
    """On the wall clock."""
    began: int
    ends_at: int
    """Both on the monotonic clock."""


class PretendedMachine:
    """What runs, and what has ended. `launches` counts starts per key: none may ever be two."""

    def __init__(self) -> None:
        self.attempts: dict[AttemptKey, Pretended] = {}
        self.ended: dict[AttemptKey, Finished | Lost] = {}
        self.launches: dict[AttemptKey, int] = {}
        self.log: list[tuple[str, AttemptKey]] = []
        """Starts and ends in the order in which they happened."""
        self._due: list[tuple[int, int, AttemptKey]] = []
        self._number = 0

    def start(self, launch: Launch, script: Scripted, now: int, monotonic: int) -> None:
        """Start an attempt; its timeout, measured from now, may end it first."""
        length = script.duration_ms
        if launch.timeout_ms is not None and length > launch.timeout_ms:
            length = launch.timeout_ms
            script = Scripted(length, OutcomeClass.TIMEOUT, "took too long", None, None, script.receipt)
        self.launches[launch.key] = self.launches.get(launch.key, 0) + 1
        self.log.append(("start", launch.key))
        self.attempts[launch.key] = Pretended(launch, script, now, monotonic, monotonic + length)
        self._schedule(launch.key, monotonic + length)

    def stop(self, key: AttemptKey, why: OutcomeClass, monotonic: int) -> None:
        """End an attempt now."""
        known = self.attempts.get(key)
        if known is not None and key not in self.ended:
            script = Scripted(0, why, "stopped", None, None, known.script.receipt)
            self.attempts[key] = known._replace(script=script, ends_at=monotonic)
            self._schedule(key, monotonic)

    def lose(self, key: AttemptKey) -> None:
        """Forget an attempt: no trace of it remains, though it was started."""
        del self.attempts[key]
        self.log.append(("end", key))

    def doubt(self, key: AttemptKey) -> None:
        """End an attempt so that nobody can tell how."""
        self.ended[key] = Lost(key, "nobody saw how it ended")
        self.log.append(("end", key))

    def _schedule(self, key: AttemptKey, at: int) -> None:
        self._number += 1
        heapq.heappush(self._due, (at, self._number, key))

    def next_end(self) -> int | None:
        """Return when the next attempt ends, on the monotonic clock."""
        while self._due and self._stale(*self._due[0]):
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def _stale(self, at: int, _: int, key: AttemptKey) -> bool:
        known = self.attempts.get(key)
        return key in self.ended or known is None or known.ends_at != at

    def end_due(self, now: int, monotonic: int) -> list[AttemptKey]:
        """End what is due and return it in order."""
        keys = []
        while (at := self.next_end()) is not None and at <= monotonic:
            _, _, key = heapq.heappop(self._due)
            known = self.attempts[key]
            script = known.script
            self.ended[key] = Finished(
                key,
                script.failure,
                script.reason,
                script.exit_code,
                known.started_at,
                now,
                known.ends_at - known.began,
            )
            self.log.append(("end", key))
            keys.append(key)
        return keys


class SimulatedRunner:
    """Implements StepRunner over a pretended machine."""

    def __init__(
        self,
        machine: PretendedMachine,
        clock: SimulatedClock,
        script_of: Callable[[Launch], Scripted | str],
    ) -> None:
        """`script_of` says how an attempt goes; a text refuses to start it."""
        self.machine = machine
        self._clock = clock
        self._script_of = script_of
        self._untold: list[AttemptKey] = list(machine.ended)

    def known(self) -> Sequence[KnownAttempt]:
        return [
            KnownAttempt(key, known.launch.input_digest, key not in self.machine.ended)
            for key, known in self.machine.attempts.items()
        ]

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        refused = []
        for launch in launches:
            known = self.machine.attempts.get(launch.key)
            if known is not None:
                if known.launch.input_digest != launch.input_digest:
                    raise InvariantViolated(f"attempt {launch.key} was started before with another input")
                continue
            script = self._script_of(launch)
            if isinstance(script, str):
                refused.append(Refusal(launch.key, script))
            else:
                self.machine.start(launch, script, self._clock.now(), self._clock.monotonic())
        return refused

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        self.machine.stop(key, why, self._clock.monotonic())

    def observe(self, wait_ms: int) -> Sequence[Observation]:
        self._untold += self.machine.end_due(self._clock.now(), self._clock.monotonic())
        if not self._untold and wait_ms > 0:
            at = self.machine.next_end()
            until = wait_ms if at is None else min(wait_ms, at - self._clock.monotonic())
            self._clock.advance(until)
            self._untold += self.machine.end_due(self._clock.now(), self._clock.monotonic())
        told, self._untold = self._untold, []
        return [self.machine.ended[key] for key in told]

    def collect(self, key: AttemptKey) -> Collected:
        script = self.machine.attempts[key].script
        artifacts = [CollectedArtifact(name, digest, size) for name, digest, size in script.artifacts]
        return Collected(script.output, script.receipt, artifacts, script.violations, script.mapped)
