"""Runs on a pretended machine with a clock that jumps: for what takes hours, and for what a restart must find again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from controller.adapters.simulated_runner import PretendedMachine, Scripted, SimulatedClock, SimulatedRunner
from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.identity import agent_revision, definition_digest
from controller.model.agent import AgentSpec
from controller.model.attempt import AttemptKey, Launch
from controller.model.decision import Command, Decision
from controller.model.digest import canonical
from controller.model.orchestration import OrchestrationSpec
from controller.model.record import Record, decode
from controller.model.run import RunSpec
from controller.runtime.admit import admit
from controller.runtime.driver import Driver
from controller.runtime.toolbox import Toolbox
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.decision_source import InMemoryDecisionSource
from tests.fakes.disk import Disk
from tests.fakes.leadership import InMemoryLeadership
from tests.fakes.ledger_store import InMemoryLedgerStore
from tests.fakes.notifier import RecordingNotifier
from tests.fakes.object_store import InMemoryObjectStore
from tests.fakes.result_cache import InMemoryResultCache
from tests.fakes.slot_pool import InMemorySlotPool

START = 1_764_590_400_000
MOST_TURNS = 5_000
A_DAY = 86_400_000
WORKER = AgentSpec.model_validate({"slug": "worker", "process": {"argv": ["true"]}})

Fate = Callable[[Launch], Scripted | str]


def minutes(number: float) -> int:
    """Milliseconds."""
    return round(number * 60_000)


def good(output: Any = None, duration_ms: int = 10) -> Scripted:
    return Scripted(duration_ms, output=canonical(output))


class Rehearsal:
    """One pretended machine on which runs are played, one driver after the other."""

    def __init__(self, fate: Fate = lambda _: good(), agents: Iterable[AgentSpec] = (WORKER,)) -> None:
        self.fate = fate
        self.disk, self.machine, self.clock = Disk(), PretendedMachine(), SimulatedClock(START)
        self.notifier = RecordingNotifier()
        self.launches: list[Launch] = []
        self._agents = [AgentEntry(spec, agent_revision(spec, {}), {}, "global", "test") for spec in agents]

    def tools(self) -> Toolbox:
        return Toolbox(
            clock=self.clock,
            objects=InMemoryObjectStore(self.disk),
            ledger=InMemoryLedgerStore(self.disk),
            blobs=InMemoryBlobStore(self.disk),
            cache=InMemoryResultCache(self.disk),
            decisions=InMemoryDecisionSource(self.disk),
            slots=InMemorySlotPool(self.disk),
            runner=SimulatedRunner(self.machine, self.clock, self._script),
            leadership=InMemoryLeadership({}),
            notifier=self.notifier,
        )

    def _script(self, launch: Launch) -> Scripted | str:
        self.launches.append(launch)
        return self.fate(launch)

    def admit(
        self,
        spec: OrchestrationSpec | Mapping[str, Any],
        parameters: Mapping[str, Any] | None = None,
        *others: Mapping[str, Any],
        uid: str = "ROOT",
    ) -> RunSpec:
        """Admit a run of an orchestration; `others` are those that it may play."""
        entries = [entry_of(one) for one in (spec, *others)]
        return admit(
            entries[0],
            self.catalog(*entries),
            InMemoryBlobStore(self.disk),
            uid=uid,
            parameters=parameters or {},
            requester="mara",
            now=self.clock.now(),
        )

    def catalog(self, *entries: CatalogEntry) -> Catalog:
        return Catalog(folder=entries, folder_agents=self._agents)

    def drive(self, spec: RunSpec, until: Callable[[Driver], bool] | None = None) -> Driver:
        """Drive until the run has settled, or `until` says so; the driver is left as it is then."""
        driver = Driver(self.tools(), spec)
        driver.start()
        return self.go_on(driver, until)

    def go_on(self, driver: Driver, until: Callable[[Driver], bool] | None = None) -> Driver:
        for _ in range(MOST_TURNS):
            if until(driver) if until is not None else driver.root.state.run.settled:
                driver.flush()
                return driver
            driver.turn(A_DAY)
        raise AssertionError(f"it stands still: {driver.root.state.run}, {dict(driver.root.state.frontier)}")

    def submit(self, *submitted: Decision | Command) -> None:
        source = InMemoryDecisionSource(self.disk)
        for one in submitted:
            source.submit(one)

    def records(self, run: str = "ROOT") -> Sequence[Record]:
        return [decode(content) for content in self.disk.ledgers[run].records]

    def of(self, step: str, *kinds: str, run: str = "ROOT") -> list[Record]:
        return [one for one in self.records(run) if one.step == step and (not kinds or one.kind in kinds)]

    def started(self) -> list[AttemptKey]:
        return [launch.key for launch in self.launches]


def entry_of(spec: OrchestrationSpec | Mapping[str, Any]) -> CatalogEntry:
    if not isinstance(spec, OrchestrationSpec):
        filled = [{"agent": "worker", **one} if one.get("type") != "orchestration" else one for one in spec["steps"]]
        spec = OrchestrationSpec.model_validate({"name": "one", **spec, "steps": filled})
    return CatalogEntry(spec, definition_digest(spec), spec.owner, "global", "active", "test")
