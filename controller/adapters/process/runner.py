"""ProcessRunner: attempts as processes and HTTP calls of this machine, under one supervisor per run tree."""

import contextlib
import os
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.adapters.process import link as links
from controller.adapters.process.border import storing, supervising
from controller.adapters.process.host import Host
from controller.adapters.process.layout import JOURNAL, SUPERVISOR_LOG, attempt_directory, log_path
from controller.adapters.process.orphans import settle_orphans
from controller.adapters.process.progress import ProgressFiles
from controller.adapters.process.results import collect_results
from controller.adapters.process.staging import Staging
from controller.adapters.process.trace import Traces
from controller.errors import DiskFull, InvariantViolated, NotFound, RunnerUnavailable
from controller.model.attempt import AttemptKey, Collected, Finished, KnownAttempt, Launch, Lost, Observation, Refusal
from controller.model.states import OutcomeClass
from controller.ports.blob_store import BlobStore

RETRY_S = 0.01
"""Seconds between two looks for a supervisor that is just starting or ending."""


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
        self._host = host or Host()
        self._staging = Staging(self._directory, blobs, Path(repository).absolute(), environment)
        self._environment = environment
        self._python = python
        self._traces = Traces(os.fspath(self._directory / JOURNAL))
        self._progress = ProgressFiles(self._directory)
        self._observations: deque[Observation] = deque()
        self._unacknowledged: dict[AttemptKey, dict[str, Any]] = {}
        self._link: links.Link | None = None
        self._looked = False
        self._supervisors: list[int] = []

    # The port

    def known(self) -> Sequence[KnownAttempt]:
        self._look()
        self._read()
        return [KnownAttempt(key, trace.input_digest, not trace.ended) for key, trace in self._traces.attempts.items()]

    def start_many(self, launches: Sequence[Launch]) -> Sequence[Refusal]:
        self._look()
        self._read()
        for launch in launches:
            self._check_adoption(launch)
        refusals = []
        orders = []
        for launch in launches:
            if launch.key in self._traces.attempts or launch.key in self._unacknowledged:
                continue
            prepared = self._staging.prepare(launch)
            if isinstance(prepared, Refusal):
                refusals.append(prepared)
            else:
                orders.append(prepared)
                self._unacknowledged[launch.key] = prepared
        if orders:
            self._command(orders)
        return refusals

    def stop(self, key: AttemptKey, why: OutcomeClass) -> None:
        self._look()
        trace = self._traces.attempts.get(key)
        if key in self._unacknowledged or (trace is not None and not trace.ended):
            self._command([{"order": "stop", "key": _plain(key), "why": why.value, "reason": "stopped on request"}])

    def observe(self, wait_ms: int) -> Sequence[Observation]:
        self._look()
        deadline = time.monotonic() + wait_ms / 1000
        while True:
            self._read()
            self._observations.extend(self._progress.changed())
            left = deadline - time.monotonic()
            if self._observations or left <= 0:
                found = list(self._observations)
                self._observations.clear()
                return found
            self._wait(self._progress.until_next(left))

    def collect(self, key: AttemptKey) -> Collected:
        trace = self._traces.attempts.get(key)
        if trace is None or not trace.ended:
            raise NotFound(f"{key} has not ended: there is nothing to collect")
        problems = trace.problems
        if trace.lost and trace.secrets:
            problems = (*problems, "it may hold secrets: the supervisor died before it could remove them")
        with storing(f"cannot read what {key} left"):
            return collect_results(self._directory / attempt_directory(key), problems)

    # Beyond the port

    def kill(self) -> None:
        """End everything at once, without grace, as Interrupted: for a person who asked twice."""
        if self._link is not None:
            order = {"order": "kill", "why": OutcomeClass.INTERRUPTED.value, "reason": "killed on request"}
            with supervising("cannot reach the supervisor"):
                self._link.send([order])

    def log_path(self, key: AttemptKey) -> Path:
        """Return where the output of an attempt is written; the file may not exist yet."""
        return log_path(self._directory, key)

    def close(self) -> None:
        """Let go. What runs goes on; the supervisor ends after the last of it."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self._looked = False
        self._traces.close()
        self._bury()

    # The journal

    def _read(self) -> None:
        with storing("cannot read the journal"):
            for key, observation in self._traces.read():
                self._unacknowledged.pop(key, None)
                if observation is None:
                    continue
                if isinstance(observation, Finished | Lost):
                    self._observations.extend(self._progress.last(key))
                else:
                    self._progress.follow(key)
                self._observations.append(observation)

    def _check_adoption(self, launch: Launch) -> None:
        trace = self._traces.attempts.get(launch.key)
        order = self._unacknowledged.get(launch.key)
        known = trace.input_digest if trace is not None else order["input"] if order is not None else None
        if known is not None and known != launch.input_digest:
            raise InvariantViolated(f"{launch.key} was started before with another input")

    # The supervisor

    def _look(self) -> None:
        """Before the first answer: find a living supervisor, or settle what a dead one left."""
        if self._looked:
            return
        with supervising("cannot look for the supervisor"):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._find()
            if lock is not None:
                os.close(lock)
        self._looked = True

    def _find(self) -> int | None:
        """Connect to a living supervisor, or return the lock of a dead one whose attempts are settled."""
        deadline = time.monotonic() + links.PATIENCE_S
        while time.monotonic() < deadline:
            lock = links.take_lock(self._directory)
            if lock is not None:
                try:
                    self._settle()
                except BaseException:
                    os.close(lock)
                    raise
                return lock
            found = links.connect(self._directory)
            if found is not None and found.attach():
                self._link = found
                return None
            if found is not None:
                found.close()
            time.sleep(RETRY_S)
        raise RunnerUnavailable(
            "the supervisor holds its lock but does not answer", hint=f"look into {self._directory / SUPERVISOR_LOG}"
        )

    def _settle(self) -> None:
        self._read()
        self._traces.cut_torn_line()
        orphans = {key: trace for key, trace in self._traces.attempts.items() if not trace.ended}
        if orphans:
            settle_orphans(self._directory, orphans, self._host)
            self._read()

    def _command(self, orders: Sequence[Mapping[str, Any]]) -> None:
        with supervising("cannot reach the supervisor"):
            if self._link is None:
                lock = self._find()
                if lock is not None:
                    try:
                        self._link, pid = links.start_supervisor(self._directory, self._python, self._environment, lock)
                    finally:
                        os.close(lock)
                    self._supervisors.append(pid)
            assert self._link is not None
            self._link.send(orders)

    def _wait(self, seconds: float) -> None:
        if self._link is None:
            time.sleep(seconds)
            return
        messages = self._link.receive(int(seconds * 1000) + 1)
        if self._link.closed:
            self._replace()
        for message in messages:
            self._heed(message)

    def _replace(self) -> None:
        """The supervisor has gone: everything it wrote is in the journal, and what it never took is started anew."""
        assert self._link is not None
        self._link.close()
        self._link = None
        self._bury()
        with supervising("cannot look for the supervisor"):
            lock = self._find()
            if lock is not None:
                os.close(lock)
        if self._unacknowledged:
            self._command(list(self._unacknowledged.values()))

    def _heed(self, message: Mapping[str, Any]) -> None:
        if "unstarted" in message:
            for key in [key for key in self._unacknowledged if _plain(key) == message["unstarted"]]:
                del self._unacknowledged[key]
        elif "unwritten" not in message:
            return
        if message["diskFull"]:
            raise DiskFull(
                "the supervisor cannot write its journal: no space left", hint="free some space, then resume"
            )
        raise RunnerUnavailable(f"the supervisor cannot write its journal: {message['reason']}")

    def _bury(self) -> None:
        for pid in list(self._supervisors):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue
            self._supervisors.remove(pid)


def _plain(key: AttemptKey) -> list[str | int]:
    return [key.run, key.step, key.role.value, key.attempt]
