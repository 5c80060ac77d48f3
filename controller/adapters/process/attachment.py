"""Is there a supervisor, does it have all orders, and what becomes of them when it dies?"""

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.adapters.process import link as links
from controller.adapters.process.border import supervising
from controller.adapters.process.host import Host
from controller.adapters.process.layout import SUPERVISOR_LOG
from controller.adapters.process.orphans import settle_orphans
from controller.adapters.process.trace import Traces
from controller.errors import DiskFull, RunnerUnavailable
from controller.model.attempt import AttemptKey

RETRY_S = 0.01
"""Seconds between two looks for a supervisor that is just starting or ending."""

MOST_FRUITLESS = 3
"""Supervisors in a row that may end without having taken an order; then something is wrong with them."""


class Attachment:
    """One driver's hold on the supervisor of its run tree. `read` takes the journal in; it is called where that matters."""

    def __init__(
        self,
        directory: Path,
        environment: Mapping[str, str],
        python: str,
        host: Host,
        traces: Traces,
        read: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._environment = environment
        self._python = python
        self._host = host
        self._traces = traces
        self._read = read
        self._link: links.Link | None = None
        self._looked = False
        self._untaken: dict[AttemptKey, Mapping[str, Any]] = {}
        self._fruitless = 0
        self._started: list[int] = []

    def look(self) -> None:
        """Once: find a living supervisor, or settle what a dead one left. Raises RunnerUnavailable, DiskFull."""
        if self._looked:
            return
        with supervising("cannot look for the supervisor"):
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._find_only()
        self._looked = True

    def ordered(self, key: AttemptKey) -> Mapping[str, Any] | None:
        """Return the order that the supervisor was given and has not taken yet."""
        return self._untaken.get(key)

    def taken(self, key: AttemptKey) -> None:
        """The journal names the attempt."""
        if self._untaken.pop(key, None) is not None:
            self._fruitless = 0

    def start(self, orders: Mapping[AttemptKey, Mapping[str, Any]]) -> None:
        """See to it that a supervisor takes the orders, this one or, if it dies before, its successor."""
        with supervising("cannot start or reach the supervisor"):
            if self._link is None:
                lock = self._find()
                if lock is not None:
                    try:
                        self._link, pid = links.start_supervisor(self._directory, self._python, self._environment, lock)
                    finally:
                        os.close(lock)
                    self._started.append(pid)
            assert self._link is not None
            self._untaken.update(orders)
            self._link.send(list(orders.values()))

    def tell(self, order: Mapping[str, Any]) -> None:
        """Give an order that means nothing to a dead supervisor."""
        if self._link is not None:
            with supervising("cannot reach the supervisor"):
                self._link.send([order])

    def wait(self, seconds: float) -> None:
        """Wait until the journal has grown, at most so long. Raises DiskFull, RunnerUnavailable."""
        if self._link is None and self._untaken:
            self.start(dict(self._untaken))
        if self._link is None:
            time.sleep(seconds)
            return
        messages = self._link.receive(int(seconds * 1000) + 1)
        for message in messages:
            if "unstarted" in message:
                self._refused(message["unstarted"])
        if self._link.closed:
            self._replace()
        if messages and "reason" in messages[-1]:
            if messages[-1]["diskFull"]:
                raise DiskFull("the supervisor cannot write its journal: no space left", hint="free some, then resume")
            raise RunnerUnavailable(f"the supervisor cannot write its journal: {messages[-1]['reason']}")

    def close(self) -> None:
        """Let go. What runs goes on; the supervisor ends after the last of it."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self._looked = False
        self._bury()

    def _refused(self, plain: Sequence[Any]) -> None:
        for key in [key for key in self._untaken if list(key) == plain]:
            del self._untaken[key]

    def _find_only(self) -> None:
        lock = self._find()
        if lock is not None:
            os.close(lock)

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
            self._link = self._attached()
            if self._link is not None:
                return None
            time.sleep(RETRY_S)
        raise RunnerUnavailable("the supervisor holds its lock but does not answer", hint=self._where())

    def _attached(self) -> links.Link | None:
        found = links.connect(self._directory)
        if found is None:
            return None
        try:
            if found.attach():
                return found
        except BaseException:
            found.close()
            raise
        found.close()
        return None

    def _settle(self) -> None:
        self._read()
        self._traces.cut_torn_line()
        orphans = {key: trace for key, trace in self._traces.attempts.items() if not trace.ended}
        if orphans:
            settle_orphans(self._directory, orphans, self._host)
            self._read()

    def _replace(self) -> None:
        """The supervisor has gone: what it wrote is in the journal, and what it never took is ordered anew."""
        assert self._link is not None
        self._link.close()
        self._link = None
        self._bury()
        with supervising("cannot look for the supervisor"):
            self._find_only()
        if self._untaken:
            self._fruitless += 1
            if self._fruitless > MOST_FRUITLESS:
                self._untaken.clear()
                raise RunnerUnavailable("the supervisor ends as soon as it starts", hint=self._where())
            self.start(dict(self._untaken))

    def _where(self) -> str:
        return f"look into {self._directory / SUPERVISOR_LOG}"

    def _bury(self) -> None:
        for pid in list(self._started):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue
            self._started.remove(pid)
