"""A Job that no ledger knows: a leader that was none any more made it, or one that died. It is never left to itself."""

import asyncio
import json
from functools import partial

import pytest

from controller.adapters.cluster.names import EFFECT, EPOCH, INPUT, KEY, LEASE, attempt_key, effect_digest
from tests.cluster.inside import operator_inside
from tests.cluster.operator.conftest import Start
from tests.cluster.operator.test_crashes import Killer
from tests.cluster.operator.test_holding import ANSWERS, come, jobs, kinds
from tests.cluster.operator.test_people import command, create
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent, until

LASTS = "trap 'exit 143' TERM; while :; do sleep 0.05; done"
SOON = "trap 'exit 143' TERM; [ $LIBRETTO_ATTEMPT = 2 ] && while :; do sleep 0.05; done; " + ANSWERS
"""Its second attempt lasts, but nobody asks for one."""


def phases(bench: Bench, job: str) -> list[str]:
    return [pod["status"]["phase"] for pod in bench.all("pods", f"batch.kubernetes.io/job-name={job}")]


def has_failed(bench: Bench, job: str) -> bool:
    return phases(bench, job) == ["Failed"]


def records(bench: Bench, name: str, kind: str) -> list[Json]:
    tail = map(json.loads, bench.get("run", name)["status"]["tail"])
    return [record for record in tail if record["kind"] == kind]


@pytest.mark.requirement("K8S-019")
def test_a_run_that_was_aborted_before_its_job_was_recorded_ends_it(bench: Bench) -> None:
    bench.apply(shell_agent("worker", LASTS), orchestration("one", {"id": "a", "agent": "worker"}), run("r", "one"))

    async def lives() -> None:
        killer = Killer("after", ("create", "jobs", 0))
        async with operator_inside(bench.control_plane, bench.namespace, interposer=killer) as first:
            await asyncio.wait_for(first.died.wait(), 60)
        assert jobs(bench, "r") == ["a do 1"]
        await asyncio.to_thread(create, bench, command(bench, "r", "abort"))
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2):
            await come(lambda: bench.state("r") == "Aborted")

    asyncio.run(lives())
    (job,) = bench.all("jobs", "libretto.dev/run=r")
    until(lambda: phases(bench, job["metadata"]["name"]) == ["Failed"], "its pod ends")
    (started,) = records(bench, "r", "StepStarted")
    assert started["data"] == {"adopted": True}
    assert kinds(bench, "r")[-2:] == ["StepAborted", "RunAborted"]


def second(job: Json) -> Json:
    """Return the Job of the second attempt, as a leader that knows nothing of the end of the first would make it."""
    metadata, notes = job["metadata"], job["metadata"]["annotations"]
    key = attempt_key(job)._replace(attempt=2)
    changed = {
        KEY: f"{key.run} {key.step} {key.role} {key.attempt}",
        EFFECT: effect_digest(key, notes[INPUT]),
        EPOCH: notes[EPOCH],
        LEASE: notes[LEASE],
    }
    own = {name: text for name, text in metadata["labels"].items() if name.startswith(("libretto.dev", "app."))}
    template = job["spec"]["template"]
    labels = {name: text for name, text in template["metadata"]["labels"].items() if name in own}
    text = json.dumps(template["spec"]).replace('"LIBRETTO_ATTEMPT", "value": "1"', '"LIBRETTO_ATTEMPT", "value": "2"')
    kept = {
        name: value
        for name, value in job["spec"].items()
        if name not in ("selector", "template", "ttlSecondsAfterFinished")
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": metadata["name"] + "-late",
            "namespace": metadata["namespace"],
            "labels": own,
            "annotations": {**notes, **changed},
            "ownerReferences": metadata["ownerReferences"],
        },
        "spec": {
            **kept,
            "template": {"metadata": {**template["metadata"], "labels": labels}, "spec": json.loads(text)},
        },
    }


@pytest.mark.requirement("K8S-020")
def test_what_appears_when_all_is_over_is_ended_and_recorded_once(bench: Bench, start: Start) -> None:
    """Whether its run is not looked at any more, or found by a new leader."""
    first = start()
    bench.apply(shell_agent("worker", SOON), orchestration("one", {"id": "a", "agent": "worker"}))
    bench.apply(run("r", "one"), run("s", "one"))
    for name in ("r", "s"):
        assert bench.until_state(name)["state"] == "Succeeded", first.log()
    made = {name: second(bench.all("jobs", f"libretto.dev/run={name}")[0]) for name in ("r", "s")}
    bench.apply(made["r"])
    until(lambda: bool(records(bench, "r", "StrayFound")), "it is recorded", first.log)
    first.kill()
    bench.apply(made["s"])
    until(lambda: phases(bench, made["s"]["metadata"]["name"]) == ["Running"], "it runs")
    release = {"spec": {"holderIdentity": ""}}
    bench.kubectl("patch", "lease", "libretto-shard-0", "--type=merge", "-p", json.dumps(release))
    other = start()
    for name in ("r", "s"):
        until(partial(records, bench, name, "StrayFound"), "it is recorded", other.log)
        until(partial(has_failed, bench, made[name]["metadata"]["name"]), "it ends", other.log)
        (record,) = records(bench, name, "StrayFound")
        assert (record["step"], record["attempt"], record["data"]) == ("a", 2, {"role": "do"})
        assert bench.state(name) == "Succeeded"
    assert "mistake of ours" not in other.log()
