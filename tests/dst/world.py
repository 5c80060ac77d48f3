"""One pretended machine: it plays a story with the real driver, kills it where the schedule says, and starts it again."""

from collections.abc import Mapping
from random import Random
from typing import Any, cast

from controller.adapters.simulated_runner import PretendedMachine, Scripted, SimulatedClock, SimulatedRunner
from controller.engine.semantic import semantic_content
from controller.errors import StoreUnavailable
from controller.model.attempt import AttemptKey, Launch
from controller.model.decision import Command, Decision
from controller.model.digest import digest_bytes
from controller.model.record import Actor, decode
from controller.model.run import RunSpec
from controller.model.states import OutcomeClass, Role, RunState, Verb, Verdict
from controller.runtime.admit import admit
from controller.runtime.driver import Driver
from controller.runtime.look import Look
from controller.runtime.member import Member
from controller.runtime.toolbox import Toolbox
from tests.dst.faults import Crash, Faulty, Schedule, UnreliableRunner
from tests.dst.generate import Story
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.decision_source import InMemoryDecisionSource
from tests.fakes.disk import Disk
from tests.fakes.leadership import InMemoryLeadership
from tests.fakes.ledger_store import InMemoryLedgerStore
from tests.fakes.notifier import RecordingNotifier
from tests.fakes.object_store import InMemoryObjectStore
from tests.fakes.result_cache import InMemoryResultCache
from tests.fakes.slot_pool import InMemorySlotPool

MARA = Actor("person", "mara")
ROOT = "ROOT"
MOST_TURNS = 4000
LONG = 10_000_000


class Stuck(AssertionError):
    """The run did not come to its end."""


class World:
    """Plays one story to its end."""

    def __init__(
        self,
        story: Story,
        schedule: Schedule,
        random: Random,
        *,
        unreliable: float = 0.0,
        losing: float = 0.0,
        jumping: float = 0.0,
        aborting: float = 0.0,
        overrides: Mapping[AttemptKey, Scripted] | None = None,
        stretch: Random | None = None,
    ) -> None:
        self.story, self.schedule, self._random = story, schedule, random
        self._unreliable, self._losing, self._jumping = unreliable, losing, jumping
        self._aborting, self._aborted = aborting, False
        self._overrides = overrides or {}
        self._stretch = stretch
        self.disk, self.machine, self.clock = Disk(), PretendedMachine(), SimulatedClock(1_700_000_000_000)
        self._holders: dict[str, InMemoryLeadership] = {}
        self._paths: dict[str, str] = {ROOT: ""}
        self._decided: dict[tuple[str, int], int] = {}
        self._commanded = 0
        blobs = InMemoryBlobStore(self.disk)
        self.spec: RunSpec = admit(
            story.root, story.catalog, blobs, uid=ROOT, parameters={}, requester="mara", now=self.clock.now()
        )
        self.disk.flush()

    # Playing

    def play(self) -> None:
        """Drive, die, go on, until everything is over. Raises Stuck."""
        for _ in range(MOST_TURNS):
            leadership = InMemoryLeadership(self._holders)
            try:
                if self._drive(leadership):
                    return
            except Crash:
                leadership.crash()
                self.disk.crash()
                self._after_crash()
        raise Stuck("the run never ended")

    def _drive(self, leadership: InMemoryLeadership) -> bool:
        tools = self._tools(leadership)
        driver = self.driver = Driver(tools, self.spec)
        driver.start()
        for _ in range(MOST_TURNS):
            driver.turn(LONG if not self.disk.waiting else 10)
            if self.disk.waiting == 0 and not self._people() and self._over(driver):
                driver.close()
                return True
        raise Stuck(f"the run stands still: {driver.root.state.run}, {driver.root.state.frontier}")

    def _over(self, driver: Driver) -> bool:
        return all(member.state.run.settled for member in driver.members.values()) and self._commanded >= len(
            self.story.commands
        )

    def _tools(self, leadership: InMemoryLeadership) -> Toolbox:
        runner = UnreliableRunner(
            SimulatedRunner(self.machine, self.clock, self._script), self._random, self._unreliable
        )
        ports: dict[str, Any] = {
            "objects": InMemoryObjectStore(self.disk),
            "ledger": InMemoryLedgerStore(self.disk),
            "blobs": InMemoryBlobStore(self.disk),
            "cache": InMemoryResultCache(self.disk),
            "decisions": InMemoryDecisionSource(self.disk),
            "slots": InMemorySlotPool(self.disk),
            "runner": runner,
            "leadership": leadership,
            "notifier": RecordingNotifier(),
        }
        faulty = {name: Faulty(port, name, self.schedule) for name, port in ports.items()}
        return Toolbox(clock=self.clock, **cast(Any, faulty))

    # Steps

    def _script(self, launch: Launch) -> Scripted | str:
        key = launch.key
        if key in self._overrides:
            return self._overrides[key]
        if key.role is Role.UNDO:
            bad = digest_bytes(f"{self.path(key.run)}{key.step}{key.attempt}".encode())[7] in "01"
            return Scripted(5, OutcomeClass.FAILED, "undo broke", 1) if bad else Scripted(5)
        step, _, rest = key.step.partition("[")
        fates = self.story.fates[(self.path(key.run) + step, int(rest[:-1]) if rest else -1)]
        fate = fates[min(key.attempt, len(fates)) - 1]
        if self._stretch is not None and fate.duration_ms < 200:
            fate = fate._replace(duration_ms=self._stretch.randrange(1, 199))
        return fate

    def path(self, run: str) -> str:
        """Return the path of a run inside its tree: `` for the root, `step/` for a child."""
        if run not in self._paths:
            spec = self.disk.runs[run]
            self._paths[run] = f"{self.path(spec.parent or ROOT)}{spec.parent_step}/"
        return self._paths[run]

    def _after_crash(self) -> None:
        if self._random.random() < self._jumping:
            self.clock.jump(self._random.choice([-3_600_000, -50, 70, 86_400_000]))
        if self._random.random() < 0.5:
            self.clock.advance(self._random.randrange(500))
            self.machine.end_due(self.clock.now(), self.clock.monotonic())
        if self._aborting and self._random.random() < self._aborting:
            # Nobody drives; the next one hears of it before it has looked at anything.
            self._aborted = True
            InMemoryDecisionSource(self.disk).submit(
                Command(0, ROOT, Verb.ABORT, MARA, undo=self._random.random() < 0.5)
            )
            self.disk.flush()
        for key in [key for key in self.machine.attempts if key not in self.machine.ended]:
            if key.role is Role.DO and self._random.random() < self._losing:
                # A start that no ledger knows always leaves a trace; one that is recorded may lose every trace.
                if self._recorded(key):
                    self.machine.lose(key)
                else:
                    self.machine.doubt(key)

    def _recorded(self, key: AttemptKey) -> bool:
        records = map(decode, self.disk.ledgers[key.run].records if key.run in self.disk.ledgers else ())
        kinds = ("StepStarted", "IntentRecorded")
        return any(one.kind in kinds and (one.step, one.attempt) == (key.step, key.attempt) for one in records)

    # People

    def _people(self) -> bool:
        """Decide and command what there is to; return whether anything was done."""
        look = Look(InMemoryObjectStore(self.disk), InMemoryLedgerStore(self.disk), InMemoryBlobStore(self.disk))
        source = InMemoryDecisionSource(self.disk)
        acted = False
        for spec in list(self.disk.runs.values()):
            status = self.disk.ledgers[spec.uid].status if spec.uid in self.disk.ledgers else None
            for gate in status.gates if status is not None else ():
                if gate.run == spec.uid and (spec.uid, gate.request) not in self._decided:
                    self._decide(source, spec, gate.gate, gate.digest, gate.request)
                    acted = True
        root = self.disk.ledgers[ROOT].status if ROOT in self.disk.ledgers else None
        if root is not None and root.state.settled and not acted and self._commanded < len(self.story.commands):
            if source.pending(ROOT):
                return True
            self._command(source, look.member(self.spec))
            acted = True
        self.disk.flush()
        return acted or bool(source.pending(ROOT))

    def _decide(self, source: InMemoryDecisionSource, spec: RunSpec, gate: str, digest: str, request: int) -> None:
        path = self.path(spec.uid) + gate
        times = sum(1 for run, _ in self._decided if run == f"{spec.uid}/{gate}")
        self._decided[(spec.uid, request)] = request
        self._decided[(f"{spec.uid}/{gate}", request)] = request
        verdicts = self.story.verdicts.get(path, [])
        verdict = Verdict(verdicts[times]) if times < len(verdicts) else Verdict.APPROVE
        changes = {"tuned": times} if verdict is Verdict.MODIFY else None
        stale = Decision(0, spec.uid, gate, digest, request - 1, Verdict.REJECT, MARA)
        right = Decision(0, spec.uid, gate, digest, request, verdict, MARA, modifications=changes)
        for decision in (stale, right, right._replace(verdict=Verdict.REJECT)):
            source.submit(decision)

    def _command(self, source: InMemoryDecisionSource, root: Member) -> None:
        word = self.story.commands[self._commanded]
        self._commanded += 1
        failed = min(root.state.failures, default=None)
        step = root.graph.steps[failed].id if failed is not None else None
        undo = word == "abort --undo"
        verb = {"retry": Verb.RETRY, "skip": Verb.SKIP, "undo": Verb.UNDO, "abort --undo": Verb.ABORT}.get(word)
        if verb is not None:
            source.submit(Command(0, ROOT, verb, MARA, step, undo=undo))

    # Looking

    def members(self) -> list[Member]:
        """Return all runs of the tree, folded from their ledgers."""
        look = Look(InMemoryObjectStore(self.disk), InMemoryLedgerStore(self.disk), InMemoryBlobStore(self.disk))
        return [look.member(spec) for spec in look.tree(self.spec)]

    def losses(self) -> dict[AttemptKey, Scripted]:
        """Return the attempts of which the ledgers say that nobody knows how they ended."""
        found = {}
        for run, ledger in self.disk.ledgers.items():
            for record in map(decode, ledger.records):
                if (record.data or {}).get("class") == OutcomeClass.LOST and record.step is not None:
                    key = AttemptKey(run, record.step, Role.DO, record.attempt or 0)
                    found[key] = Scripted(0, OutcomeClass.LOST, "lost", None)
        return found

    def cut_short(self) -> bool:
        """Return whether somebody or something aborted a run of the tree: then its meaning hangs on the moment."""
        kinds = {decode(record).kind for ledger in self.disk.ledgers.values() for record in ledger.records}
        return self._aborted or bool(kinds & {"AbortRequested", "GateRejected", "RunExpired"})

    def meaning(self) -> dict[str, Any]:
        """Return what the semantic digest of the root covers, in full, so that a difference can be read."""
        root = self.members()[0]
        if not root.state.run.settled:
            raise StoreUnavailable(f"the root is {root.state.run}")
        return semantic_content(root.state)


def settled(world: World) -> bool:
    """Return whether the root has come to its end."""
    return world.members()[0].state.run in (
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.ABORTED,
        RunState.ROLLED_BACK,
    )
