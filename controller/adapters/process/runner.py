"""ProcessRunner: attempts as processes and HTTP calls of this machine, under one supervisor per run tree."""

import os
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.adapters.process.attachment import Attachment
from controller.adapters.process.border import translated
from controller.adapters.process.host import Host
from controller.adapters.process.layout import JOURNAL, attempt_directory, log_path
from controller.adapters.process.progress import ProgressFiles
from controller.adapters.process.results import collect_results
from controller.adapters.process.staging import Staging
from controller.adapters.process.trace import Traces
from controller.errors import InvariantViolated, NotFound
from controller.model.attempt import AttemptKey, Collected, Finished, KnownAttempt, Launch, Lost, Observation, Refusal
from controller.model.states import OutcomeClass
from controller.ports.blob_store import BlobStore


class ProcessRunner:
    """Implements StepRunner for one run tree. Starts a supervisor when the first attempt starts, or finds a living one."""

    def __init__(
        self,
        run_directory: Path,
        blobs: BlobStore,
        repository: Path,
        environment: Mapping[str, str],
        python: str = sys.executable,
        host: Host | None = None,
    ) -> None:
        """`run_directory` is `runs/<root>` of the state directory, `repository` the folder that holds that.

        `environment` is Libretto's own: secrets are looked up in it, and a few variables are passed on.
        """
        self._directory = Path(os.path.abspath(run_directory))  # noqa: PTH100 - resolve() would follow links
        self._root = os.fspath(self._directory)
        self._staging = Staging(self._directory, blobs, Path(repository).absolute(), environment)
        self._traces = Traces(f"{self._root}/{JOURNAL}")
        self._progress = ProgressFiles(self._directory)
        self._observations: deque[Observation] = deque()
        self._attachment = Attachment(
            self._directory, environment, python, host or Host(), self._traces, self._read_journal
        )

    # The port

    def known(self) -> Sequence[KnownAttempt]:
        self._attachment.look()
        self._read_journal()
        return [KnownAttempt(key, trace.input_digest, not trace.ended) for key, trace in self._traces.attempts.items()]

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        self._attachment.look()
        self._read_journal()
        adopted = {launch.key for launch in launches if self._is_known(launch)}
        refusals: list[Refusal] = []
        orders: dict[AttemptKey, Mapping[str, Any]] = {}
        for launch in launches:
            if launch.key in adopted or launch.key in orders:
                continue
            prepared = self._staging.prepare(launch)
            if isinstance(prepared, Refusal):
                refusals.append(prepared)
            else:
                orders[launch.key] = prepared
        if orders:
            self._attachment.start(orders)
        return refusals

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        self._attachment.look()
        self._read_journal()
        trace = self._traces.attempts.get(key)
        if self._attachment.ordered(key) is not None or (trace is not None and not trace.ended):
            self._attachment.tell({"order": "stop", "key": tuple(key), "why": why, "reason": "stopped on request"})

    def observe(self, wait_ms: int) -> Sequence[Observation]:
        self._attachment.look()
        deadline = time.monotonic() + wait_ms / 1000
        while True:
            self._read_journal()
            self._observations.extend(self._progress.changed())
            left = deadline - time.monotonic()
            if self._observations or left <= 0:
                found = list(self._observations)
                self._observations.clear()
                return found
            self._attachment.wait(self._progress.until_next(left))

    def collect(self, key: AttemptKey) -> Collected:
        """Raises NotFound for an attempt that has not ended, besides what the port says."""
        trace = self._traces.attempts.get(key)
        if trace is None or not trace.ended:
            raise NotFound(f"{key} has not ended: there is nothing to collect")
        problems = trace.problems
        if trace.lost and trace.secrets:
            problems = (*problems, "it may hold secrets: the supervisor died before it could remove them")
        try:
            return collect_results(f"{self._root}/{attempt_directory(key)}", problems)
        except OSError as error:
            raise translated(error, f"cannot read what {key} left") from error

    # Beyond the port

    def kill(self) -> None:
        """End everything at once, without grace, as Interrupted: for a person who asked twice."""
        self._attachment.tell({"order": "kill", "why": OutcomeClass.INTERRUPTED, "reason": "killed on request"})

    def log_path(self, key: AttemptKey) -> Path:
        """Return where the output of an attempt is written; the file may not exist yet."""
        return log_path(self._directory, key)

    def close(self) -> None:
        """Let go. What runs goes on; the supervisor ends after the last of it."""
        self._attachment.close()
        self._traces.close()

    def _read_journal(self) -> None:
        for key, observation in self._traces.read():
            self._attachment.taken(key)
            if observation is None:
                continue
            if isinstance(observation, Finished | Lost):
                self._observations.extend(self._progress.last(key))
            else:
                self._progress.follow(key)
            self._observations.append(observation)

    def _is_known(self, launch: Launch) -> bool:
        trace = self._traces.attempts.get(launch.key)
        order = self._attachment.ordered(launch.key)
        if trace is None and order is None:
            return False
        known = trace.input_digest if trace is not None else order["input"] if order is not None else None
        if known != launch.input_digest:
            raise InvariantViolated(f"{launch.key} was started before with another input")
        return True
