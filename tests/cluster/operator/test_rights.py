"""Does the operator have the rights that it uses, and no others? What the audit log shows, against what the chart grants."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.names import EXPIRES, KIND, job_name
from controller.adapters.cluster.resources import AGENTS, APPROVALS, INTERVENTIONS, ORCHESTRATIONS, RUNS
from controller.adapters.cluster.result_cache import CACHE
from controller.definition.catalog import Catalog
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.definitions import Definitions
from controller.wiring.cluster.housekeeping import Housekeeping
from controller.wiring.cluster.resync import Resync
from tests.cluster.inside import InterposedClient, Interposer, connection_of
from tests.cluster.operator.conftest import Start
from tests.cluster.operator.test_people import approval, command, create
from tests.cluster.operators import (
    ACCOUNT,
    Bench,
    Json,
    OperatorProcess,
    granted,
    orchestration,
    run,
    shell_agent,
    until,
)
from tests.cluster.speaking import goodbyes

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
LARGE = (
    "mkdir -p $LIBRETTO_DIR/artifacts; head -c 3000 /dev/zero | tr '\\0' x > $LIBRETTO_DIR/artifacts/big.txt; "
    + ANSWERS
)
DAY_MS = 86_400_000
DEAF = "trap '' TERM; while :; do sleep 0.1; done"
NOWHERE: Json = {"pod": {"nodeSelector": {"libretto.dev/none": "such"}}}
REFUSED: Json = {"pod": {"priorityClassName": "nobody-made-this"}}
KEPT: Json = {"execution": {"caching": {"enabled": True, "ttlSeconds": 1}}}


def grants() -> set[tuple[str, str]]:
    """Return verb and resource of everything that the chart grants."""
    found = set()
    for one in granted():
        for rule in one.get("rules") or ():
            found |= {(verb, resource) for verb in rule["verbs"] for resource in rule["resources"]}
    return found


def used(bench: Bench, start: int) -> Iterator[tuple[str, str]]:
    for event in bench.control_plane.audit(start):
        reference = event.get("objectRef")
        if event["user"]["username"] == ACCOUNT and reference is not None:
            name = "/".join(part for part in (reference["resource"], reference.get("subresource")) if part)
            yield event["verb"], name


def answers(bench: Bench, operator: OperatorProcess) -> None:
    """Child runs, large results, a checkpoint with its Event, a rerun; two runs with the same blob."""
    inner = orchestration("inner", {"id": "x", "agent": "large"})
    steps: list[Json] = [
        {"id": "child", "type": "orchestration", "orchestration": {"name": "inner"}},
        {"id": "a", "agent": "large", "checkpointAfter": {"question": "fine"}},
    ]
    bench.apply(shell_agent("large", LARGE), inner, orchestration("outer", *steps), run("r", "outer"))
    bench.until_state("r", "AwaitingApproval")
    until(lambda: "ApprovalNeeded" in bench.kubectl("events", "--for", "run/r"), "an Event says so", operator.log)
    create(bench, approval(bench, "r"))
    assert bench.until_state("r")["state"] == "Succeeded", operator.log()
    rerun = create(bench, command(bench, "r", "rerun"))
    until(lambda: "run" in (bench.get("intervention", rerun).get("status") or {}), "it is run again", operator.log)


def fails_alike(bench: Bench, operator: OperatorProcess) -> None:
    """Instances that fail one after the other are a series of one Event."""
    step: Json = {"id": "a", "agent": "wrong", "foreach": "[1, 2, 3]"}
    # Not all within one moment, or one Event would tell of all at once.
    fails = 'case "$LIBRETTO_STEP" in *0*) ;; *) sleep 2 ;; esac; exit 64'
    bench.apply(shell_agent("wrong", fails), orchestration("many", step), run("f", "many", maxParallel=3))


def stops(bench: Bench, operator: OperatorProcess) -> None:
    """A program that ignores all but a kill, and a pod that no node takes: both runs are aborted."""
    process = {"argv": ["sh", "-c", DEAF], "gracePeriod": "1s"}
    deaf = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": "deaf"},
        "spec": {"process": process},
    }
    bench.apply(deaf, orchestration("deaf", {"id": "a", "agent": "deaf"}), run("s", "deaf"))
    bench.apply(
        shell_agent("nowhere", ANSWERS, **NOWHERE),
        orchestration("nowhere", {"id": "a", "agent": "nowhere"}),
        run("n", "nowhere"),
    )

    def phases(name: str) -> list[str]:
        return [pod["status"].get("phase", "") for pod in bench.all("pods", f"libretto.dev/run={name}")]

    until(
        lambda: phases("s") == ["Running"] and phases("n") == ["Pending"], "the one runs, the other waits", operator.log
    )
    for name in ("s", "n"):
        create(bench, command(bench, name, "abort"))
    for name in ("s", "n"):
        assert bench.until_state(name)["state"] == "Aborted", operator.log()


def waits_for_a_definition(bench: Bench, operator: OperatorProcess) -> None:
    """A run says what it waits for; a Job of somebody else's, under the name of its attempt, is looked at and not taken."""
    bench.apply(run("w", "later", suspend=True))

    def stalled() -> bool:
        conditions = (bench.get("run", "w").get("status") or {}).get("conditions") or ()
        return any((one["type"], one["status"]) == ("Stalled", "True") for one in conditions)

    until(stalled, "it says that there is no such orchestration", operator.log)
    bench.apply(orchestration("later", {"id": "a", "agent": "large"}))
    until(lambda: bench.state("w") is not None and not stalled(), "it goes on", operator.log)
    uid = bench.get("run", "w")["metadata"]["uid"]
    container = {"name": "main", "image": "busybox", "command": ["true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    job: Json = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(AttemptKey(uid, "a", Role.DO, 1), "w")},
    }
    bench.apply({**job, "spec": {"suspend": True, "template": template}})
    bench.kubectl("patch", "run", "w", "--type=merge", "-p", json.dumps({"spec": {"suspend": False}}))
    until(stalled, "it says that the name is taken", operator.log)


def keeps_results(bench: Bench, operator: OperatorProcess) -> None:
    """A kept result that has expired is replaced by the next one."""
    bench.apply(orchestration("kept", {"id": "a", "agent": "large"}, **KEPT))
    for name in ("k1", "k2"):
        bench.apply(run(name, "kept"))
        assert bench.until_state(name)["state"] == "Succeeded", operator.log()
        until(lambda: _expired(bench), "its result has expired", operator.log)


def _expired(bench: Bench) -> bool:
    kept = bench.all("configmaps", f"{KIND}={CACHE}")
    return all(int(one["metadata"]["annotations"][EXPIRES]) < SystemClock().now() for one in kept)


async def housekeeping(bench: Bench) -> None:
    """What the leader does now and then, as its account, and as if a day had passed: compare, and sweep."""
    client = InterposedClient(connection_of(bench.control_plane), Interposer())
    caches, definitions = Caches(lambda *_: None, lambda _: None), Definitions()

    def catalog(namespace: str) -> Catalog:
        return definitions.catalog(namespace, caches.definitions(namespace))

    known = {
        RUNS: caches.runs,
        ORCHESTRATIONS: caches.orchestrations,
        AGENTS: caches.agents,
        APPROVALS: caches.approvals,
        INTERVENTIONS: caches.interventions,
    }
    try:
        # Nothing is known yet, as if every watch had missed everything.
        assert await Resync(client, known, (bench.namespace,)).compare() > len(known)
        keeping = Housekeeping(client, caches, Configuration("", ""), catalog, (bench.namespace,))
        for days in (1, 2):  # a run is believed to be gone when it is absent twice
            assert await keeping.sweep(SystemClock().now() + days * DAY_MS) > 0
    finally:
        await client.close()
        await goodbyes()


@pytest.mark.requirement("K8S-023")
def test_what_the_chart_grants_is_what_is_used(bench: Bench, start: Start) -> None:
    begin = bench.control_plane.audit_log.stat().st_size
    operator = start()
    refused = orchestration("refused", {"id": "a", "agent": "refused"})
    bench.apply(shell_agent("refused", ANSWERS, **REFUSED), refused, run("p", "refused"))
    for scene in (answers, fails_alike, stops, waits_for_a_definition, keeps_results):
        scene(bench, operator)
    assert bench.until_state("p")["state"] == "Failed", operator.log()
    brief = {**run("x", "kept", ttlSecondsAfterFinished=1), "metadata": {"generateName": "brief-"}}
    name = create(bench, brief)
    bench.until_state(name)
    # What was decided about it stays behind.
    bench.kubectl("delete", "run", "r")
    asyncio.run(housekeeping(bench))
    assert (bench.all("approvals"), name in [one["metadata"]["name"] for one in bench.all("runs")]) == ([], False)
    denied = [
        event
        for event in bench.control_plane.audit(begin)
        if event["user"]["username"] == ACCOUNT and event["responseStatus"]["code"] == 403
        if "must be you" not in json.dumps(event.get("responseStatus"))
        if (event.get("objectRef") or {}).get("resource") not in ("approvals", "interventions")
    ]
    assert denied == []
    allowed = grants()
    # Events are posted when there is time.
    until(lambda: allowed <= set(used(bench, begin)), "all is used", lambda: str(allowed - set(used(bench, begin))), 30)
    assert set(used(bench, begin)) - allowed - {("get", "keys")} == set()
