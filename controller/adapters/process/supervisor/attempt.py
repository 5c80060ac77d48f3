"""What do all attempts have in common, whatever runs them? Times, a deadline, a reason to end, and a last line."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from controller.adapters.process.supervisor.journal import Journal
from controller.adapters.process.supervisor.reactor import Reactor
from controller.adapters.process.supervisor.redaction import clean_results, patterns_of


class Ending(NamedTuple):
    """How an attempt ended. `failure` is a class of outcomes; None is success."""

    failure: str | None
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    cpu_ms: int = 0
    max_rss_kib: int = 0


class Attempt:
    """One try at a step. `order` is the client's message; `ended` is told when the last line is in the journal."""

    def __init__(
        self, order: Mapping[str, Any], reactor: Reactor, journal: Journal, ended: Callable[["Attempt"], None]
    ) -> None:
        self.order = order
        self.key = tuple(order["key"])
        self.directory: str = order["dir"]
        self.patterns = patterns_of(order["secrets"])
        self.grace: float = order["grace"] / 1000
        self._reactor = reactor
        self._journal = journal
        self._ended = ended
        self._why: Ending | None = None
        self._over = False
        self._started_at = _wall_ms()
        self._started = time.monotonic()

    def start(self) -> Ending | None:
        """Begin; return an Ending where that is impossible."""
        raise NotImplementedError

    def stop(self, why: str, reason: str) -> None:
        """Ask to end, and see to it that it does after the grace period. Only the first `why` counts."""
        if self._over or self._why is not None:
            return
        self._why = Ending(why, reason)
        self.interrupt()

    def interrupt(self) -> None:
        """Make it end: gracefully now, by force after the grace period."""
        raise NotImplementedError

    def kill(self) -> None:
        """Make it end by force, now."""
        raise NotImplementedError

    def began(self, pid: int | None, mark: Sequence[int]) -> None:
        """Write that it runs, and set its deadline. Its time counts from before the spawn: it may run before that returns."""
        self._journal.add("started", self.key, pid=pid, mark=mark, at=self._started_at)
        limit = self.order["timeout"]
        if limit is not None:
            self._reactor.after(limit / 1000, lambda: self.stop("Timeout", f"took longer than {limit / 1000:g} s"))

    def end(self, ending: Ending) -> None:
        """Write the last line, after secrets were removed from what the attempt left."""
        if self._over:
            return
        self._over = True
        if self._why is not None:
            ending = ending._replace(failure=self._why.failure, reason=self._why.reason)
        duration = time.monotonic() - self._started
        if not self.patterns:
            self._write(ending, duration, _wall_ms(), [])
            return
        import threading

        # Artifacts may be large, and the other attempts have deadlines.
        threading.Thread(target=self._clean, args=(ending, duration, _wall_ms()), daemon=True).start()

    def _clean(self, ending: Ending, duration: float, ended_at: int) -> None:
        problems = clean_results(self.directory, self.patterns)
        self._reactor.post(lambda: self._write(ending, duration, ended_at, problems))

    def _write(self, ending: Ending, duration: float, ended_at: int, problems: list[str]) -> None:
        self._journal.add(
            "finished",
            self.key,
            **{"class": ending.failure},
            reason=ending.reason,
            exit=ending.exit_code,
            signal=ending.signal,
            startedAt=self._started_at,
            endedAt=ended_at,
            durationMs=round(duration * 1000),
            cpuMs=ending.cpu_ms,
            maxRssKib=ending.max_rss_kib,
            problems=problems,
        )
        # A deadline that nobody needs any more keeps this object alive; environment and secrets need not stay with it.
        self.order, self.patterns = {}, ()
        self._ended(self)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
