"""An operator in virtual time over trees that do as they are told, and an API server that only takes notes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

from controller.adapters.cluster import fiber
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.work_queue import Key, WorkQueue
from controller.errors import LibrettoError, NotFound
from controller.wiring.cluster import operator as operators
from controller.wiring.cluster.assembly import operator_over
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.observer import Observer, Told, Turned
from controller.wiring.cluster.operator import Operator
from controller.wiring.cluster.shared import Shared
from tests.fakes.notifier import RecordingNotifier
from tests.fakes.virtual_time import LoopClock, run
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]


def root(name: str, namespace: str = "space", *, created: int = 0, **status: Any) -> Json:
    """A root run; its uid is its name."""
    stamp = f"2026-01-01T00:00:{created:02d}Z"
    return {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Run",
        "metadata": {
            "name": f"run-{name}",
            "namespace": namespace,
            "uid": name,
            "generation": 1,
            "resourceVersion": "10",
            "creationTimestamp": stamp,
        },
        "spec": {"orchestrationRef": {"name": "nightly"}},
        "status": status,
    }


class Notes(AnsweringClient):
    """Takes patches of conditions, and gives runs as `there` has them."""

    def __init__(self) -> None:
        self.patched: list[tuple[str, Json]] = []
        self.read: list[str] = []
        self.there: dict[str, Json] = {}
        self.fails: LibrettoError | None = None
        self.version = 100

    async def answer(self, call: Call) -> Any:
        name, namespace = call.name, call.namespace
        if call.verb == "get":
            self.read.append(name)
            if name not in self.there:
                raise NotFound(name)
            return self.there[name]
        assert call.verb == "patch"
        self.patched.append((f"{call.resource.plural} {namespace}/{name}", call.body))
        if self.fails is not None:
            raise self.fails
        self.version += 1
        metadata = {"name": name, "namespace": namespace, "resourceVersion": str(self.version)}
        known = root(name.removeprefix("run-"))
        return {**known, "metadata": {**known["metadata"], **metadata}, "status": call.body["status"]}


class Watcher(Observer):
    """Knows what it was told, and of which crew."""

    def __init__(self, crew: "Crew") -> None:
        self.crew = crew
        self.results: list[Turned] = []
        self.was_stalled: list[tuple[str, str, str]] = []
        self.was_unprotected: list[str] = []
        self.was_unreachable: list[str] = []
        self.fences = 0

    def recorded(self, told: Told) -> None:
        """No tree here records anything."""

    def turned(self, result: Turned, seconds: float) -> None:
        self.results.append(result)

    def stalled(self, run: Json, reason: str, message: str) -> None:
        self.was_stalled.append((run["metadata"]["name"], reason, message))

    def unprotected(self, run: Json, message: str) -> None:
        self.was_unprotected.append(run["metadata"]["name"])

    def unreachable(self, run: Json, message: str) -> None:
        self.was_unreachable.append(message)

    def fenced(self) -> None:
        self.fences += 1


class Tree:
    """A tree that plays what `Crew.plays` says for its root; the crew knows when it was made and what it was told."""

    def __init__(self, shared: Shared, namespace: str, root: str) -> None:
        assert isinstance(shared.observer, Watcher)
        self.crew = shared.observer.crew
        self.key = Key(namespace, root)
        self.settled = False
        self.unprotected = False
        self.unreachable = ""
        self.touched: list[str] = []
        self.looked_for = True
        self.told = 0
        self.crew.made.append(root)

    def turn(self) -> int | None:
        crew = self.crew
        crew.turns.append(self.key.root)
        fiber.wait(asyncio.sleep(0.01))
        plays = crew.plays.get(self.key.root, [])
        move = plays.pop(0) if plays else None
        if isinstance(move, Exception):
            raise move
        if callable(move):
            move = move(self)
        return move

    def touch_job(self, job: str) -> bool:
        self.touched.append(job)
        return self.looked_for

    def touch_decisions(self) -> None:
        self.touched.append("decisions")

    def tell(self) -> None:
        self.told += 1


def settle(tree: Tree) -> None:
    """A move: the tree comes to its end."""
    tree.settled = True
    known = tree.crew.caches.run(tree.key.root)
    assert known is not None
    version = str(int(known["metadata"]["resourceVersion"]) + 1)
    metadata = {**known["metadata"], "resourceVersion": version}
    tree.crew.caches.runs.put({**known, "metadata": metadata, "status": {"state": "Succeeded"}})


class Crew:
    """An operator with its surroundings."""

    def __init__(self, *runs: Json, **settings: Any) -> None:
        self.made: list[str] = []
        """Roots of the trees that were made, in order."""
        self.turns: list[str] = []
        self.plays: dict[str, list[Any]] = {}
        """Root -> what its next turns do: an error to raise, milliseconds until the next, or a function of the tree."""
        self.client, self.watcher, self.fenced = Notes(), Watcher(self), 0
        self.configuration = Configuration("libretto", "libretto", workers=settings.pop("workers", 2), **settings)
        self.caches: Caches
        self.queue = WorkQueue()
        self.operator: Operator = operator_over(self._shared, self.queue)
        self.operator._fenced = self._note_fence
        for one in runs:
            self.caches.runs.put(one)

    def _shared(self, caches: Caches, wake: Callable[[str, str], None]) -> Shared:
        self.caches = caches
        notifier = RecordingNotifier()
        return Shared(self.client, self.configuration, LoopClock(), caches, notifier, wake, observer=self.watcher)

    def _note_fence(self) -> None:
        self.fenced += 1

    async def lead(self) -> None:
        async def relist() -> None:
            """The caches are as they are."""

        await self.operator.lead(Mark(7, "lease"), relist)

    async def quiet(self, seconds: float = 1.0) -> None:
        """Let so much time pass."""
        await asyncio.sleep(seconds)

    def delete(self, name: str) -> None:
        known = self.caches.run(name)
        assert known is not None
        self.caches.runs.remove(known)


def played(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """A test in virtual time, with trees of this module."""

    def play() -> None:
        async def whole() -> None:
            try:
                with patch.object(operators, "Tree", Tree):
                    await test()
            finally:
                for task in asyncio.all_tasks() - {asyncio.current_task()}:
                    task.cancel()

        run(whole())

    play.__name__ = test.__name__
    return play
