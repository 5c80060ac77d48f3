"""A Job that nobody recorded is deleted by a person: what may run once only is not started again."""

import asyncio

import pytest

from tests.cluster.inside import operator_inside
from tests.cluster.operator.test_crashes import Killer
from tests.cluster.operator.test_holding import ANSWERS, RETRY, come, condition, delete_jobs, jobs
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent


@pytest.mark.requirement("K8S-019")
def test_what_may_run_once_only_is_unknown_then(bench: Bench) -> None:
    step: Json = {"id": "a", "agent": "worker", "launch": "AtMostOnce"}
    bench.apply(shell_agent("worker", ANSWERS), orchestration("one", step, **RETRY), run("r", "one"))

    async def lives() -> None:
        killer = Killer("after", ("create", "jobs", 0))
        async with operator_inside(bench.control_plane, bench.namespace, interposer=killer) as first:
            await asyncio.wait_for(first.died.wait(), 60)
        assert jobs(bench, "r") == ["a do 1"]
        await asyncio.to_thread(delete_jobs, bench, "r")
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2):
            await come(lambda: bench.state("r") == "Failed")

    asyncio.run(lives())
    assert condition(bench, "r")[0] == "OutcomeUnknown"
    assert jobs(bench, "r") == []
