"""What no ledger records but somebody should hear of: what takes far longer than usual or stands still, a full disk."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from controller.engine.wanted import running
from controller.model.alert import Alert
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.runtime.estimate import step_of
from controller.runtime.member import Member
from controller.runtime.toolbox import Toolbox
from controller.runtime.watchman import sights

LOOK_MS = 1000
"""How often is looked."""

SLOW_FACTOR = 1.5
"""An attempt that takes this many times what is usual is told of (engine.md, alerts: elapsed over 1.5 times the estimate)."""

SHORTEST_MS = 10_000
"""Nobody wants to hear of a step that took 90 ms instead of 50."""

SCARCE = ((0.10, "error"), (0.20, "warning"))
"""Free share of the disk below which is told, and how urgently (engine.md, alerts)."""


_TOLD = -1


class Alarms:
    """Looks at a run tree while it is driven, and notifies once per attempt and once per level."""

    def __init__(
        self, tools: Toolbox, root: str, usual: Callable[[Member], Mapping[str, int]], free: Callable[[], float]
    ) -> None:
        """`usual` gives the usual milliseconds of an orchestration's steps, `free` the free share of the disk, 0 to 1."""
        self._tools = tools
        self._root = root
        self._usual = usual
        self._free = free
        self._looked_at: int | None = None
        self._seen: dict[AttemptKey, int] = {}
        self._told: set[AttemptKey | str] = set()
        self._sights: dict[tuple[str, str, int, str], int] = {}
        """What is to be seen -> since when; -1: it was told of."""

    def look(self, members: Iterable[Member]) -> None:
        """Look at all runs of the tree, at most once a second."""
        now = self._tools.clock.monotonic()
        if self._looked_at is not None and now - self._looked_at < LOOK_MS:
            return
        self._looked_at = now
        current: dict[AttemptKey, int] = {}
        seen: dict[tuple[str, str, int, str], int] = {}
        for member in members:
            seen.update(self._watch(member, now))
            for unit, role, attempt in running(member.state):
                key = member.key(unit, role, attempt)
                current[key] = self._seen.get(key, now)
                if role is Role.DO and now - current[key] >= SHORTEST_MS and key not in self._told:
                    self._slow(member, key, now - current[key])
        self._seen, self._sights = current, seen
        self._scarce()

    def _watch(self, member: Member, now: int) -> Iterator[tuple[tuple[str, str, int, str], int]]:
        """Tell of sights that have lasted, each once for as long as it is to be seen."""
        for sight in sights(member, self._usual, self._tools.clock.now()):
            place = (member.spec.uid, sight.type, sight.unit, sight.subject)
            since = self._sights.get(place, now)
            if since >= 0 and now - since >= sight.lasts_ms:
                step = member.name(sight.unit) if sight.unit >= 0 else None
                self._notify(sight.type, "warning", sight.message, member.spec.uid, step)
                since = _TOLD
            yield place, since

    def _slow(self, member: Member, key: AttemptKey, elapsed: int) -> None:
        usual = self._usual(member).get(step_of(key.step))
        if usual is not None and elapsed > SLOW_FACTOR * usual:
            self._told.add(key)
            text = f'step "{key.step}" runs for {elapsed // 1000} s; usual are {usual / 1000:.1f} s'
            self._notify("step_slow", "warning", text, key.run, key.step)

    def _scarce(self) -> None:
        free = self._free()
        for below, level in SCARCE:
            if free < below:
                if level not in self._told:
                    self._told.add(level)
                    text = f"less than {below:.0%} of the disk of the state directory is free"
                    self._notify("low_disk_space", level, text, self._root, None)
                return

    def _notify(self, kind: str, level: str, message: str, run: str, step: str | None) -> None:
        self._tools.notifier.notify(Alert(kind, level, message, run, step, self._tools.clock.now()))
