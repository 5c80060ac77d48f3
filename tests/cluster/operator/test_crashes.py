"""The operator dies before and after every single write, and the run is as if it had not."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from tests.cluster.inside import Inside, Interposer, Killed, operator_inside
from tests.cluster.operators import Bench, orchestration, run, shell_agent

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
MOST_SECONDS = 60
MOST_TRIES = 20

Json = dict[str, object]
Point = tuple[str, str, int]


def definitions() -> list[Json]:
    steps: list[Json] = [
        {"id": "a", "agent": "worker"},
        {"id": "b", "agent": "worker"},
        {"id": "c", "agent": "worker", "dependsOn": ["a", "b"]},
    ]
    return [shell_agent("worker", ANSWERS), orchestration("three", *steps)]


async def settled(bench: Bench, name: str, life: Inside) -> bool:
    """Wait until the run has settled (True), or the operator was killed (False)."""
    cache = life.operator.shared.caches.runs
    async with asyncio.timeout(MOST_SECONDS):
        while not life.died.is_set():
            known = cache.get(bench.namespace, name)
            if known is not None and (known.get("status") or {}).get("state") in ("Succeeded", "Failed"):
                return True
            await asyncio.sleep(0.02)
    return False


class Killer(Interposer):
    """Kills the first life at one of its writes, named by verb, resource and how many such came before; once."""

    def __init__(self, moment: str, point: Point | None) -> None:
        super().__init__()
        self.killed = False
        self.point = point
        setattr(self, moment, self._kill)

    def _kill(self, number: int, verb: str, resource: str) -> None:
        if not self.killed and points(self.writes[: number + 1])[-1] == self.point:
            self.killed = True
            raise Killed


def points(writes: Sequence[tuple[str, str]]) -> list[Point]:
    """Return the writes of a life as points at which it may die."""
    return [(verb, resource, writes[:number].count((verb, resource))) for number, (verb, resource) in enumerate(writes)]


async def play(bench: Bench, name: str, killer: Killer) -> int:
    """Drive one run to its end through any number of lives; return how many it took."""
    if killer.point is not None and killer.point[1] in ("orchestrations", "agents"):
        # New ones, or nobody would write how they stand.
        bench.kubectl("delete", "orchestrations,agents", "--all", "--wait=false")
    bench.apply(*definitions(), run(name, "three", maxParallel=2))
    lives = 0
    while True:
        lives += 1
        killed = killer.killed
        async with operator_inside(bench.control_plane, bench.namespace, epoch=lives, interposer=killer) as life:
            # A last write that was carried out may be seen before the operator dies of it.
            if await settled(bench, name, life) and killer.killed == killed:
                return lives


def facts(bench: Bench, name: str) -> tuple[object, ...]:
    """What must be equal with and without a crash."""
    status = bench.get("run", name)["status"]
    jobs = bench.all("jobs", f"libretto.dev/run={name}")
    tried = sorted(job["metadata"]["annotations"]["libretto.dev/key"].split(" ")[1:] for job in jobs)
    kinds = [json.loads(text)["kind"] for text in status["tail"]]
    return status["state"], status["semanticDigest"], tried, sorted(kinds), status["sequence"]


@pytest.mark.requirement("K8S-019")
def test_killed_at_every_write(bench: Bench) -> None:
    """Writes wait for company, so a life may make one less than another: what it did not come to is tried again."""

    async def all_points() -> None:
        undisturbed = Killer("before", None)
        assert await play(bench, "undisturbed", undisturbed) == 1
        expected = facts(bench, "undisturbed")
        assert expected[0] == "Succeeded"
        assert len(undisturbed.writes) >= 7, undisturbed.writes
        for moment in ("before", "after"):
            for number, point in enumerate(points(undisturbed.writes)):
                assert await killed_at(moment, number, point, expected), f"never came to {point}"

    async def killed_at(moment: str, number: int, point: Point, expected: tuple[object, ...]) -> bool:
        """Play until a life died there; whatever happened, the run is as if nothing had."""
        for attempt in range(MOST_TRIES):
            name, killer = f"killed-{moment}-{number}-{attempt}", Killer(moment, point)
            lives = await play(bench, name, killer)
            assert lives == 1 + killer.killed, f"{name} at {point}"
            assert facts(bench, name) == expected, f"{name} at {point}"
            if killer.killed:
                return True
        return False

    asyncio.run(all_points())
