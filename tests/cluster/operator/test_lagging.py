"""A leader whose caches lag behind: its claim fails, and before that it has done nothing."""

import asyncio

import pytest

from tests.cluster.inside import Interposer, operator_inside
from tests.cluster.operator.test_crashes import Killer, definitions, facts
from tests.cluster.operator.test_holding import come
from tests.cluster.operators import Bench, Json, run


@pytest.mark.requirement("K8S-019", "K8S-020")
def test_a_takeover_with_a_lagging_cache(bench: Bench) -> None:
    """What it knows is from before the first Job; meanwhile another leader has brought the run to its end."""
    bench.apply(*definitions(), run("r", "three", maxParallel=1))

    def listed(path: str) -> Json:
        found: Json = bench.control_plane.get(path)
        return found

    def seen() -> dict[str, Json]:
        groups = {"runs": "apis/libretto.dev/v1alpha1", "jobs": "apis/batch/v1", "pods": "api/v1"}
        return {kind: listed(f"/{group}/namespaces/{bench.namespace}/{kind}") for kind, group in groups.items()}

    async def lives() -> None:
        killer = Killer("before", ("create", "jobs", 0))
        async with operator_inside(bench.control_plane, bench.namespace, interposer=killer) as first:
            await asyncio.wait_for(first.died.wait(), 60)
        before = await asyncio.to_thread(seen)
        assert before["jobs"]["items"] == []
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2):
            await come(lambda: bench.state("r") == "Succeeded")
        there, version = facts(bench, "r"), bench.get("run", "r")["metadata"]["resourceVersion"]

        lagging = Interposer()
        lagging.lagging = before
        async with operator_inside(bench.control_plane, bench.namespace, epoch=3, interposer=lagging) as third:
            cache = third.operator.shared.caches.runs
            await come(
                lambda: ((cache.get(bench.namespace, "r") or {}).get("status") or {}).get("state") == "Succeeded"
            )
        of_the_run = [write for write in lagging.writes if write[1] in ("runs", "jobs")]
        assert of_the_run == [("update", "runs")], "its claim, which was refused"
        assert (facts(bench, "r"), bench.get("run", "r")["metadata"]["resourceVersion"]) == (there, version)

    asyncio.run(lives())
