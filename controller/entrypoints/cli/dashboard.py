"""Dashboard: what a terminal shows of a run while it plays, kept up to date record by record, so that drawing it is cheap."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from controller.engine.units import index_of, instance_of
from controller.engine.wanted import running
from controller.entrypoints.cli.news import News, news_of
from controller.entrypoints.cli.presenter import Tree
from controller.entrypoints.cli.tiers import Tiers
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.runtime.estimate import SLOW_FACTOR, durations, remaining_ms, step_of, timed
from controller.runtime.member import Member

MOST_EVENTS = 50

ESTIMATE_MS = 1000
"""How often the end is estimated anew: it walks over all steps."""

_STARTS = frozenset({"StepStarted", "UndoAttempted"})


class Current(NamedTuple):
    """An attempt that runs now."""

    path: str
    agent: str
    elapsed_ms: int
    usual_ms: int | None
    """Median of earlier runs."""
    attempt: int
    most: int
    progress: tuple[int, int] | None
    """What the program said of itself: done, total."""


class Outlook(NamedTuple):
    """When it will be over."""

    left_ms: int | None
    on_track: bool | None
    """None: nothing to compare with."""


class Dashboard:
    """The state of the screen, without any form."""

    def __init__(self, tree: Tree) -> None:
        top = tree.top
        self.tree = tree
        self.tiers = Tiers(top.state)
        self.events: deque[News] = deque(maxlen=MOST_EVENTS)
        stores = tree.session.local.stores
        self._took = {step: values[-1] for step, values in durations(stores.ledger, tree.root).items()}
        self._started: dict[tuple[str, str], int] = {}
        self._progress: dict[AttemptKey, tuple[int, int]] = {}
        self._outlook = Outlook(None, None)
        self._estimated_at = -ESTIMATE_MS
        self.decided: dict[str, str] = {}
        """Step of the top run -> who decided on its checkpoint."""

    def records(self, member: Member, links: Sequence[Link], told: Sequence[News]) -> None:
        """Take records in, with what is told about them."""
        self.events.extend(told)
        for link in links:
            record = link.record
            if record.step is None:
                continue
            if record.kind in _STARTS:
                self._started[member.spec.uid, record.step] = record.time
            if member is self.tree.top:
                unit = member.unit(record.step)
                if unit is not None:
                    self.tiers.update(member.state, unit)
                if record.kind in ("GateApproved", "GateModified", "GateRejected", "GateLapsed"):
                    news = news_of(self.tree, member, link)
                    self.decided[record.step] = f"{news.word} {news.detail}" if news is not None else ""
        if member is self.tree.top:
            self._took.update(timed(links))

    def progress(self, key: AttemptKey, done: int, total: int) -> None:
        """Take in how far an attempt says it is."""
        self._progress[key] = (done, total)

    def took(self, step: str) -> int | None:
        """Return how long a step of the top run took."""
        return self._took.get(step)

    def current(self) -> Iterator[Current]:
        """Yield what runs, in all runs of the tree."""
        now = self.tree.session.local.clock.now()
        for member in self.tree.members.values():
            for unit, role, attempt in running(member.state):
                name = member.name(unit)
                since = self._started.get((member.spec.uid, name)) or member.state.unit(unit).started_at or now
                yield Current(
                    self.tree.path(member, name) + (" (undo)" if role is Role.UNDO else ""),
                    member.step(unit).agent or "",
                    max(0, now - since),
                    self.tree.usual.of(member).get(step_of(name)) if role is Role.DO else None,
                    attempt,
                    member.graph.steps[index_of(unit)].retry.max_attempts,
                    self._progress.get(member.key(unit, role, attempt)),
                )

    def outlook(self) -> Outlook:
        """Return when the run will be over, estimated at most once a second."""
        clock = self.tree.session.local.clock
        if clock.monotonic() - self._estimated_at >= ESTIMATE_MS:
            self._estimated_at = clock.monotonic()
            self._outlook = self._estimate(clock.now())
        return self._outlook

    def _estimate(self, now: int) -> Outlook:
        top = self.tree.top
        usual = self.tree.usual.of(top)
        elapsed = {
            unit: max(0, now - self._started.get((top.spec.uid, top.name(unit)), now))
            for unit in top.state.frontier
            if instance_of(unit) < 0
        }
        left = remaining_ms(top.state, usual, self._took, elapsed)
        if left is None or not usual:
            return Outlook(left, None)
        whole = remaining_ms(type(top.state)(top.graph, top.spec.uid), usual, {}, {})
        so_far = max(0, now - top.state.first_started_at) if top.state.first_started_at else 0
        return Outlook(left, whole is None or so_far + left <= SLOW_FACTOR * whole)
