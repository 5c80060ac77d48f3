"""Runs on a real API server, driven by a real operator, with pods that are real processes."""

import json

import pytest

from controller.machine.chain import check
from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"


def step(name: str, agent: str = "worker", **more: object) -> dict[str, object]:
    return {"id": name, "agent": agent, **more}


@pytest.mark.requirement("K8S-008")
def test_a_run_of_two_steps_comes_to_its_end(bench: Bench, operator: OperatorProcess) -> None:
    gives = {"outputs": {"answer": "{{ steps.a.answer }}"}}
    bench.apply(
        shell_agent("worker", ANSWERS),
        orchestration(
            "two", step("a"), step("b", dependsOn=["a"], input={"payload": {"got": "{{ steps.a.answer }}"}}), **gives
        ),
        run("r", "two"),
    )
    status = bench.until_state("r")
    assert (status["state"], status["steps"]) == ("Succeeded", "2/2"), operator.log()
    assert status["outputs"] == {"answer": 42}
    report = check(text.encode() for text in status["tail"])
    assert (report.broken, report.head) == (None, status["head"])
    jobs = bench.all("jobs")
    assert sorted(job["metadata"]["labels"]["libretto.dev/step"] for job in jobs) == ["a", "b"]
    assert {job["metadata"]["ownerReferences"][0]["name"] for job in jobs} == {"r"}
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    assert conditions == {"Succeeded": "True", "Finished": "True", "Ready": "True"}


def test_what_a_program_gets_and_leaves(bench: Bench, operator: OperatorProcess) -> None:
    script = "cp $LIBRETTO_DIR/input.json $LIBRETTO_DIR/output.json; env | grep -c ^LIBRETTO_ >&2"
    bench.apply(
        shell_agent("echo", script),
        orchestration(
            "one",
            step("a", "echo", input={"payload": {"colour": "{{ parameters.colour }}"}}),
            parameters=[{"key": "colour"}],
        ),
        run("r", "one", parameters={"colour": "blue"}),
    )
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", operator.log()
    outputs = [json.loads(text) for text in status["contents"].values()]
    assert any(one.get("output", {}).get("payload") == {"colour": "blue"} for one in outputs if "output" in one)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 65", "exit 65"),
        ("echo 'not json' > $LIBRETTO_DIR/output.json", "output.json"),
        ("ln -s /etc/passwd $LIBRETTO_DIR/output.json", "output.json is not a regular file"),
    ],
    ids=["exit status", "no JSON", "a link"],
)
@pytest.mark.requirement("K8S-015")
def test_why_a_step_failed_is_told(bench: Bench, operator: OperatorProcess, script: str, reason: str) -> None:
    bench.apply(shell_agent("bad", script), orchestration("one", step("a", "bad")), run("r", "one"))
    status = bench.until_state("r")
    assert status["state"] == "Failed", operator.log()
    assert reason in status["message"], status["message"]
    conditions = {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
    assert conditions["Stalled"] == ("True", "StepFailed")


@pytest.mark.requirement("K8S-011")
def test_a_step_over_its_time_fails_and_its_pod_remains(bench: Bench, operator: OperatorProcess) -> None:
    script = "echo begun; echo '{\"partial\": true}' > $LIBRETTO_DIR/output.json; trap 'exit 1' TERM; sleep 600 & wait"
    bench.apply(
        shell_agent("slow", script),
        orchestration("one", step("a", "slow", attemptTimeout="3s", retry={"maxAttempts": 1})),
        run("r", "one"),
    )
    status = bench.until_state("r")
    assert status["state"] == "Failed", operator.log()
    assert "longer" in status["message"]
    pod = bench.all("pods")[0]["metadata"]["name"]
    assert "begun" in bench.kubectl("logs", pod, "-c", "main")


@pytest.mark.requirement("K8S-012")
def test_an_abort_stops_what_runs(bench: Bench, operator: OperatorProcess) -> None:
    script = "trap 'echo stopped; exit 3' TERM; echo begun; sleep 600 & wait"
    bench.apply(shell_agent("slow", script), orchestration("one", step("a", "slow")), run("r", "one"))
    until(lambda: any(pod["status"].get("phase") == "Running" for pod in bench.all("pods")), "its pod runs")
    until(lambda: "begun" in bench.kubectl("logs", bench.all("pods")[0]["metadata"]["name"], "-c", "main"), "it works")
    uid = bench.get("run", "r")["metadata"]["uid"]
    bench.kubectl(
        "create", "-f", "-",
        input=json.dumps({
            "apiVersion": "libretto.dev/v1alpha1", "kind": "Intervention", "metadata": {"generateName": "stop-"},
            "spec": {"runRef": {"name": "r", "uid": uid}, "verb": "abort", "comment": "enough"},
        }),
    )  # fmt: skip
    status = bench.until_state("r")
    assert status["state"] == "Aborted", operator.log()
    pod = bench.all("pods")[0]["metadata"]["name"]
    assert "stopped" in bench.kubectl("logs", pod, "-c", "main")
    until(lambda: "record" in (bench.all("interventions")[0].get("status") or {}), "the command is answered")


@pytest.mark.requirement("K8S-022")
def test_deleting_a_run_removes_its_jobs(bench: Bench, operator: OperatorProcess) -> None:
    script = "trap 'exit 3' TERM; sleep 600 & wait"
    bench.apply(shell_agent("slow", script), orchestration("one", step("a", "slow")), run("r", "one"))
    until(lambda: any(pod["status"].get("phase") == "Running" for pod in bench.all("pods")), "its pod runs")
    bench.kubectl("delete", "run", "r")
    until(lambda: not bench.all("jobs") and not bench.all("pods"), "Job and pod are gone", operator.log)


def test_a_run_waits_for_what_it_needs(bench: Bench, operator: OperatorProcess) -> None:
    bench.apply(run("r", "later"))
    until(lambda: bench.get("run", "r").get("status") is not None, "its conditions are there", operator.log)
    conditions = {one["type"]: one for one in bench.get("run", "r")["status"]["conditions"]}
    assert (conditions["Stalled"]["status"], conditions["Stalled"]["reason"]) == ("True", "NotFound")
    assert 'no orchestration "later"' in conditions["Stalled"]["message"]
    bench.apply(shell_agent("worker", ANSWERS), orchestration("later", step("a")))
    assert bench.until_state("r")["state"] == "Succeeded"


@pytest.mark.requirement("K8S-009")
def test_large_results_and_artifacts_go_from_step_to_step(bench: Bench, operator: OperatorProcess) -> None:
    makes = (
        "mkdir -p $LIBRETTO_DIR/artifacts/deep; head -c 300000 /dev/zero | tr '\\0' x > $LIBRETTO_DIR/artifacts/deep/big.txt;"
        " (printf '{\"text\": \"'; head -c 5000 /dev/zero | tr '\\0' y; printf '\"}') > $LIBRETTO_DIR/output.json"
    )
    takes = "wc -c < $LIBRETTO_DIR/inputs/a/deep/big.txt | tr -d ' \\n' > $LIBRETTO_DIR/output.json"
    bench.apply(
        shell_agent("makes", makes),
        shell_agent("takes", takes),
        orchestration("two", step("a", "makes"), step("b", "takes", dependsOn=["a"])),
        run("r", "two"),
    )
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", (status.get("message"), operator.log())
    assert '{"artifacts":{},"output":300000}' in status["contents"].values()
    owned = bench.all("configmaps", "libretto.dev/kind=blob")
    assert len(owned) >= 2
    assert {owner["name"] for one in owned for owner in one["metadata"].get("ownerReferences", [])} == {"r"}


def test_a_program_that_ignores_everything_is_killed_after_its_grace(bench: Bench, operator: OperatorProcess) -> None:
    stubborn = {"argv": ["sh", "-c", "trap '' TERM; while true; do sleep 1; done"], "gracePeriod": "1s"}
    agent = shell_agent("stubborn", "") | {"spec": {"process": stubborn}}
    bench.apply(
        agent,
        orchestration("one", step("a", "stubborn", attemptTimeout="2s", retry={"maxAttempts": 1})),
        run("r", "one"),
    )
    status = bench.until_state("r", seconds=30)
    assert (status["state"], status["reason"]) == ("Failed", "StepFailed"), operator.log()
    assert "killing it" in operator.log()
