"""What people see of definitions on a cluster."""

import json

import pytest

from controller.definition.identity import definition_digest
from controller.model.orchestration import OrchestrationSpec
from tests.cluster.operators import Bench, OperatorProcess, orchestration, shell_agent, until


@pytest.mark.requirement("K8S-003")
def test_whether_a_definition_can_be_run_and_what_is_wrong(bench: Bench, operator: OperatorProcess) -> None:
    good = orchestration("good", {"id": "a", "agent": "worker"})
    bad = orchestration("bad", {"id": "a", "agent": "worker", "dependsOn": ["b"]})
    bench.apply(shell_agent("worker", "true"), good, bad)

    def known() -> bool:
        return all((one.get("status") or {}).get("observedGeneration") for one in bench.all("orchestrations"))

    until(known, "both were looked at", operator.log)
    status = bench.get("orchestration", "good")["status"]
    spec = OrchestrationSpec.model_validate({**good["spec"], "name": "good"})
    assert (status["digest"], status["version"], status["steps"]) == (definition_digest(spec), "1.0.0", 1)
    bench.kubectl("wait", "--for=condition=Ready", "orchestration/good", "--timeout=10s")
    wrong = bench.get("orchestration", "bad")["status"]
    assert [one["status"] for one in wrong["conditions"]] == ["False", "True"]
    assert 'unknown step "b"' in wrong["problems"][0]
    until(lambda: "image" in json.dumps(bench.get("agent", "worker").get("status")), "the agent as well", operator.log)
    bad["spec"]["steps"][0]["dependsOn"] = []
    bench.apply(bad)
    bench.kubectl("wait", "--for=condition=Ready", "orchestration/bad", "--timeout=10s")
    assert "problems" not in bench.get("orchestration", "bad")["status"]
