"""A pod that the API server refuses ends its attempt, with the cause that the Job's events name."""

import json
from typing import Any

import pytest

from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent, until

Json = dict[str, Any]


def rule(kind: str, spec: Json) -> Json:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "small"}, "spec": spec}


NO_PODS = rule("ResourceQuota", {"hard": {"pods": "0"}})
LITTLE_MEMORY = rule("LimitRange", {"limits": [{"type": "Container", "max": {"memory": "1Mi"}}]})
UNKNOWN_CLASS = {"pod": {"priorityClassName": "nobody-made-this"}}


def counts(bench: Bench) -> bool:
    """Whether the quota refuses anything yet: only once its controller has looked at it."""
    return "hard" in (bench.get("resourcequota", "small").get("status") or {})


@pytest.mark.requirement("K8S-013")
@pytest.mark.parametrize(
    ("rules", "agent", "says"),
    [
        ([NO_PODS], {}, "a quota does not allow it: exceeded quota: small, requested: pods=1, used: pods=0"),
        ([LITTLE_MEMORY], {}, "memory"),
        ([], UNKNOWN_CLASS, "no PriorityClass with name nobody-made-this was found"),
    ],
    ids=["a quota", "a limit range", "a priority class that is not there"],
)
def test_an_attempt_whose_pod_is_refused_is_rejected(
    bench: Bench, operator: OperatorProcess, rules: list[Json], agent: Json, says: str
) -> None:
    if rules:
        bench.apply(*rules)
    if NO_PODS in rules:
        until(lambda: counts(bench), "the quota counts")
    # Another attempt would be refused as well, so the three that it may have are not used.
    step = {"id": "a", "agent": "worker", "retry": {"maxAttempts": 3}}
    bench.apply(shell_agent("worker", "true", **agent), orchestration("one", step), run("r", "one"))
    status = bench.until_state("r", seconds=90)
    (failed,) = [one for one in map(json.loads, status["tail"]) if one["kind"] == "StepFailed"]
    assert (status["state"], failed["attempt"], failed["data"]["class"]) == ("Failed", 1, "Rejected"), operator.log()
    assert failed["data"]["reason"].startswith("PodCreationRejected: ")
    assert says in failed["data"]["reason"]
    stalled = next(one for one in status["conditions"] if one["type"] == "Stalled")
    assert failed["data"]["reason"] in stalled["message"]
    until(lambda: not bench.all("jobs"), "nobody tries to make that pod any more", operator.log)
