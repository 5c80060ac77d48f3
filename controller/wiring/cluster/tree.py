"""How is one run tree driven on a cluster? A turn at a time, whenever something about it changed.

Whatever goes wrong in a turn, the tree in memory is given up and found again as the API server has it: an error is a crash
of this one tree, and what a crash does is proved.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.blob_store import ClusterBlobStore
from controller.adapters.cluster.decision_source import ClusterDecisionSource, suspension, wants_suspension
from controller.adapters.cluster.gates import UNPROTECTED, Quorum
from controller.adapters.cluster.job_runner import JobRunner
from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.ledger_store import StatusLedgerStore
from controller.adapters.cluster.pool import Pool
from controller.adapters.cluster.recorded import record_of
from controller.adapters.cluster.run_object import admitted, key_uid, requester
from controller.errors import InvariantViolated, NotFound
from controller.model.attempt import Launch
from controller.model.digest import Digest
from controller.model.run import RunSpec
from controller.model.states import SETTLED, RunState
from controller.runtime.admit import admit, snapshot_of
from controller.runtime.driver import Driver
from controller.runtime.member import Member
from controller.runtime.toolbox import Toolbox
from controller.wiring.cluster.holding import Holding
from controller.wiring.cluster.needs import needs_of
from controller.wiring.cluster.ports import ShardLeadership, TreeRuns
from controller.wiring.cluster.reruns import answer_reruns
from controller.wiring.cluster.telling import Telling

if TYPE_CHECKING:
    from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]

UNPROTECTED_RETRY_MS = 60_000
"""Decisions that nothing proves are looked at again: nobody tells us when the admission policies are installed."""


class Tree:
    """A root run with its children, as long as this process has something to do with it."""

    def __init__(self, shared: "Shared", namespace: str, root: str) -> None:
        """`root` is the key uid of the root run."""
        self._shared = shared
        self.namespace = namespace
        self.root = root
        pool = self._pool = Pool()
        self._runs = TreeRuns(shared, namespace, root)
        self._facts: dict[str, Json] = {}
        self._blobs = ClusterBlobStore(pool, shared.blobs(namespace, self._runs.owner), shared.snapshots.content)
        self._ledger = StatusLedgerStore(
            self._runs,
            shared.shards(namespace, self._runs.owner_of),
            pool,
            shared.clock,
            lambda: shared.mark,
            self._facts_of,
            shared.crowd,
        )
        self._decisions = ClusterDecisionSource(
            lambda run: shared.submissions(root, run),
            self._weigh,
            lambda run, asked, others: record_of(asked, self._runs.find(run) or {}, others),
        )
        jobs = shared.jobs(namespace, root)
        self._runner = JobRunner(jobs, self._place_of, self._blobs, shared.clock, self._blobs.offer)
        self._telling = Telling(namespace, self._runs.find, shared.observer)
        self._driver: Driver | None = None
        self._suspended: bool | None = None
        """What `spec.suspend` was when the engine was last told."""

    def touch_job(self, job: str) -> bool:
        """Note that a Job of the tree, or a pod of it, changed; return whether a turn could do anything about it."""
        return self._runner.touch(job)

    def touch_decisions(self) -> None:
        """Note that somebody decided or commanded."""
        self._decisions.touch()

    def turn(self) -> int | None:
        """Do all that can be done now; return in how many milliseconds there is more to do without a change, or None."""
        if self._driver is None:
            self._driver = self._begin()
        driver = self._driver
        self._follow_suspension(driver)
        if self.unprotected:
            self._decisions.touch()
        self._runner.expire()
        while driver.turn(0):
            pass
        answer_reruns(self._shared, driver.root, self._runs.owner())
        if driver.durable:
            for submitted, answer in self._decisions.unwritten():
                fiber.wait(self._shared.write_answer(submitted, answer))
        for submitted, why in self._decisions.unsaid():
            fiber.wait(self._shared.write_waiting(submitted, why))
        waits = [wait for wait in (driver.until_next(), self._runner.until_next()) if wait is not None]
        if self.unprotected:
            waits.append(UNPROTECTED_RETRY_MS)
        return min(waits) if waits else None

    def tell(self) -> None:
        """Tell observers of what became durable."""
        self._telling.tell()

    @property
    def unprotected(self) -> bool:
        """Whether decisions wait because nothing proves whose they are."""
        return any(UNPROTECTED in held.values() for held in self._decisions.held.values())

    @property
    def unreachable(self) -> str:
        """Which pod does not end because its node answers nobody, and what to do; empty: there is none."""
        return self._runner.unreachable()

    @property
    def settled(self) -> bool:
        """Whether nothing but a person can move the tree, and all of it is durable."""
        driver = self._driver
        return driver is not None and driver.durable and driver.root.state.run.settled

    def _begin(self) -> Driver:
        run = self._runs.find(self.root)
        if run is None:
            raise NotFound(f"run {self.root} is gone")
        holding = Holding(self._shared, self.root)
        holding.check_new()
        spec = self._known(run) or self._again(run) or self._admit(run)
        if spec.seeds:
            self._learn(run)
        tools = Toolbox(
            clock=self._shared.clock,
            objects=self._runs,
            ledger=self._ledger,
            blobs=self._blobs,
            cache=self._shared.cache(self.namespace, self._blobs),
            decisions=self._decisions,
            slots=self._shared.occupancy.of(self.namespace).of(self.root),
            runner=self._runner,
            leadership=ShardLeadership(self._ledger),
            notifier=self._shared.notifier,
            shared=self._shared.occupancy.shared,
        )
        self._runs.admitted(spec, self._blobs)
        # Before it starts: decisions that are there already are weighed as it does.
        unknown = self._must_be_told(holding, spec)
        driver = self._driver = Driver(tools, spec, on_records=self._telling.recorded, absent_is_unknown=unknown)
        driver.start()
        return driver

    def _must_be_told(self, holding: Holding, spec: RunSpec) -> bool:
        """Return whether attempts without a Job are what nobody can tell anything of. Raises Held before anybody decided."""
        if holding.why is None:
            return False
        snapshot = snapshot_of(self._blobs, spec)
        members = [
            (run, Member.load(self._runs.spec(key_uid(run)), snapshot, self._ledger))
            for run in self._shared.caches.tree(self.root)
            if "head" in (run.get("status") or {}) and RunState(run["status"]["state"]) not in SETTLED
        ]
        return holding.check(members, {one.key for one in self._runner.known()})

    def _known(self, run: Json) -> RunSpec | None:
        """Return what a run that was admitted before executes."""
        digest = (run.get("status") or {}).get("snapshot")
        if digest is None:
            return None
        return admitted(run, self._shared.snapshots.get(digest, self._blobs), digest, self._shared.default_max_parallel)

    def _again(self, run: Json) -> RunSpec | None:
        """Return what a run executes that repeats an earlier one: the very same snapshot."""
        earlier = self._earlier(run)
        digest = ((earlier or {}).get("status") or {}).get("snapshot")
        if digest is None:
            return None
        return admitted(run, self._shared.snapshots.get(digest, self._blobs), digest, self._shared.default_max_parallel)

    def _earlier(self, run: Json) -> Json | None:
        name = run["spec"].get("rerunOf")
        if name is None:
            return None
        found = self._shared.caches.runs.get(self.namespace, name)
        if found is None:
            raise NotFound(f'run "{name}", which this one repeats, is gone')
        return found

    def _learn(self, run: Json) -> None:
        """Take up the small contents of the run that seeded this one."""
        earlier = self._earlier(run)
        if earlier is not None:
            for _ in self._ledger.read(key_uid(earlier)):
                pass

    def _admit(self, run: Json) -> RunSpec:
        spec = run["spec"]
        reference = spec["orchestrationRef"]
        catalog = self._shared.catalog(self.namespace)
        # The namespace is the organization; nothing refers beyond it.
        entry = catalog.orchestration(reference["name"], reference.get("version"), None, self.namespace)
        return admit(
            entry,
            catalog,
            self._shared.storing_snapshots(self.namespace, self._blobs),
            uid=key_uid(run),
            parameters=spec.get("parameters") or {},
            requester=requester(run),
            now=self._shared.clock.now(),
            max_parallel=spec.get("maxParallel") or self._shared.default_max_parallel,
            rerun_of=spec.get("rerunOf"),
            seeds=spec.get("seeds"),
            request_metadata=spec.get("requestMetadata"),
            task=spec.get("task"),
        )

    def _weigh(self, run: str, approval: Json, others: Sequence[Json]) -> Quorum:
        member = self._driver.members.get(run) if self._driver is not None else None
        if member is None:
            raise InvariantViolated(f"decisions about run {run} are weighed by whoever drives it")
        return self._shared.gates.weigh(self._shared.named(approval), approval, others, needs_of(member, approval))

    def _facts_of(self, run: str) -> Json:
        """Members of a run's status that never change."""
        found = self._facts.get(run)
        if found is None:
            spec = self._runs.spec(run)
            found = {"definition": spec.definition, "snapshot": spec.snapshot, "version": spec.version}
            self._facts[run] = found
        return found

    def _follow_suspension(self, driver: Driver) -> None:
        run = self._runs.find(self.root)
        if run is None:
            raise NotFound(f"run {self.root} is gone")
        wanted = wants_suspension(run)
        state = driver.root.state
        if self._suspended is None:
            self._suspended = state.suspended
        if wanted != self._suspended and not state.run.settled:
            self._suspended = wanted
            self._decisions.submit(suspension(self.root, suspend=wanted))

    def _place_of(self, launch: Launch) -> Place:
        def inline(digest: Digest) -> str | None:
            content = self._pool.get(digest)
            return None if content is None else content.decode()

        return self._runs.place_of(launch)._replace(inline=inline)
