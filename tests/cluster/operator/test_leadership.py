"""Several operators, one leader: who goes away, freezes or comes back does no harm."""

import json

import pytest

from controller.wiring.cluster.configuration import Configuration
from tests.cluster.operator.conftest import Start
from tests.cluster.operators import IMAGE, Bench, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
SLOW = "sleep 4; " + ANSWERS
QUICK = {"LIBRETTO_LEASE_SECONDS": "3"}


def definitions(script: str = ANSWERS) -> list[dict[str, object]]:
    steps = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "worker", "dependsOn": ["a"]}]
    return [shell_agent("worker", script), orchestration("two", *steps)]  # type: ignore[arg-type]


def starts(bench: Bench, name: str) -> list[str]:
    jobs = bench.all("jobs", f"libretto.dev/run={name}")
    return sorted(job["metadata"]["annotations"]["libretto.dev/key"].split(" ", 1)[1] for job in jobs)


def shard_of(namespace: str) -> dict[str, str]:
    """Which shard a namespace belongs to, but the first one: a Lease of its name would fence the operators of all tests."""
    for shards in range(1000, 2000):
        for shard in range(1, shards):
            if Configuration(IMAGE, IMAGE, shards=shards, shard=shard).drives(namespace):
                return {"LIBRETTO_SHARDS": str(shards), "LIBRETTO_SHARD": str(shard)}
    raise AssertionError(namespace)


@pytest.mark.requirement("K8S-020")
def test_one_works_and_the_other_takes_over_at_once(bench: Bench, start: Start) -> None:
    first, second = start(), start(leads=False)
    bench.apply(*definitions(SLOW), run("r", "two"))
    until(lambda: len(bench.all("jobs")) == 1, "the first step runs", first.log)
    assert "leading" not in second.log()
    assert second.ready()
    first.process.terminate()
    until(lambda: "leading with epoch 2" in second.log(), "the second leads", second.log, seconds=1.5)
    status = bench.until_state("r")
    assert (status["state"], status["epoch"]) == ("Succeeded", 2), second.log()
    assert starts(bench, "r") == ["a do 1", "b do 1"]
    assert first.process.wait(15) == 0


@pytest.mark.requirement("K8S-019")
def test_a_leader_that_is_killed_is_replaced(bench: Bench, start: Start) -> None:
    first, second = start(**QUICK), start(leads=False, **QUICK)
    bench.apply(*definitions(SLOW), run("r", "two"))
    until(lambda: len(bench.all("jobs")) == 1, "the first step runs", first.log)
    first.kill()
    status = bench.until_state("r")
    assert (status["state"], status["epoch"]) == ("Succeeded", 2), second.log()
    assert starts(bench, "r") == ["a do 1", "b do 1"]


@pytest.mark.requirement("K8S-020")
def test_a_leader_that_was_frozen_writes_nothing_when_it_wakes(bench: Bench, start: Start) -> None:
    """Its Lease lies where the fence looks for it: the API server itself refuses what it still wants to do."""
    shared = QUICK | {"LIBRETTO_LEASE_NAMESPACE": "libretto-system"} | shard_of(bench.namespace)
    bench.grant_leases("libretto-system")
    first = start(**shared)
    bench.apply(*definitions("sleep 8; " + ANSWERS), run("r", "two"))
    until(lambda: len(bench.all("jobs")) == 1, "the first step runs", first.log)
    second = start(leads=False, **shared)
    first.freeze()
    until(lambda: "leading with epoch" in second.log(), "the second leads", second.log, seconds=20)
    audited = bench.control_plane.audit_log.stat().st_size
    first.thaw()
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", second.log()
    assert starts(bench, "r") == ["a do 1", "b do 1"]
    until(
        lambda: "lost the Lease" in first.log() or first.process.poll() is not None, "the first steps down", first.log
    )
    written = [
        event
        for event in bench.control_plane.audit(audited)
        if event["verb"] in ("create", "update", "patch") and event["objectRef"].get("namespace") == bench.namespace
        if event["objectRef"]["resource"] in ("runs", "jobs") and event["responseStatus"]["code"] < 300
        if event["user"]["username"].endswith("libretto-system:libretto")
    ]
    epoch = status["epoch"]
    bodies = [json.loads(text) for text in status["tail"]]
    assert epoch > 1
    assert written
    assert len({one["seq"] for one in bodies}) == len(bodies)
