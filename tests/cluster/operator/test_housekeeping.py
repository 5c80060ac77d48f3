"""What may go goes, and nothing else does."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.names import DIGEST, NEEDED
from controller.adapters.cluster.resources import AGENTS, APPROVALS, INTERVENTIONS, ORCHESTRATIONS, RUNS
from controller.definition.catalog import Catalog
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.definitions import Definitions
from controller.wiring.cluster.housekeeping import YOUNGEST_MS, Housekeeping
from controller.wiring.cluster.resync import Resync
from controller.wiring.cluster.unneeded import GRACE_MS
from tests.cluster.cli.terminal import Terminal
from tests.cluster.control_plane import KubectlFailed
from tests.cluster.inside import InterposedClient, Interposer, connection_of, operator_inside
from tests.cluster.operator.test_crashes import Killer
from tests.cluster.operator.test_holding import come
from tests.cluster.operator.test_people import allow, approval, command, create
from tests.cluster.operators import ROOT, Bench, Json, OperatorProcess, orchestration, run, shell_agent, until
from tests.cluster.speaking import goodbyes

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
DAY_MS = 86_400_000
FILES = "libretto.dev/kind=agent-file"


async def swept(bench: Bench, *after_ms: int) -> int:
    """Sweep as the leader would after so much time, and again; return what the last time did."""
    client = InterposedClient(connection_of(bench.control_plane), Interposer())
    caches, definitions = Caches(lambda *_: None, lambda _: None), Definitions()

    def catalog(namespace: str) -> Catalog:
        return definitions.catalog(namespace, caches.definitions(namespace))

    try:
        known = {
            RUNS: caches.runs,
            ORCHESTRATIONS: caches.orchestrations,
            AGENTS: caches.agents,
            APPROVALS: caches.approvals,
            INTERVENTIONS: caches.interventions,
        }
        await Resync(client, known, (bench.namespace,)).relist()
        keeping = Housekeeping(client, caches, Configuration("", ""), catalog, (bench.namespace,))
        gone = 0
        for after in after_ms:
            gone = await keeping.sweep(SystemClock().now() + after)
        return gone
    finally:
        await client.close()
        await goodbyes()


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


def test_a_child_that_no_ledger_knows_goes_when_its_tree_is_over(bench: Bench) -> None:
    """Its maker died before it could record it, and then somebody aborted the parent."""
    inner = orchestration("inner", {"id": "a", "agent": "worker"})
    outer = orchestration("outer", {"id": "c", "type": "orchestration", "orchestration": {"name": "inner"}})
    bench.apply(shell_agent("worker", ANSWERS), inner, outer, run("r", "outer"))

    async def lives() -> None:
        killer = Killer("after", ("create", "runs", 0))
        async with operator_inside(bench.control_plane, bench.namespace, interposer=killer) as first:
            await asyncio.wait_for(first.died.wait(), 60)
        await asyncio.to_thread(create, bench, command(bench, "r", "abort"))
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2):
            await come(lambda: bench.state("r") == "Aborted")

    asyncio.run(lives())
    (child,) = (one for one in bench.all("runs") if one["spec"].get("parent"))
    assert "head" not in child.get("status", {})
    assert asyncio.run(swept(bench, 0, GRACE_MS // 2)) == 0
    assert asyncio.run(swept(bench, 0, GRACE_MS)) == 1
    assert [one["metadata"]["name"] for one in bench.all("runs")] == ["r"]


@pytest.mark.requirement("K8S-016")
def test_decisions_go_after_the_run_that_they_were_about(bench: Bench, operator: OperatorProcess) -> None:
    gated = {"id": "a", "agent": "worker", "checkpointAfter": {"question": "fine"}}
    bench.apply(shell_agent("worker", ANSWERS), orchestration("gated", gated), run("gone", "gated"))
    bench.apply(run("stays", "gated"))
    allow(bench, "libretto-approver", "mara")
    for name in ("gone", "stays"):
        bench.until_state(name, "AwaitingApproval")
        create(bench, approval(bench, name), "mara")
        bench.until_state(name, "Succeeded")
        create(bench, command(bench, name, "undo"))
        bench.until_state(name, "RolledBack")
    assert asyncio.run(swept(bench, 0, 2 * GRACE_MS)) == 0
    bench.kubectl("delete", "run", "gone")
    assert asyncio.run(swept(bench, 0, GRACE_MS // 2)) == 0
    assert asyncio.run(swept(bench, 0, GRACE_MS)) == 2
    for kind in ("approvals", "interventions"):
        assert [one["spec"]["runRef"]["name"] for one in bench.all(kind)] == ["stays"]


def test_files_of_agents_go_when_no_agent_and_no_run_executes_them(
    bench: Bench, operator: OperatorProcess, tmp_path: Path
) -> None:
    library = tmp_path / "definitions"
    for name in ("nightly", "agents"):
        shutil.copytree(ROOT / "definitions" / name, library / name)
    terminal = Terminal(bench.control_plane, tmp_path, bench.namespace)
    terminal.libretto("definitions", "publish", str(library / "nightly"))
    files = {one["metadata"]["annotations"][DIGEST] for one in bench.all("configmaps", FILES)}
    assert files == executed(bench)
    bench.apply(run("r", "nightly", parameters={"mode": "upsert"}))
    until(lambda: "snapshot" in (bench.get("run", "r").get("status") or {}), "it is admitted", operator.log)
    assert asyncio.run(swept(bench, 0, GRACE_MS)) == 0, "agents name them"
    # A step gives away a copy of a file, so the run needs it as its own.
    until(lambda: any(NEEDED in one["metadata"]["annotations"] for one in bench.all("configmaps", FILES)), "copied")
    bench.kubectl("delete", "agents", "--all")
    assert asyncio.run(swept(bench, 0, GRACE_MS)) == 0, "a run executes them"
    bench.kubectl("delete", "run", "r")
    assert asyncio.run(swept(bench, 2 * GRACE_MS)) == 1, "the snapshot"
    assert asyncio.run(swept(bench, 0, GRACE_MS // 2)) == 0
    assert asyncio.run(swept(bench, 0, GRACE_MS)) == len(files)
    assert bench.all("configmaps", FILES) == []


def executed(bench: Bench) -> set[str]:
    return {file["digest"] for one in bench.all("agents") for file in (one["spec"].get("files") or {}).values()}


def test_an_orchestration_keeps_as_many_runs_as_it_says(bench: Bench, operator: OperatorProcess) -> None:
    """The youngest that succeeded, and the youngest that did not; what was written down by name stays."""
    limits = {"successfulRunsHistoryLimit": 1, "failedRunsHistoryLimit": 2}
    negative = orchestration("good", {"id": "a", "agent": "worker"}, failedRunsHistoryLimit=-1)
    with pytest.raises(KubectlFailed, match="failedRunsHistoryLimit"):
        bench.kubectl("apply", "--server-side", "-f", "-", input=json.dumps(negative))
    bench.apply(
        shell_agent("worker", ANSWERS),
        shell_agent("broken", "exit 65"),
        orchestration("good", {"id": "a", "agent": "worker"}, **limits),
        orchestration("bad", {"id": "a", "agent": "broken"}, **limits),
        run("named", "good"),
    )
    for name in ("good", "bad"):
        unnamed = run("x", name) | {"metadata": {"generateName": f"{name}-"}}
        for _ in range(3):
            before = _ended(bench)

            def more(before: int = before) -> bool:
                return _ended(bench) > before

            bench.kubectl("create", "-f", "-", input=json.dumps(unnamed))
            until(more, "it has ended, before the next", operator.log)
    until(lambda: _ended(bench) == 7, "all have ended", operator.log)
    stuck = min(_unnamed(bench, "bad"), key=_moment)
    kept = {max(_unnamed(bench, "good"), key=_moment)["metadata"]["name"], "named"}
    kept |= {one["metadata"]["name"] for one in _unnamed(bench, "bad")}
    operator.stop()  # nobody answers the command
    create(bench, command(bench, stuck["metadata"]["name"], "retry"))
    assert asyncio.run(swept(bench, 0)) == 2
    assert {one["metadata"]["name"] for one in bench.all("runs")} == kept
    bench.kubectl("delete", "interventions", "--all")
    assert asyncio.run(swept(bench, 0)) == 1
    assert {one["metadata"]["name"] for one in bench.all("runs")} == kept - {stuck["metadata"]["name"]}


def _unnamed(bench: Bench, orchestration: str) -> list[Json]:
    return [one for one in bench.all("runs") if one["metadata"].get("generateName") == f"{orchestration}-"]


def _moment(run: Json) -> str:
    return str(run["status"]["endedAt"])


def _ended(bench: Bench) -> int:
    return sum(1 for one in bench.all("runs") if (one.get("status") or {}).get("endedAt"))
