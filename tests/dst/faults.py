"""Faults: a crash before or after any port call, and observations that come twice, late or in another order."""

from collections.abc import Sequence
from random import Random
from typing import Any

from controller.model.attempt import AttemptKey, Finished, KnownAttempt, Launch, Observation, Refusal
from controller.model.states import OutcomeClass
from controller.ports.step_runner import StepRunner


class Crash(BaseException):
    """The process is gone, as by `kill -9`. Not an Exception: nothing may catch it."""


class Schedule:
    """Decides at every port call whether the process dies there. `only` replays a chosen set of points."""

    def __init__(self, random: Random, rate: float, most: int, only: frozenset[int] | None = None) -> None:
        self._random = random
        self._rate = rate
        self._left = most
        self._only = only
        self.calls = 0
        self.crashed: list[tuple[int, str]] = []

    def point(self, where: str) -> None:
        """Pass a point where a crash may happen."""
        self.calls += 1
        drawn = self._random.random() < self._rate
        dies = drawn and self._left > 0 if self._only is None else self.calls in self._only
        if dies:
            self._left -= 1
            self.crashed.append((self.calls, where))
            raise Crash(where)


QUESTIONS = frozenset({"patience", "claimed"})
"""Members that only tell what is in memory: a crash there is one at the call before or after."""


class Faulty:
    """A port whose calls may be the last ones of the process."""

    def __init__(self, port: Any, name: str, schedule: Schedule) -> None:
        self._port = port
        self._name = name
        self._schedule = schedule

    def __getattr__(self, member: str) -> Any:
        found = getattr(self._port, member)
        if not callable(found) or member in QUESTIONS:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._schedule.point(f"before {self._name}.{member}")
            outcome = found(*arguments, **named)
            self._schedule.point(f"after {self._name}.{member}")
            return outcome

        return call


class UnreliableRunner:
    """Tells what the runner tells, but twice, late or in another order; never less."""

    def __init__(self, runner: StepRunner, random: Random, rate: float) -> None:
        self._runner = runner
        self._random = random
        self._rate = rate
        self._late: list[Observation] = []

    def known(self) -> Sequence[KnownAttempt]:
        return self._runner.known()

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        return self._runner.start_many(launches)

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        self._runner.stop(key, why)

    def observe(self, wait_ms: int) -> Sequence[Observation]:
        # What is late comes the next time, so the clock must not run away before.
        seen = [*self._late, *self._runner.observe(0 if self._late else wait_ms)]
        self._late = []
        told: list[Observation] = []
        for one in seen:
            drawn = self._random.random()
            if drawn < self._rate:
                self._late.append(one)
            else:
                told.append(one)
                if drawn < 2 * self._rate and isinstance(one, Finished):
                    self._late.append(one)
        if self._random.random() < self._rate:
            self._random.shuffle(told)
        return told

    def collect(self, key: AttemptKey) -> Any:
        return self._runner.collect(key)
