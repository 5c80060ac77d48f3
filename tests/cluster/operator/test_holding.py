"""Nobody led for longer than Jobs are kept: what was started is not known any more, so a person decides."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from controller.adapters.cluster.lapse import Lapse
from tests.cluster.inside import operator_inside
from tests.cluster.operator.conftest import Start
from tests.cluster.operator.test_people import answered, command, create
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
WAITS = "trap 'exit 143' TERM; while [ $LIBRETTO_ATTEMPT = 1 ]; do sleep 0.05; done; " + ANSWERS
"""The first attempt lasts, a later one does not."""

LASTS = "sleep 6; " + ANSWERS
RETRY: Json = {"errorHandling": {"onStepFailure": {"maxAttempts": 3, "initialDelayMs": 1}}}


def condition(bench: Bench, name: str, kind: str = "Stalled") -> tuple[str, str]:
    found = (bench.get("run", name).get("status") or {}).get("conditions") or ()
    return next(((one["reason"], one["message"]) for one in found if one["type"] == kind), ("", ""))


def jobs(bench: Bench, name: str) -> list[str]:
    found = bench.all("jobs", f"libretto.dev/run={name}")
    return sorted(job["metadata"]["annotations"]["libretto.dev/key"].split(" ", 1)[1] for job in found)


def kinds(bench: Bench, name: str) -> list[str]:
    return [json.loads(text)["kind"] for text in bench.get("run", name)["status"]["tail"]]


def recorded(bench: Bench, name: str, kind: str = "StepStarted") -> bool:
    return kind in " ".join((bench.get("run", name).get("status") or {}).get("tail") or ())


def delete_jobs(bench: Bench, name: str) -> None:
    """As their time to live does."""
    for kind in ("jobs", "pods"):
        bench.kubectl("delete", kind, "-l", f"libretto.dev/run={name}", "--wait=false")
    until(lambda: not jobs(bench, name), "they are gone")


async def come(holds: Callable[[], bool], what: str = "what the operator does") -> None:
    await asyncio.to_thread(until, holds, what)


@pytest.mark.requirement("K8S-019")
def test_whose_jobs_are_gone_is_held_until_a_person_decides(bench: Bench, start: Start) -> None:
    """By the Lease alone; across leaders; a command that cannot be carried out lets nothing go on."""
    steps: list[Json] = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "other"}]
    first = start()
    bench.apply(shell_agent("worker", WAITS), shell_agent("other", ANSWERS), shell_agent("lasting", LASTS))
    bench.apply(orchestration("two", *steps, **RETRY), orchestration("one", {"id": "a", "agent": "lasting"}))
    bench.apply(run("gone", "two"), run("there", "one"))
    until(lambda: recorded(bench, "gone") and recorded(bench, "there"), "both run", first.log)
    first.kill()
    delete_jobs(bench, "gone")
    past = {"spec": {"renewTime": "2020-01-01T00:00:00.000000Z", "holderIdentity": ""}}
    bench.kubectl("patch", "lease", "libretto-shard-0", "--type=merge", "-p", json.dumps(past))

    second = start()
    until(lambda: condition(bench, "gone")[0] == "OutcomeUnknown", "it is held", second.log)
    message = condition(bench, "gone")[1]
    assert "a (attempt 1, run gone)" in message
    assert "Intervention" in message
    assert bench.until_state("there")["state"] == "Succeeded", second.log()
    second.kill()
    release = {"spec": {"holderIdentity": ""}}
    bench.kubectl("patch", "lease", "libretto-shard-0", "--type=merge", "-p", json.dumps(release))

    third = start()
    refused = answered(bench, "intervention", create(bench, command(bench, "gone", "skip", step="a")))
    assert "may not be skipped" in refused["refusal"]
    assert bench.state("gone") == "Running"
    assert jobs(bench, "gone") == []
    assert kinds(bench, "gone") == ["RunCreated", "RunStarted", "StepStarted"], "nothing at all was done"

    retried = answered(bench, "intervention", create(bench, command(bench, "gone", "retry", step="a")))
    status = bench.until_state("gone")
    assert status["state"] == "Succeeded", third.log()
    assert jobs(bench, "gone") == ["a do 2", "b do 1"]
    told = [json.loads(text) for text in status["tail"]]
    failed = next(one for one in told if one["kind"] == "StepFailed")
    assert (failed["step"], failed["data"]["reason"]) == ("a", "OutcomeUnknown")
    assert told[retried["record"]]["kind"] == "StepReopened"
    assert condition(bench, "gone") == ("", "")


@pytest.mark.parametrize("noted", [True, False])
def test_how_long_jobs_are_kept_is_a_setting_and_counts_for_those_who_come_later(
    bench: Bench, start: Start, noted: bool
) -> None:
    first = start(LIBRETTO_JOB_TTL_SECONDS="7200")
    bench.apply(shell_agent("worker", WAITS), orchestration("one", {"id": "a", "agent": "worker"}, **RETRY))
    bench.apply(run("r", "one"))
    until(lambda: recorded(bench, "r"), "it runs", first.log)
    (job,) = bench.all("jobs", "libretto.dev/run=r")
    assert job["spec"]["ttlSecondsAfterFinished"] == 7200
    assert bench.get("lease", "libretto-shard-0")["metadata"]["annotations"]["libretto.dev/jobs-kept-seconds"] == "7200"
    first.kill()
    delete_jobs(bench, "r")
    three_hours_ago = (datetime.now(UTC) - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    past: Json = {"spec": {"renewTime": three_hours_ago, "holderIdentity": ""}}
    if not noted:
        past["metadata"] = {"annotations": {"libretto.dev/jobs-kept-seconds": None}}
    bench.kubectl("patch", "lease", "libretto-shard-0", "--type=merge", "-p", json.dumps(past))

    second = start()  # for it, Jobs are kept for a week
    if noted:
        until(lambda: condition(bench, "r")[0] == "OutcomeUnknown", "it is held", second.log)
    else:
        assert bench.until_state("r")["state"] == "Succeeded", second.log()
        assert jobs(bench, "r") == ["a do 2"]


def test_without_such_a_time_it_is_lost_and_tried_again(bench: Bench) -> None:
    one = orchestration("one", {"id": "a", "agent": "worker"}, **RETRY)
    bench.apply(shell_agent("worker", WAITS), one, run("r", "one"))

    async def lives() -> None:
        async with operator_inside(bench.control_plane, bench.namespace):
            await come(lambda: recorded(bench, "r"))
        await asyncio.to_thread(delete_jobs, bench, "r")
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2):
            await come(lambda: bench.state("r") == "Succeeded")

    asyncio.run(lives())
    assert kinds(bench, "r").count("AttemptFailed") == 1
    assert jobs(bench, "r") == ["a do 2"]


def test_a_child_is_held_with_its_parent_and_its_own_command_lets_both_go_on(bench: Bench) -> None:
    inner, outer = orchestration("inner", {"id": "a", "agent": "worker"}), orchestration("outer", _child())
    bench.apply(shell_agent("worker", WAITS), inner, outer, run("r", "outer"))

    def child() -> str:
        found = [one["metadata"]["name"] for one in bench.all("runs") if one["spec"].get("parent")]
        return found[0] if found else ""

    async def lives() -> None:
        async with operator_inside(bench.control_plane, bench.namespace):
            await come(lambda: bool(child()) and recorded(bench, child()))
        await asyncio.to_thread(delete_jobs, bench, child())
        async with operator_inside(bench.control_plane, bench.namespace, epoch=2, lapse=Lapse(unled_before=2)):
            await come(lambda: condition(bench, "r")[0] == condition(bench, child())[0] == "OutcomeUnknown")
            assert jobs(bench, child()) == []
        # The hold is in the runs: the next leader knows of no lapse.
        async with operator_inside(bench.control_plane, bench.namespace, epoch=3):
            asked = await asyncio.to_thread(lambda: create(bench, command(bench, child(), "abort")))
            await come(lambda: "status" in bench.get("intervention", asked))
            await come(lambda: bench.state("r") == "Failed")
            assert "record" in bench.get("intervention", asked)["status"]

    asyncio.run(lives())
    assert bench.state(child()) == "Aborted"


def _child() -> Json:
    return {"id": "c", "type": "orchestration", "orchestration": {"name": "inner"}}
