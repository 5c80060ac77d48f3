"""The verbs of `kubectl libretto`, each on a real API server."""

import json
from typing import Any

import pytest

from tests.cluster.cli.conftest import Libretto
from tests.cluster.operators import Bench, orchestration, run, shell_agent

ANSWERS = "echo said so; echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"


@pytest.mark.requirement("K8S-030")
def test_run_get_tree_logs_show_verify(bench: Bench, libretto: Libretto) -> None:
    steps: list[dict[str, Any]] = [{"id": "a", "agent": "worker"}, {"id": "b", "agent": "worker", "dependsOn": ["a"]}]
    bench.apply(shell_agent("worker", ANSWERS), orchestration("two", *steps))
    told = libretto("run", "two").stdout
    assert "Succeeded  2/2" in told
    name = bench.all("runs")[0]["metadata"]["name"]
    assert name in libretto("get").stdout
    tree = libretto("tree", name).stdout
    assert "a" in tree
    assert "Succeeded" in tree
    assert libretto("logs", name, "a").stdout == "said so\n"
    assert json.loads(libretto("output", name, "b").stdout) == {"answer": 42}
    assert "sound" in libretto("verify", name).stdout
    assert "Succeeded" in libretto("show", name).stdout
    assert libretto("explain", name, "b").stdout


@pytest.mark.requirement("K8S-030")
def test_pause_resume_cancel(bench: Bench, libretto: Libretto) -> None:
    steps: list[dict[str, Any]] = [{"id": "a", "agent": "slow"}, {"id": "b", "agent": "slow", "dependsOn": ["a"]}]
    bench.apply(shell_agent("slow", "trap 'exit 3' TERM; sleep 6 & wait; " + ANSWERS), orchestration("two", *steps))
    bench.apply(run("p", "two"))
    bench.until_state("p", "Running")
    assert "paused" in libretto("pause", "p").stdout
    assert bench.get("run", "p")["spec"]["suspend"] is True
    libretto("resume", "p", "--no-wait", code=0)
    assert bench.state("p") == "Succeeded"
    bench.apply(run("c", "two"))
    bench.until_state("c", "Running")
    assert "aborted" in libretto("cancel", "c", "--comment", "enough").stdout
    assert bench.until_state("c")["state"] == "Aborted"


@pytest.mark.requirement("K8S-030")
def test_retry_skip_reject(bench: Bench, libretto: Libretto) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "a", "agent": "bad", "retry": {"allowSkip": True}},
        {"id": "b", "agent": "worker", "dependsOn": ["a"], "checkpointAfter": {"question": "fine"}},
    ]
    bench.apply(shell_agent("bad", "exit 65"), shell_agent("worker", ANSWERS), orchestration("two", *steps))
    bench.apply(run("f", "two"))
    bench.until_state("f", "Failed")
    assert "retried" in libretto("retry", "f", "a").stdout
    bench.until_state("f", "Failed")
    assert "skipped" in libretto("skip", "f", "a").stdout
    bench.until_state("f", "AwaitingApproval")
    assert "rejected by admin as record" in libretto("reject", "f", "--comment", "no").stdout
    assert bench.until_state("f", "Aborted", "Failed")["state"] == "Aborted"


@pytest.mark.requirement("K8S-030")
def test_diff_and_publish(bench: Bench, libretto: Libretto) -> None:
    path = "definitions/kpi-tracking"
    assert "new       orchestration" in libretto("diff", path, code=1).stdout
    assert "kpi-tracking" in libretto("definitions", "publish", path).stdout
    assert "new" not in libretto("diff", path).stdout
    agent = next(one for one in bench.all("agents") if one["spec"].get("files"))
    assert all(file["digest"].startswith("blake3:") for file in agent["spec"]["files"].values())


def test_what_is_not_there_and_what_is_not_allowed(bench: Bench, libretto: Libretto) -> None:
    assert 'no run "nothing"' in libretto("show", "nothing", code=2).stderr
    assert "forbidden" in libretto("get", user="stranger", code=2).stderr
