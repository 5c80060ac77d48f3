"""Driver: plays a run tree to its end, in one thread, whatever was there before. Gather, decide, act, record; again.

It holds no state that the ledger, the runner and the stores could not give back: killed anywhere, the next driver goes
on from there.
"""

from collections.abc import Callable, Iterable, Sequence

from controller.engine.effects import Effect, Persist, StartChild, StartStep, StartUndo, StopStep, UndoChild
from controller.engine.events import Event, Proceeded, Restarted, Woken
from controller.engine.passes import run_pass
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey, KnownAttempt, Progress, Started
from controller.model.run import RunSpec
from controller.runtime.admit import snapshot_of
from controller.runtime.contents import Contents
from controller.runtime.family import Family
from controller.runtime.gather import Gatherer, ordered
from controller.runtime.herald import Herald
from controller.runtime.journal import Journal
from controller.runtime.member import Member
from controller.runtime.perform import Performer
from controller.runtime.prepare import Preparer
from controller.runtime.strays import Strays
from controller.runtime.toolbox import Toolbox

POLL_MS = 50
"""How long the driver waits for steps before it looks for decisions of other terminals: a quarter of the 200 ms in which
an approval there must release a run here."""

OUTSIDE = (StartStep, StartChild, StartUndo, StopStep, UndoChild)
"""Effects that something outside of the stores notices."""


class Driver:
    """Drives the tree of one root run. Use `start`, then `turn` until the root has settled, then `close`."""

    def __init__(
        self,
        tools: Toolbox,
        root: RunSpec,
        *,
        on_records: Callable[[Member, Sequence[Link]], None] | None = None,
        on_progress: Callable[[Member, AttemptKey, int, int], None] | None = None,
        absent_is_unknown: bool = False,
    ) -> None:
        """`absent_is_unknown`: that the runner has no trace of an attempt does not even say that it is over, so only a
        person may have it tried again.
        """
        self.tools = tools
        self.root_spec = root
        self.contents = Contents(tools.blobs)
        self.preparer = Preparer(self.contents, tools.cache)
        self.members: dict[str, Member] = {}
        self.family = Family(self)
        self.found: dict[AttemptKey, KnownAttempt] = {}
        """Attempts from before a restart that no ledger knows yet."""
        self.adopting = False
        """Whether only what is in `found` may start."""
        self.strays = Strays(self)
        self.unheard: set[AttemptKey] = set()
        """Attempts that ended while nobody watched and whose end was not told yet."""
        self.absent_is_unknown = absent_is_unknown
        self._on_records = on_records
        self._on_progress = on_progress
        self._journal = Journal(tools.ledger)
        self._herald = Herald(tools.notifier)
        self._performer = Performer(self)
        self._gatherer = Gatherer(self)
        self._inbox: dict[str, list[Event]] = {}
        self._unflushed_since: int | None = None

    @property
    def root(self) -> Member:
        """The run at the top of the tree."""
        return self.members[self.root_spec.uid]

    def start(self) -> None:
        """Become the driver and find everything as it was left. Raises Busy."""
        self.tools.leadership.acquire(self.root_spec.root)
        known = self.tools.runner.known()
        self.found = {one.key: one for one in known}
        self.unheard = {one.key for one in known if not one.running}
        # What only waited asks anew, if it still wants to: a place that nobody gives back would hold up all others.
        self.tools.slots.retain(self.root_spec.root, {one.key for one in known if one.running})
        self.enter(self.root_spec)
        # Ends that nobody watched come first: nothing new starts before they are known.
        self._gatherer.observe(0)
        if self.found:
            # Before any word that ends the run is heard: what runs is the run's then, and ends with it.
            self.adopting = True
            now = self.tools.clock.now()
            while self._next_pass(now):
                pass
            self.adopting = False

    def close(self) -> None:
        """Stop driving: what is recorded is durable, what runs goes on."""
        try:
            self.flush()
        finally:
            self.tools.leadership.release(self.root_spec.root)

    def enter(self, spec: RunSpec) -> None:
        """Take a run into the tree: a new one, or one that its ledger knows."""
        if spec.uid in self.members:
            return
        self.tools.objects.create_run(spec)
        snapshot = snapshot_of(self.tools.blobs, spec) if spec.parent is None else self.root.snapshot
        member = Member.load(spec, snapshot, self.tools.ledger, self.tools.shared)
        self.members[spec.uid] = member
        self._gatherer.look_for_decisions = True
        if member.state.chain.next == 0:
            self._journal.create(member, self.contents, self.tools.clock.now())
            self._stored(member, ())
        else:
            self._journal.loaded(member)
            self._herald.resumed(member, self.tools.clock.now())
        self.found.update(self.strays.of_run(spec.uid))
        self.tell(member, Restarted(), *self._gatherer.lost(member))

    def tell(self, member: Member, *events: Event) -> None:
        """Let a member hear of something in the next turn."""
        self._inbox.setdefault(member.spec.uid, []).extend(events)

    def turn(self, wait_ms: int = POLL_MS) -> bool:
        """Do everything that can be done now, else wait. Return whether anything happened."""
        moved = self._work()
        waited = self._gatherer.observe(0 if moved else self._wait(wait_ms))
        moved = self._work() or moved
        if self._unflushed_since is not None and (
            self._idle() or self.tools.clock.monotonic() - self._unflushed_since >= self.tools.ledger.patience()
        ):
            self.flush()
        return moved or waited

    @property
    def durable(self) -> bool:
        """Whether everything recorded so far would survive a crash."""
        return self._unflushed_since is None

    def flush(self) -> None:
        """Make everything recorded so far durable."""
        self.tools.ledger.flush()
        self._unflushed_since = None
        self._herald.tell()

    def _idle(self) -> bool:
        """Nothing runs: whoever waits for a record should not wait for a group."""
        return not any(member.state.holding for member in self.members.values())

    def until_next(self) -> int | None:
        """Return in how many milliseconds time alone will give a turn something to do; None: never."""
        now = self.tools.clock.now()
        wakes = [member.wake_at - now for member in self.members.values() if member.wake_at is not None]
        if self._unflushed_since is not None:
            waited = self.tools.clock.monotonic() - self._unflushed_since
            wakes.append(self.tools.ledger.patience() - waited)
        return max(0, min(wakes)) if wakes else None

    def _wait(self, wait_ms: int) -> int:
        soonest = self.until_next()
        return wait_ms if soonest is None else min(wait_ms, soonest)

    def _work(self) -> bool:
        """Pass over members until none has anything to be told. Children come before their parents."""
        moved = False
        self._gatherer.decisions()
        while True:
            if self._gatherer.look_for_decisions:
                self._gatherer.decisions()  # about a child that was entered just now, before it moves on
            now = self.tools.clock.now()
            for member in self.members.values():
                if member.wake_at is not None and member.wake_at <= now:
                    member.wake_at = None
                    self.tell(member, Woken())
            for member, granted in self._performer.granted():
                self.tell(member, granted)
            if not self._inbox:
                self._proceed()
            if not self._next_pass(now):
                return moved
            moved = True

    def _next_pass(self, now: int) -> bool:
        """Pass over one member that has something to be told; return whether there was one."""
        if not self._inbox:
            return False
        uid = next(iter(reversed(self._inbox)))
        self._pass(self.members[uid], self._inbox.pop(uid), now)
        return True

    def _proceed(self) -> None:
        """Let start what was postponed, once attempts from before the restart have their slots again.

        Called when nothing else moves: what is still to be found then comes only with an end that was not told yet.
        """
        if self.found and self.unheard:
            return
        self.strays.add(self.found)
        self.found.clear()
        postponed = [member for member in self.members.values() if member.state.postponed]
        for member in postponed:
            self.tell(member, Proceeded())
        if not postponed:
            self.strays.tell_all()

    def _pass(self, member: Member, events: Iterable[Event], now: int) -> None:
        before = member.state.chain.next
        played = run_pass(member.state, ordered(events), now)
        kept: list[Link] = []
        try:
            batch = next(played)
            while True:
                kept += batch.links
                member.state = batch.state
                if self._must_be_durable_before(member, batch.effects):
                    self._stored(member, kept)
                    self.flush()
                    kept = []
                    if not self.tools.leadership.claimed(member.spec.uid):
                        self.tools.leadership.claim(member.spec.uid)
                batch = played.send(self._performer.perform(member, batch.effects))
        except StopIteration as stop:
            passed = stop.value
        member.state, member.wake_at = passed.state, passed.wake_at
        self._stored(member, kept)
        self._gatherer.adopted(member)
        if member.state.run.settled:
            self.strays.settled(member)
        self.family.tell_parent(member, moved=member.state.chain.next > before)

    def _must_be_durable_before(self, member: Member, effects: Iterable[Effect]) -> bool:
        """An intent must be recorded first; and nobody acts for a run that another leader may have taken."""
        if any(isinstance(effect, Persist) for effect in effects):
            return True
        outside = any(isinstance(effect, OUTSIDE) for effect in effects)
        return outside and not self.tools.leadership.claimed(member.spec.uid)

    def _stored(self, member: Member, links: Sequence[Link]) -> None:
        if links:
            self._journal.append(member, links)
            self._herald.recorded(member, links)
            if self._on_records is not None:
                self._on_records(member, links)
        if self._unflushed_since is None:
            self._unflushed_since = self.tools.clock.monotonic()

    def seen(self, member: Member, observation: Started | Progress) -> None:
        """Show how far an attempt is; nothing is recorded of it."""
        if isinstance(observation, Progress) and self._on_progress is not None:
            self._on_progress(member, observation.key, observation.done, observation.total)
