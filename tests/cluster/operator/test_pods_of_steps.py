"""What reaches the pod of a step, and what becomes of a step that gets none."""

import json
from typing import Any

import pytest

from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent

ECHO = "cp $LIBRETTO_DIR/input.json $LIBRETTO_DIR/output.json"
DOLLARS = "$$5 is not $5, $(HOME) no $HOME, and $$(LIBRETTO_DIR) stays; $"


def test_a_dollar_sign_reaches_the_program_as_it_is(bench: Bench, operator: OperatorProcess) -> None:
    step = {"id": "a", "agent": "echo", "input": {"payload": {"price": "{{ parameters.price }}"}}}
    bench.apply(
        shell_agent("echo", ECHO),
        orchestration("one", step, parameters=[{"key": "price"}]),
        run("r", "one", parameters={"price": DOLLARS}),
    )
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", operator.log()
    kept: list[Any] = [json.loads(text) for text in status["contents"].values()]
    outputs = [one["output"] for one in kept if isinstance(one, dict) and "output" in one]
    assert {"price": DOLLARS} in [output["payload"] for output in outputs]


@pytest.mark.requirement("K8S-013")
def test_a_pod_that_a_quota_refuses_ends_the_step_with_its_cause(bench: Bench, operator: OperatorProcess) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none-left"},
        "spec": {"hard": {"pods": "0"}},
    }
    bench.apply(quota, shell_agent("echo", ECHO), orchestration("one", {"id": "a", "agent": "echo"}), run("r", "one"))
    status = bench.until_state("r")
    assert status["state"] == "Failed", operator.log()
    told = " ".join(status["tail"])
    assert "PodCreationRejected: a quota does not allow it: exceeded quota: none-left" in told
    assert bench.all("pods") == []
