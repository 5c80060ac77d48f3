"""Versions that meet on one cluster: what a newer one wrote is refused and left as it is."""

import asyncio
import json

import pytest

from controller.machine.chain import Chain
from controller.model.record import SCHEMA_VERSION, decode
from tests.cluster.inside import operator_inside
from tests.cluster.operator.test_holding import ANSWERS, come, condition, jobs
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent


def of_version(status: Json, uid: str, schema: int) -> Json:
    """The status of a run as another version would have written it for a run of that uid."""
    chain, tail = Chain(), []
    for text in status["tail"]:
        record = decode(text.encode())
        if record.seq == 0:
            record = record._replace(data={**(record.data or {}), "schema": schema, "run": uid})
        link, chain = chain.link(record)
        tail.append(link.content.decode())
    return {**status, "tail": tail, "head": chain.head}


@pytest.mark.requirement("K8S-019")
def test_a_run_of_a_newer_version_is_refused_and_one_of_this_version_goes_on(bench: Bench) -> None:
    gated: Json = {"id": "a", "agent": "worker", "checkpointAfter": {"question": "fine"}}
    bench.apply(shell_agent("worker", ANSWERS), orchestration("gated", gated), run("donor", "gated"))

    def write(name: str, schema: int) -> Json:
        bench.apply(run(name, "gated"))
        uid = bench.get("run", name)["metadata"]["uid"]
        status = of_version(bench.get("run", "donor")["status"], uid, schema)
        # It comes from nowhere: over the state that may follow none.
        for body in ({"state": "Running", "epoch": 1, "head": status["head"], "sequence": status["sequence"]}, status):
            patch = json.dumps({"status": body | {"tail": status["tail"]}})
            bench.kubectl("patch", "run", name, "--subresource=status", "--type=merge", "-p", patch)
        found: Json = bench.get("run", name)["status"]
        return found

    async def lives() -> None:
        async with operator_inside(bench.control_plane, bench.namespace):
            await come(lambda: bench.state("donor") == "AwaitingApproval")
        newer = await asyncio.to_thread(write, "newer", SCHEMA_VERSION + 1)
        same = await asyncio.to_thread(write, "same", SCHEMA_VERSION)
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2):
            await come(lambda: condition(bench, "newer")[0] == "StateTooNew")
            await asyncio.to_thread(bench.apply, run("later", "gated"))
            await come(lambda: bench.state("later") == "AwaitingApproval")
            assert condition(bench, "same") == ("", "")
        for name, before in (("newer", newer), ("same", same)):
            after = bench.get("run", name)["status"]
            assert [after[member] for member in ("tail", "head", "state")] == [
                before[member] for member in ("tail", "head", "state")
            ]
            assert jobs(bench, name) == []

    asyncio.run(lives())
    assert str(SCHEMA_VERSION + 1) in condition(bench, "newer")[1]
