"""Many trees share the places of one namespace: never more attempts than may be, nobody starves, whoever dies and comes back."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.cluster.slots import SharedSlots
from controller.adapters.simulated_runner import PretendedMachine, Scripted, SimulatedClock, SimulatedRunner
from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.identity import agent_revision, definition_digest
from controller.model.agent import AgentSpec
from controller.model.attempt import AttemptKey, Launch
from controller.model.orchestration import OrchestrationSpec
from controller.model.states import OutcomeClass, Role
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

KEY = "attempts"
MOST_TURNS = 20_000


def agent(slug: str, **more: Any) -> AgentEntry:
    spec = AgentSpec.model_validate({"slug": slug, "process": {"argv": ["true"]}, **more})
    return AgentEntry(spec, agent_revision(spec, {}), {}, "global", "test")


def entry(name: str, *steps: dict[str, Any], **more: Any) -> CatalogEntry:
    spec = {"name": name, "steps": list(steps), "execution": {"concurrency": {"maxParallel": 5, "maxTotal": 4}}, **more}
    model = OrchestrationSpec.model_validate(spec)
    return CatalogEntry(model, definition_digest(model), None, "global", "active", "test")


def step(name: str, by: str = "worker", **more: Any) -> dict[str, Any]:
    return {"id": name, "agent": by, "undo": {"input": {"back": name}}, **more}


RETRIES = {"onStepFailure": {"maxAttempts": 2, "initialDelayMs": 1}, "rollback": {"automatic": True}}
CHILD = entry("child", step("one", "few"), step("two", dependsOn=["one"]))
ROOTS = (
    entry("single", step("a", "few"), errorHandling=RETRIES),
    entry("wide", step("each", "few", foreach="[1, 2, 3, 4]"), step("beside"), errorHandling=RETRIES),
    entry(
        "family",
        {"id": "play", "type": "orchestration", "orchestration": {"name": "child"}},
        step("beside", launch="AtMostOnce"),
        step("after", dependsOn=["play"]),
        errorHandling=RETRIES,
        **{"finally": [{"id": "end", "agent": "few"}]},
    ),
)
CATALOG = Catalog(folder=[*ROOTS, CHILD], folder_agents=[agent("worker"), agent("few", maxParallel=2)])


class Place:
    """One run tree, its stores and what runs of it."""

    def __init__(self, space: "Space", uid: str, root: CatalogEntry) -> None:
        self.space, self.disk, self.machine = space, Disk(), PretendedMachine()
        blobs = InMemoryBlobStore(self.disk)
        now = space.clock.now()
        self.spec = admit(root, CATALOG, blobs, uid=uid, parameters={}, requester="mara", now=now)
        self.disk.flush()
        self.driver: Driver | None = None

    @property
    def over(self) -> bool:
        driver = self.driver
        return driver is not None and driver.durable and all(one.state.run.settled for one in driver.members.values())

    def living(self) -> list[Launch]:
        return [one.launch for key, one in self.machine.attempts.items() if key not in self.machine.ended]

    def turn(self) -> bool:
        if self.driver is None:
            self.driver = Driver(self._tools(), self.spec)
            self.driver.start()
        return self.driver.turn(0)

    def die(self) -> None:
        """What nobody flushed never was; what runs goes on."""
        self.driver = None
        self.disk.crash()

    def _tools(self) -> Toolbox:
        runner = SimulatedRunner(self.machine, self.space.clock, self.space.fate)
        return Toolbox(
            self.space.clock,
            InMemoryObjectStore(self.disk),
            InMemoryLedgerStore(self.disk),
            InMemoryBlobStore(self.disk),
            InMemoryResultCache(self.disk),
            InMemoryDecisionSource(self.disk),
            self.space.slots.of(self.spec.uid),
            runner,
            InMemoryLeadership({}),
            RecordingNotifier(),
            self.space.shared,
        )


class Space:
    """A namespace with its places, and the one process that leads."""

    def __init__(self, limit: int, roots: list[CatalogEntry], random: Random) -> None:
        self.limit, self._random, self.clock = limit, random, SimulatedClock(1_700_000_000_000)
        self.shared = ((KEY, limit),)
        self.slots = SharedSlots(lambda _: None)
        self.trees = [Place(self, f"R{number}", root) for number, root in enumerate(roots)]
        self.most = 0

    def fate(self, launch: Launch) -> Scripted:
        del launch
        length = self._random.randrange(1, 30)
        if self._random.random() < 0.2:
            return Scripted(length, OutcomeClass.FAILED, "it broke", 1)
        return Scripted(length, output=b'{"n": 1}')

    def another_leader(self) -> None:
        """It knows only what lives."""
        self.slots = SharedSlots(lambda _: None)
        for tree in self.trees:
            tree.die()
            for launch in tree.living():
                self.slots.seize((*launch.slots, KEY), launch.key, tree.spec.uid)

    def play(self, dying: float) -> None:
        for _ in range(MOST_TURNS):
            moved = [self._turned(tree) for tree in self._random.sample(self.trees, len(self.trees))]
            if all(tree.over for tree in self.trees):
                return
            if self._random.random() < dying:
                self.another_leader()
            if not any(moved):
                self.clock.advance(1)
        states = [tree.driver and tree.driver.root.state.run for tree in self.trees]
        raise AssertionError(f"somebody waits for ever: {states}")

    def _turned(self, tree: Place) -> bool:
        moved = tree.turn()
        living = [launch for one in self.trees for launch in one.living()]
        self.most = max(self.most, len(living))
        assert len(living) <= self.limit
        few = [launch for launch in living if "agent/global/few" in launch.slots]
        assert len(few) <= 2
        return moved


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 4),
    st.lists(st.sampled_from(ROOTS), min_size=2, max_size=4),
    st.integers(0, 9999),
    st.sampled_from([0.0, 0.02]),
)
def test_never_more_than_may_be_and_everybody_comes_to_an_end(
    limit: int, roots: list[CatalogEntry], seed: int, dying: float
) -> None:
    space = Space(limit, roots, Random(seed))
    space.play(dying)
    launches = {key: count for tree in space.trees for key, count in tree.machine.launches.items()}
    assert set(launches.values()) == {1}
    assert (space.slots._queues, space.slots._roots) == ({}, {}), "places that nobody gave back"


def test_whoever_waits_for_its_agent_keeps_no_place_from_others() -> None:
    """Two places, an agent that may run once: the second place is for a step of another agent."""
    slow = entry("slow", *[step(f"s{number}", "one") for number in range(4)])
    quick = entry("quick", step("q"))
    space = Space(2, [], Random(1))
    catalog = Catalog(folder=[slow, quick], folder_agents=[agent("worker"), agent("one", maxParallel=1)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{__name__}.CATALOG", catalog)
        space.trees = [Place(space, "SLOW", slow), Place(space, "QUICK", quick)]
    for tree in space.trees:
        tree.turn()
    assert [launch.key for tree in space.trees for launch in tree.living()] == [
        AttemptKey("SLOW", "s0", Role.DO, 1),
        AttemptKey("QUICK", "q", Role.DO, 1),
    ]
