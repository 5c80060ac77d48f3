"""A step that plays a child run is tried again: what people said about the child before is nothing about the new one."""

from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.model.record import time_text
from tests.cluster.operator.test_holding import RETRY
from tests.cluster.operator.test_many_gates import records
from tests.cluster.operator.test_people import ANSWERS, allow, approval, create
from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent, until

Json = dict[str, Any]


@pytest.mark.requirement("K8S-018")
def test_half_of_a_quorum_does_not_outlive_the_attempt_that_it_was_about(
    bench: Bench, operator: OperatorProcess
) -> None:
    gate = {"question": "fine", "approvers": {"count": 2}}
    inner = orchestration("inner", {"id": "x", "agent": "worker", "checkpointAfter": gate}, timeout="15s")
    step = {"id": "c", "type": "orchestration", "orchestration": {"name": "inner"}}
    bench.apply(shell_agent("worker", ANSWERS), inner, orchestration("outer", step, **RETRY), run("r", "outer"))
    allow(bench, "libretto-approver", "mara", "joe")

    before = asked(bench, opened(bench, operator, 1))
    early = create(bench, approval(bench, "r"), "joe")
    until(lambda: "1 of 2" in waiting(bench, early), "another one is needed", operator.log)

    second = opened(bench, operator, 2)
    assert asked(bench, second) == before
    # Within its first second, which is as finely as the API server dates, it would be taken for one about the first.
    made = bench.get("run", second)["metadata"]["creationTimestamp"]
    until(lambda: time_text(SystemClock().now())[: len(made) - 1] > made[:-1], "a second is over")
    late = create(bench, approval(bench, "r"), "mara")
    until(lambda: bool(bench.get("approval", late).get("status")), "it is weighed", operator.log)
    assert waiting(bench, late) == "1 of 2 approvals are there (mara)", bench.get("approval", late)["status"]
    assert records(bench, second, "GateApproved") == []
    assert bench.get("approval", early)["status"]["refusal"] == "the run ended before anybody decided"

    create(bench, approval(bench, "r"), "joe")
    assert bench.until_state("r")["state"] == "Succeeded", operator.log()
    (decided,) = records(bench, second, "GateApproved")
    # Which of two of the same second came first nobody knows.
    assert {decided["actor"]["id"], *decided["data"]["others"]} == {"joe", "mara"}


def opened(bench: Bench, operator: OperatorProcess, attempt: int) -> str:
    """Wait for the gate of an attempt's child run; return its name."""

    def children() -> list[Json]:
        found = [one for one in bench.all("runs") if (one["spec"].get("parent") or {}).get("attempt") == attempt]
        return [one for one in found if (one.get("status") or {}).get("gates")]

    until(lambda: bool(children()), f"the gate of attempt {attempt} is open", operator.log)
    (child,) = children()
    until(lambda: bench.get("run", "r")["status"]["gates"][0]["run"] == child["spec"]["parent"]["uid"], "it is listed")
    return str(child["metadata"]["name"])


def asked(bench: Bench, name: str) -> tuple[str, str, int]:
    gate = bench.get("run", name)["status"]["gates"][0]
    return gate["gate"], gate["digest"], gate["request"]


def waiting(bench: Bench, name: str) -> str:
    return str((bench.get("approval", name).get("status") or {}).get("waiting") or "")
