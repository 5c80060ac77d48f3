"""More gates than a status lists: each is decided by whom its definition names, and by nobody else."""

import json
from typing import Any

import pytest

from controller.engine.status import MOST_GATES
from tests.cluster.operator.test_people import ANSWERS, allow, approval, create
from tests.cluster.operators import Bench, OperatorProcess, orchestration, run, shell_agent, until

Json = dict[str, Any]

MANY = MOST_GATES + 2


@pytest.mark.requirement("K8S-017")
def test_a_gate_beyond_those_that_are_listed_needs_its_approvers_as_well(
    bench: Bench, operator: OperatorProcess
) -> None:
    gate = {"question": "fine", "approvers": {"groups": ["sre"]}}
    steps: list[Json] = [{"id": f"s{number:02d}", "agent": "worker", "checkpointAfter": gate} for number in range(MANY)]
    shape: Json = {"execution": {"concurrency": {"maxParallel": 6}}}
    bench.apply(shell_agent("worker", ANSWERS), orchestration("many", *steps, **shape), run("r", "many"))
    allow(bench, "libretto-approver", "mara", "joe")
    until(lambda: opened(bench) == MANY, "all gates are open", operator.log, 240)
    listed = bench.get("run", "r")["status"]["gates"]
    last = max(records(bench, "GateOpened"), key=lambda one: str(one["step"]))
    assert last["step"] not in {one["gate"] for one in listed}
    decision = {"gate": last["step"], "digest": last["data"]["digest"], "request": last["seq"]}
    early = create(bench, approval(bench, "r", **decision), "joe")
    until(lambda: "waiting" in (bench.get("approval", early).get("status") or {}), "it waits", operator.log)
    assert bench.get("approval", early)["status"]["waiting"] == "joe is in none of the groups sre"
    right = create(bench, approval(bench, "r", **decision), "mara", ("sre",))
    until(lambda: "record" in (bench.get("approval", right).get("status") or {}), "it counts", operator.log)
    assert [one["actor"]["id"] for one in records(bench, "GateApproved")] == ["mara"]


def opened(bench: Bench) -> int:
    return int((bench.get("run", "r").get("status") or {}).get("gateCount") or 0)


def records(bench: Bench, kind: str) -> list[Json]:
    found = [json.loads(text) for text in bench.get("run", "r")["status"]["tail"]]
    return [one for one in found if one["kind"] == kind]
