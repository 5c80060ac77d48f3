"""What may go goes, and nothing else does."""

import asyncio
import json

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.names import DIGEST
from controller.adapters.cluster.resources import RUNS
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.housekeeping import YOUNGEST_MS, Housekeeping
from controller.wiring.cluster.resync import Resync
from tests.cluster.inside import InterposedClient, Interposer, connection_of
from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
DAY_MS = 86_400_000


async def swept(bench: Bench, after_ms: int) -> int:
    """Sweep as the leader would after so much time."""
    client = InterposedClient(connection_of(bench.control_plane), Interposer())
    caches = Caches(lambda *_: None, lambda _: None)
    try:
        await Resync(client, {RUNS: caches.runs}, (bench.namespace,)).relist()
        keeping = Housekeeping(client, caches, Configuration("", ""), (bench.namespace,))
        return await keeping.sweep(SystemClock().now() + after_ms)
    finally:
        await client.close()


def test_runs_by_their_time_to_live_and_what_only_they_needed(bench: Bench, operator: OperatorProcess) -> None:
    caching = {"execution": {"caching": {"enabled": True, "ttlSeconds": 7200}}}
    bench.apply(shell_agent("worker", ANSWERS), orchestration("one", {"id": "a", "agent": "worker"}, **caching))
    named, unnamed = run("named", "one", ttlSecondsAfterFinished=60), run("x", "one", ttlSecondsAfterFinished=60)
    unnamed["metadata"] = {"generateName": "unnamed-"}
    bench.apply(named)
    until(lambda: _ended(bench) == 1, "the first ended, and its result kept", operator.log)
    bench.kubectl("create", "-f", "-", input=json.dumps(unnamed))
    until(lambda: _ended(bench) == 2, "both ended", operator.log)
    runs = {one["metadata"]["name"]: one["status"]["progress"]["cached"] for one in bench.all("runs")}
    assert (runs.pop("named"), *runs.values()) == (0, 1)
    assert asyncio.run(swept(bench, 30_000)) == 0
    assert asyncio.run(swept(bench, 120_000)) == 1
    assert [one["metadata"]["name"] for one in bench.all("runs")] == ["named"]
    snapshots = bench.all("configmaps", "libretto.dev/kind=snapshot")
    executed = bench.get("run", "named")["status"]["snapshot"]
    assert [one["metadata"]["annotations"][DIGEST] for one in snapshots] == [executed]
    assert asyncio.run(swept(bench, YOUNGEST_MS * 3)) == 1  # the kept result
    assert not bench.all("configmaps", "libretto.dev/kind=cache")
    bench.kubectl("delete", "run", "named")
    assert asyncio.run(swept(bench, DAY_MS)) == 1
    assert not bench.all("configmaps", "libretto.dev/kind=snapshot")


def _ended(bench: Bench) -> int:
    return sum(1 for one in bench.all("runs") if (one.get("status") or {}).get("endedAt"))
