"""A wish that somebody writes into a run's spec in the very moment in which the operator records what it did."""

import asyncio
import json

import pytest

from tests.cluster.inside import Interposer, operator_inside
from tests.cluster.operator.test_crashes import ANSWERS
from tests.cluster.operator.test_holding import come
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent


class Wishing(Interposer):
    """Has the run stand still once its first Job is there, and before that is recorded."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.wished = False
        self.before = self._wish

    def _wish(self, number: int, verb: str, resource: str) -> None:
        if (verb, resource) == ("update", "runs") and ("create", "jobs") in self.writes and not self.wished:
            self.wished = True
            self._bench.kubectl("patch", "run", "r", "--type=merge", "-p", '{"spec":{"suspend":true}}')


@pytest.mark.requirement("K8S-019", "K8S-021")
def test_what_was_launched_ends_though_the_run_shall_stand_still(bench: Bench) -> None:
    steps: list[Json] = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "worker", "dependsOn": ["a"]}]
    # Long enough to be there when the wish is heard: what has ended by then is followed by the next step at once.
    bench.apply(shell_agent("worker", "sleep 5; " + ANSWERS), orchestration("two", *steps), run("r", "two"))

    def status() -> Json:
        return bench.get("run", "r").get("status") or {}

    async def life() -> None:
        wishing = Wishing(bench)
        async with operator_inside(bench.control_plane, bench.namespace, interposer=wishing) as operator:
            await come(lambda: status().get("suspended") is True and status()["steps"] == "1/2")
            assert wishing.wished
            assert operator.client.counted["create", "jobs"] == 1
            bench.kubectl("patch", "run", "r", "--type=merge", "-p", '{"spec":{"suspend":false}}')
            await come(lambda: status()["state"] == "Succeeded")
        starts = [json.loads(text) for text in status()["tail"] if '"StepStarted"' in text]
        assert [(one["step"], one["attempt"]) for one in starts] == [("a", 1), ("b", 1)]

    asyncio.run(life())
