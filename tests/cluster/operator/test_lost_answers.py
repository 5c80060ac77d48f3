"""The operator dies between what somebody caused and its answer: it happened once, and the next operator says so."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.cluster.inside import Interposer, Killed, operator_inside
from tests.cluster.operator.test_people import ANSWERS, Json, approval, command, create
from tests.cluster.operators import Bench, orchestration, run, shell_agent, until

MOST_SECONDS = 60


def killer(resource: str) -> Interposer:
    """Die before the answer is written."""

    def kill(_number: int, _verb: str, written: str) -> None:
        if written == resource:
            raise Killed

    return Interposer(before=kill)


async def come(holds: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, holds, "what the operator does")


@pytest.mark.requirement("K8S-019")
def test_an_answer_that_was_lost_is_given(bench: Bench) -> None:
    steps: list[Json] = [
        {"id": "a", "agent": "worker", "checkpointAfter": {"question": "fine"}},
        {"id": "b", "agent": "bad", "dependsOn": ["a"]},
    ]
    bench.apply(shell_agent("worker", ANSWERS), shell_agent("bad", "exit 65"), orchestration("two", *steps))
    bench.apply(run("r", "two"))

    def status() -> Json:
        found: Json = bench.get("run", "r").get("status") or {}
        return found

    def kinds() -> list[str]:
        return [json.loads(text)["kind"] for text in status()["tail"]]

    async def lives() -> None:
        async with operator_inside(
            bench.control_plane, bench.namespace, epoch=1, interposer=killer("approvals")
        ) as first:
            await come(lambda: status().get("state") == "AwaitingApproval")
            decision = await asyncio.to_thread(lambda: create(bench, approval(bench, "r")))
            await asyncio.wait_for(first.died.wait(), MOST_SECONDS)
        assert "GateApproved" in kinds()
        assert "status" not in bench.get("approval", decision)
        async with operator_inside(
            bench.control_plane, bench.namespace, epoch=2, interposer=killer("interventions")
        ) as second:
            await come(lambda: status().get("state") == "Failed")
            answer = bench.get("approval", decision)["status"]
            assert answer["record"] == kinds().index("GateApproved")
            asked = await asyncio.to_thread(lambda: create(bench, command(bench, "r", "retry", step="b")))
            await asyncio.wait_for(second.died.wait(), MOST_SECONDS)
            assert second.client.counted["patch", "approvals"] == 1
        assert kinds().count("StepReopened") == 1
        assert "status" not in bench.get("intervention", asked)
        async with operator_inside(bench.control_plane, bench.namespace, epoch=3):
            await come(lambda: "status" in bench.get("intervention", asked) and status().get("state") == "Failed")
        assert bench.get("intervention", asked)["status"]["record"] == kinds().index("StepReopened")
        assert kinds().count("StepReopened") == 1
        assert len(bench.all("jobs", "libretto.dev/step=b")) == 2

    asyncio.run(lives())
