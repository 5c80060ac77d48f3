"""Which tree is looked at when? Changes become keys of a queue, workers take them, and an error is a crash of one tree."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.decision_source import answered
from controller.adapters.cluster.gates import UNPROTECTED
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.run_object import key_uid, root_uid
from controller.adapters.cluster.work_queue import Key, WorkQueue
from controller.errors import Conflict, Fenced, LibrettoError, NotFound, Stalled, Throttled, Transient
from controller.model.states import SETTLED, RunState
from controller.wiring.cluster.conditions import RunConditions
from controller.wiring.cluster.definition_status import DefinitionStatuses
from controller.wiring.cluster.observer import Turned
from controller.wiring.cluster.reaper import Reaper
from controller.wiring.cluster.shared import Shared
from controller.wiring.cluster.tree import Tree

Json = dict[str, Any]

SAID_AGAIN_MS = 1_000
"""A condition that could not be written, because somebody else wrote first, is written again."""

STALLED_RETRY_MS = 60_000
"""A run that only a person can get going is looked at again now and then: what was wrong may have been mended elsewhere."""

log = logging.getLogger("libretto.operator")


class Operator:
    """Drives the trees of a shard while it leads. Everything here happens in one event loop."""

    def __init__(self, shared: Shared, queue: WorkQueue, *, fenced: Callable[[], None] = lambda: None) -> None:
        """`fenced` is called when the API server says that another leader took over."""
        self.shared = shared
        self.queue = queue
        self.trees: dict[Key, Tree] = {}
        self.statuses = DefinitionStatuses(shared)
        self.reaper = Reaper(shared.client, shared.clock)
        self._conditions = RunConditions(shared)
        self.leading = False
        self.turned_at = 0.0
        """When a turn last came to an end, on the loop's clock: a liveness probe looks at it."""
        self._fenced = fenced
        self._waiting: dict[str, dict[Key, None]] = {}
        """Namespace -> runs that wait for definitions."""
        self._active: dict[str, set[Key]] = {}
        self._queued: dict[str, dict[Key, None]] = {}
        """Namespace -> runs that wait for a place among the active ones, first come, first served."""
        self._workers: list[asyncio.Task[None]] = []

    # What the outside tells

    def wake(self, key: Key, job: str | None = None) -> None:
        """Have a tree looked at."""
        tree = self.trees.get(key)
        if tree is not None:
            if job is None:
                tree.touch_decisions()
            elif not tree.touch_job(job):
                return
        elif not self.leading or not self._wanted(key, job):
            return
        self.queue.add(key)

    def definition_changed(self, definition: Json) -> None:
        """Have runs looked at that could not be admitted before, and say how the definition stands."""
        namespace = definition["metadata"]["namespace"]
        if self.shared.caches.knows(definition):
            self.shared.definitions.changed(namespace)
        else:
            self.shared.definitions.forget(definition)
        self.statuses.changed(definition)
        self._admit_waiting(namespace)

    # Leading

    async def lead(self, mark: Mark, relist: Callable[[], Awaitable[None]]) -> None:
        """Begin to drive: first everything is listed as it is now, so that what is absent is really absent."""
        self.shared.mark = mark
        await relist()
        self.leading = self.reaper.active = True
        self.shared.occupancy.begin()
        self.statuses.all_changed()
        self._workers = [asyncio.create_task(self._work()) for _ in range(self.shared.configuration.workers)]
        self._workers.append(asyncio.create_task(self.statuses.run()))
        for key in self._all_wanted():
            self.queue.add(key)
        log.info("leading with epoch %s: %s trees to look at", mark.epoch, len(self.queue))

    async def follow(self) -> None:
        """Stop to drive: nothing is written any more, and nothing in memory is believed."""
        self.leading = self.reaper.active = False
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        self._workers = []
        self.trees.clear()
        self.queue.clear()
        self._active.clear()
        self._waiting.clear()
        self._queued.clear()
        self.shared.occupancy.end()
        self.shared.mark = Mark(0, "")

    def _all_wanted(self) -> Iterable[Key]:
        roots = (run for run in self.shared.caches.runs.all() if (run["spec"] or {}).get("parent") is None)
        for run in sorted(roots, key=_age):
            key = Key(run["metadata"]["namespace"], key_uid(run))
            if self._wanted(key):
                yield key

    def _wanted(self, key: Key, job: str | None = None) -> bool:
        """Whether there is anything to do for a tree that is not in memory; `job`: only this one changed."""
        run = self.shared.caches.run(key.root)
        if run is None or run["metadata"].get("deletionTimestamp"):
            return False
        if not self.shared.configuration.drives(key.namespace):
            return False
        state = (run.get("status") or {}).get("state")
        if state is None or RunState(state) not in SETTLED:
            return True
        caches = self.shared.caches
        if any(not answered(one) for named in caches.tree(key.root) for one in self._asked(named)):
            return True
        return any(
            caches.runs_on(key.namespace, one) for one in ([job] if job is not None else caches.job_names(key.root))
        )

    def _asked(self, run: Json) -> Iterable[Json]:
        return self.shared.caches.submissions(run)

    # Turns

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                await self._turn(key)
            finally:
                self.queue.done(key)
                self.turned_at = self._now()
            await asyncio.sleep(0)  # a turn that asked the server nothing never let go of the loop

    async def _turn(self, key: Key) -> None:
        """One turn of a tree. The only place that meets every error: it becomes a condition, a wait or a fresh start."""
        tree = self.trees.get(key)
        if tree is None:
            if not self._wanted(key):
                self._give_way(key)
                return
            if not self._may_begin(key):
                return
            tree = self.trees[key] = Tree(self.shared, key.namespace, key.root)
        began = self._now()
        result = Turned.SUCCESS
        try:
            again = await fiber.run(tree.turn)
        except asyncio.CancelledError:
            self._drop(key)
            raise
        except Exception as error:  # noqa: BLE001 - the border of a turn: other trees go on
            self.trees.pop(key, None)  # what is tried again soon keeps its place
            result = await self._react(key, error)
        else:
            await self._turned(key, tree, again)
        finally:
            tree.tell()
            self.shared.observer.turned(result, self._now() - began)

    async def _turned(self, key: Key, tree: Tree, again: int | None) -> None:
        self.queue.forget(key)
        self._waiting.get(key.namespace, {}).pop(key, None)
        run = self.shared.caches.run(key.root)
        if run is not None:
            await self._conditions.protection(run, UNPROTECTED if tree.unprotected else None)
            if not await self._conditions.reachability(key.root, tree.unreachable):
                self.queue.add_after(key, SAID_AGAIN_MS)
        if tree.settled:
            self._drop(key)
            self._admit_waiting(key.namespace)
        if again is not None and (tree.unprotected or not tree.settled):
            self.queue.add_after(key, again)

    async def _react(self, key: Key, error: Exception) -> Turned:
        match error:
            case Conflict():
                await self._refresh(key)
                wait = self.queue.retry(key)
                log.info("%s: %s; looked at again in %s ms", _name(key), error, wait)
                return Turned.CONFLICT
            case NotFound() if self.shared.caches.run(key.root) is None:
                self._give_way(key)
                return Turned.SUCCESS  # deleted; what it made goes with it
            case Throttled():
                self.queue.add_after(key, error.retry_after * 1000)
            case Transient():
                wait = self.queue.retry(key)
                log.warning("%s: %s: %s; tried again in %s ms", _name(key), error.reason, error, wait)
            case Fenced():
                log.error("%s: another leader took over: %s", _name(key), error)
                self.shared.observer.fenced()
                self._fenced()
            case Stalled():
                await self._stall(key, error)
            case _:
                log.error("%s: a mistake of ours; this run stops, the others go on", _name(key), exc_info=error)
                await self._stall(key, error)
        return Turned.ERROR

    async def _refresh(self, key: Key) -> None:
        """Read the runs of a tree again: somebody else wrote one of them."""
        for run in self.shared.caches.tree(key.root):
            metadata = run["metadata"]
            try:
                await self.shared.fetch_run(metadata["namespace"], metadata["name"])
            except NotFound:
                self.shared.caches.runs.remove(run)
            except LibrettoError as error:
                log.warning("%s: %s: %s", _name(key), type(error).__name__, error)

    async def _stall(self, key: Key, error: Exception) -> None:
        """Say in the run's conditions why it does not go on, and look at it again when something changed."""
        self._give_way(key)
        run = self.shared.caches.run(key.root)
        if run is None:
            return
        self._waiting.setdefault(key.namespace, {})[key] = None
        self.queue.add_after(key, STALLED_RETRY_MS)
        await self._conditions.stall(run, error)

    # Who may begin

    def _may_begin(self, key: Key) -> bool:
        """Whether a namespace has room for one more active run; else it waits for its turn."""
        most = self.shared.configuration.max_active_runs
        active = self._active.setdefault(key.namespace, set())
        run = self.shared.caches.run(key.root)
        begun = ((run or {}).get("status") or {}).get("state") is not None
        if most and not begun and key not in active and len(active) >= most:
            self._queued.setdefault(key.namespace, {})[key] = None
            return False
        active.add(key)
        return True

    def _drop(self, key: Key) -> None:
        self.trees.pop(key, None)
        self._give_way(key)

    def _give_way(self, key: Key) -> None:
        """Give a run's place away, and what its attempts have that do not live, to those that wait for it."""
        self.shared.occupancy.abandon(key.namespace, key.root)
        active = self._active.get(key.namespace, set())
        if key in active:
            active.discard(key)
            for one in self._queued.pop(key.namespace, {}):
                self.queue.add(one)

    def _admit_waiting(self, namespace: str) -> None:
        for key in self._waiting.pop(namespace, {}):
            self.queue.add(key)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _name(key: Key) -> str:
    return f"run {key.root} in {key.namespace}"


def _age(run: Json) -> tuple[str, str]:
    return run["metadata"]["creationTimestamp"], root_uid(run)
