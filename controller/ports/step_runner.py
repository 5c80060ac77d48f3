"""StepRunner: starts attempts, watches them, and keeps what they left."""

from collections.abc import Sequence
from typing import Protocol

from controller.model.attempt import AttemptKey, Collected, KnownAttempt, Launch, Observation, Refusal
from controller.model.states import OutcomeClass


class StepRunner(Protocol):
    """Runs the attempts of one run tree. Raises RunnerUnavailable, StoreUnavailable, DiskFull."""

    def known(self) -> Sequence[KnownAttempt]:
        """Return every attempt that there is a trace of, running or ended, also from before a crash."""

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        """Start attempts side by side and return those that can never start.

        An attempt that is known already is adopted when its input digest agrees; InvariantViolated otherwise.
        """

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        """Ask an attempt to end (gracefully, then not); its Finished says `why`. Unknown and ended ones are ignored."""

    def observe(self, wait_ms: int) -> Sequence[Observation]:
        """Return what happened since the last call; wait up to `wait_ms` for something to happen.

        After a restart the outcome of every attempt that is known and ended is told again.
        """

    def collect(self, key: AttemptKey) -> Collected:
        """Return what an ended attempt left behind. May be called again."""
