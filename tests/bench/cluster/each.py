"""10,000 steps of one run: does everything stay bounded?"""

import asyncio
import statistics
import threading
from collections.abc import Sequence
from typing import Any, Self

import orjson

from tests.bench.cluster import load, rivals, traffic, usage
from tests.bench.cluster.laboratory import Laboratory, measured
from tests.bench.cluster.play import Played, Stage
from tests.bench.cluster.rivals import Rival
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.workshop import Workshop

TITLE = "Cluster: a run of 10,000 steps"
COUNT = 10_000
COUNTS = (1_000, 3_000)
AT_ONCE = 200
MOST_S = 3_000.0
_LEDGER = "libretto.dev/kind=shard"
_MERGES_S = 10.0
_HOW = (
    f"One `foreach` over a list of {COUNT:,} items, {AT_ONCE} instances at a time. Every state of the Run object is watched;"
    " the ledger's objects are counted when the run has ended."
)


def measure(workshop: Workshop) -> Measured:
    """One run of each size."""
    return measured(TITLE, _HOW, lambda: _measured(workshop))


def _measured(workshop: Workshop) -> Measured:
    with Laboratory.open(workshop) as laboratory, rivals.operator(laboratory, "ours") as operator:
        load.apply(laboratory, operator.namespace, load.agent(), load.each("each", AT_ONCE))
        stage = Stage(laboratory, operator)
        costs: dict[int, float] = {}
        for count in COUNTS:
            workshop.say(f"{count:,} steps of one run")
            costs[count] = (
                stage.play("each", count, parameters={"items": list(range(count))}, seconds=MOST_S).cpu_s / count
            )
        workshop.say(f"{COUNT:,} steps of one run")
        before = _ledger_objects(laboratory, operator)
        with Sizes(laboratory, operator.namespace) as sizes:
            played = stage.play("each", COUNT, parameters={"items": list(range(COUNT))}, seconds=MOST_S)
        objects = _settled_objects(laboratory, operator) - before
        peak = usage.memory_mb(operator.pid, "VmHWM")
    costs[COUNT] = played.cpu_s / COUNT
    writes = _by_age(played)
    growths = [
        Growth("operator", "step", {count: 1e6 * cost for count, cost in costs.items()}),
        Growth("API server", "status write", writes),
    ]
    return Measured(TITLE, _HOW, _figures(played, sizes.largest, objects, peak), growths)


def _figures(played: Played, largest: int, objects: int, peak: float) -> list[Figure]:
    lost = sum(state != "Succeeded" for state in played.states.values())
    return [
        Figure("largest Run object", largest / 1024, "KiB", 256, below=True),
        Figure("ledger objects at the end", objects, "", 100),
        Figure("peak memory of the operator", peak, "MB", 400, below=True),
        Figure("runs that did not succeed", lost, "", 0),
        Figure("steps a second", played.steps / played.took_s, ""),
        Figure("requests per step", played.requests, "x", note=traffic.kinds(played.asked)),
        Figure("processor time of a step", played.cpu_ms, "ms"),
        Figure(
            "status write, median", statistics.median(played.writes_ms), "ms", note="with everything else that goes on"
        ),
    ]


def _by_age(played: Played) -> dict[int, float]:
    """Return what a status write took near the beginning and at the end, by the steps that had ended about then."""
    writes = [one.milliseconds for one in played.asked if one.resource == "runs/status"]
    tenth = max(1, len(writes) // 10)

    def cost(some: Sequence[float]) -> float:
        return 1000 * statistics.median(some)

    return {played.steps // 10: cost(writes[:tenth]), played.steps: cost(writes[-tenth:])}


def _ledger_objects(laboratory: Laboratory, operator: Rival) -> int:
    found = laboratory.kubectl("get", "configmaps", "-n", operator.namespace, "-l", _LEDGER, "-o", "name")
    return len(found.splitlines())


def _settled_objects(laboratory: Laboratory, operator: Rival) -> int:
    """Count when the merging, which nobody waits for, is over."""
    resting = threading.Event()
    known = _ledger_objects(laboratory, operator)
    while True:
        resting.wait(_MERGES_S)
        now = _ledger_objects(laboratory, operator)
        if now == known:
            return now
        known = now


class Sizes:
    """Watches the Run objects of a namespace, in a thread, and knows the largest."""

    def __init__(self, laboratory: Laboratory, namespace: str) -> None:
        self.largest = 0
        self._path = f"/apis/libretto.dev/v1alpha1/namespaces/{namespace}/runs"
        self._laboratory = laboratory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._following = asyncio.run_coroutine_threadsafe(self._follow(), self._loop)
        return self

    def __exit__(self, *_: object) -> None:
        self._following.cancel()
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _ended(self) -> None:
        """Let what was cancelled close its connection; the loop has to turn for that."""
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        await asyncio.gather(*others, return_exceptions=True)

    async def _follow(self) -> None:
        async with load.session(self._laboratory) as session:
            while True:
                async with session.get(self._path, params={"watch": "true"}) as reply:
                    rest = b""
                    async for chunk in reply.content.iter_any():
                        *lines, rest = (rest + chunk).split(b"\n")
                        for line in lines:
                            found: dict[str, Any] = orjson.loads(line)["object"]
                            self.largest = max(self.largest, len(orjson.dumps(found)))
