"""A cluster, or some of its objects, comes from a backup: runs are held, and none of them is Lost or done again by itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.operator.conftest import Start
from tests.cluster.operator.test_holding import ANSWERS, RETRY, WAITS, condition, jobs, kinds, recorded
from tests.cluster.operator.test_people import answered, command, create
from tests.cluster.operators import Bench, Json, OperatorProcess, grant, orchestration, run, shell_agent, until
from tests.cluster.writing import make_namespace

QUICK = {"LIBRETTO_LEASE_SECONDS": "3"}


@pytest.mark.requirement("K8S-019")
def test_etcd_is_restored_under_a_living_operator(
    own: ControlPlane, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    make_namespace(own, "hurt")
    grant(own, "hurt")
    bench = Bench(own, "hurt")
    first, second = (OperatorProcess(own, tmp_path, "hurt", QUICK) for _ in range(2))
    for operator in (first, second):
        request.addfinalizer(operator.kill)
    first.start()
    steps: list[Json] = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "other", "dependsOn": ["a"]}]
    bench.apply(shell_agent("worker", WAITS), shell_agent("other", ANSWERS), orchestration("two", *steps, **RETRY))
    bench.apply(run("r", "two"))
    until(lambda: recorded(bench, "r"), "it runs", first.log)
    own.backup()
    # What happens now is in no backup.
    bench.apply(run("after", "two"))
    until(lambda: recorded(bench, "after"), "another one runs", first.log)
    own.restore()
    until(lambda: first.process.poll() is not None, "it ends by itself: nothing that it knew is true", first.log)
    assert "etcd was restored" in first.log()
    assert [one["metadata"]["name"] for one in bench.all("runs")] == ["r"]

    second.start()
    until(lambda: condition(bench, "r")[0] == "Restored", "it is held", second.log)
    assert kinds(bench, "r") == ["RunCreated", "RunStarted", "StepStarted"], "nothing at all was done"
    assert jobs(bench, "r") == ["a do 1"]
    until(lambda: admits(bench), "the API server, which was started anew, knows again what its policies are about")
    answer = answered(bench, "intervention", create(bench, command(bench, "r", "abort")))
    assert "record" in answer, answer
    assert "AbortRequested" in kinds(bench, "r")


def admits(bench: Bench) -> bool:
    """Whether a command would be admitted; not yet, where the API server says that it cannot tell."""
    try:
        bench.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(command(bench, "r", "abort")))
    except KubectlFailed as error:
        if "ServiceUnavailable" not in str(error):
            raise
        return False
    return True


@pytest.mark.requirement("K8S-019")
def test_a_restoration_that_a_person_notes_on_the_lease(bench: Bench, start: Start) -> None:
    """Its Job is there: `retry` goes on, and nothing is done twice."""
    first = start()
    bench.apply(shell_agent("worker", "sleep 6; " + ANSWERS), orchestration("one", {"id": "a", "agent": "worker"}))
    bench.apply(run("r", "one"))
    until(lambda: recorded(bench, "r"), "it runs", first.log)
    first.stop()
    bench.kubectl("annotate", "lease", "libretto-shard-0", "libretto.dev/restored=by-hand")
    second = start()
    until(lambda: condition(bench, "r")[0] == "Restored", "it is held", second.log)
    notes = bench.get("lease", "libretto-shard-0")["metadata"]["annotations"]
    assert notes["libretto.dev/restored-before"] == "2"
    assert "libretto.dev/restored" not in notes
    retried = answered(bench, "intervention", create(bench, command(bench, "r", "retry")))
    assert "record" in retried, retried
    assert bench.until_state("r")["state"] == "Succeeded", second.log()
    assert jobs(bench, "r") == ["a do 1"]


def backed_up(bench: Bench, name: str) -> Json:
    """A run as Velero makes it again: what is not of this very object, with its labels."""
    found = bench.get("run", name)
    metadata = {"name": name, "labels": {"velero.io/restore-name": "nightly", "velero.io/backup-name": "nightly"}}
    return {**{member: found[member] for member in ("apiVersion", "kind", "spec", "status")}, "metadata": metadata}


def restore(bench: Bench, one: Json, **status: Any) -> None:
    body = {member: content for member, content in one.items() if member != "status"}
    bench.kubectl("create", "-f", "-", input=json.dumps(body))
    if status:
        patch = json.dumps({"status": status})
        bench.kubectl("patch", "run", one["metadata"]["name"], "--subresource=status", "--type=merge", "-p", patch)


@pytest.mark.requirement("K8S-019")
def test_velero_restores_runs_with_and_without_their_status(bench: Bench, start: Start) -> None:
    first = start()
    bench.apply(shell_agent("worker", WAITS), orchestration("one", {"id": "a", "agent": "worker"}, **RETRY))
    bench.apply(run("bare", "one"), run("whole", "one"))
    until(lambda: recorded(bench, "bare") and recorded(bench, "whole"), "both run", first.log)
    first.stop()
    bare, whole = backed_up(bench, "bare"), backed_up(bench, "whole")
    bench.kubectl("delete", "run", "bare", "whole")
    until(lambda: not bench.all("jobs"), "their Jobs are gone")
    restore(bench, bare)
    restore(bench, whole, **whole["status"])

    second = start()
    for name in ("bare", "whole"):
        until(lambda: condition(bench, name)[0] == "Restored", "it is held", second.log)  # noqa: B023 - called at once
    assert bench.all("jobs") == []
    assert "without its status" in condition(bench, "bare")[1]
    assert "ledger" in condition(bench, "whole")[1]
    refused = answered(bench, "intervention", create(bench, command(bench, "whole", "retry")))
    assert "deleted object" in refused["refusal"]
    begun = answered(bench, "intervention", create(bench, command(bench, "bare", "retry")))
    assert begun["record"] == 0
    until(lambda: jobs(bench, "bare") == ["a do 1"], "it begins", second.log)
    assert jobs(bench, "whole") == []
    until(lambda: condition(bench, "bare") == ("", ""), "it is not held any more", second.log)
