"""The operator dies before and after every single write, and the run is as if it had not."""

import asyncio
import json

import pytest

from tests.cluster.inside import Inside, Interposer, Killed, operator_inside
from tests.cluster.operators import Bench, orchestration, run, shell_agent

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
MOST_SECONDS = 60

Json = dict[str, object]


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


async def play(bench: Bench, name: str, interposer: Interposer) -> tuple[int, int]:
    """Drive one run to its end through any number of lives; return how many it took and what the first wrote."""
    bench.apply(run(name, "three", maxParallel=2))
    lives, writes = 0, 0
    while True:
        lives += 1
        async with operator_inside(bench.control_plane, bench.namespace, epoch=lives, interposer=interposer) as life:
            if await settled(bench, name, life):
                return lives, writes or len(interposer.writes)
        writes = len(interposer.writes)
        interposer.before = interposer.after = lambda *_: None


def facts(bench: Bench, name: str) -> tuple[object, ...]:
    """What must be equal with and without a crash."""
    status = bench.get("run", name)["status"]
    jobs = bench.all("jobs", f"libretto.dev/run={name}")
    tried = sorted(job["metadata"]["annotations"]["libretto.dev/key"].split(" ")[1:] for job in jobs)
    kinds = [json.loads(text)["kind"] for text in status["tail"]]
    return status["state"], status["semanticDigest"], tried, sorted(kinds), status["sequence"]


def killer(at: int, moment: str) -> Interposer:
    interposer = Interposer()

    def kill(number: int, *_: str) -> None:
        if number == at:
            raise Killed

    setattr(interposer, moment, kill)
    return interposer


@pytest.mark.requirement("K8S-019")
def test_killed_at_every_write(bench: Bench) -> None:
    bench.apply(*definitions())

    async def all_points() -> None:
        undisturbed = Interposer()
        lives, count = await play(bench, "undisturbed", undisturbed)
        assert lives == 1
        expected = facts(bench, "undisturbed")
        assert expected[0] == "Succeeded"
        assert count >= 7, undisturbed.writes
        moments: tuple[str, ...] = ("before", "after")
        for moment in moments:
            for at in range(count):
                name = f"killed-{moment}-{at}"
                lives, writes = await play(bench, name, killer(at, moment))
                # The last write may be seen by the test before the operator dies of it; and where the machine is busy, one
                # write may take what two took before.
                assert lives == 2 or at >= writes - 1, name
                assert facts(bench, name) == expected, name

    asyncio.run(all_points())
