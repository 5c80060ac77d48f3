"""More gates than a status lists: each is decided by whom its definition names, and by nobody else, whether it is named
through its own run or through the one above.
"""

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
    bench.apply(shell_agent("worker", ANSWERS), orchestration("many", *steps, **shape))
    step = {"id": "child", "type": "orchestration", "orchestration": {"name": "many"}}
    bench.apply(orchestration("outer", step), run("r", "outer"))
    allow(bench, "libretto-approver", "mara", "joe")
    until(lambda: opened(bench) == MANY, "all gates are open", operator.log, 240)
    child = next(one["metadata"]["name"] for one in bench.all("runs") if one["spec"].get("parent"))
    last = max(records(bench, child, "GateOpened"), key=lambda one: str(one["step"]))
    listed = {one["gate"] for name in ("r", child) for one in bench.get("run", name)["status"]["gates"]}
    assert not listed & {last["step"], f"child/{last['step']}"}
    decision = {"gate": last["step"], "digest": last["data"]["digest"], "request": last["seq"]}
    early = create(bench, approval(bench, child, **decision), "joe")
    until(lambda: "waiting" in (bench.get("approval", early).get("status") or {}), "it waits", operator.log)
    assert bench.get("approval", early)["status"]["waiting"] == "joe is in none of the groups sre"
    decision["gate"] = f"child/{last['step']}"
    wrong = create(bench, approval(bench, "r", **decision), "joe")
    until(lambda: "waiting" in (bench.get("approval", wrong).get("status") or {}), "it waits", operator.log)
    assert bench.get("approval", wrong)["status"]["waiting"] == "joe is in none of the groups sre"
    right = create(bench, approval(bench, "r", **decision), "mara", ("sre",))
    until(lambda: "record" in (bench.get("approval", right).get("status") or {}), "it counts", operator.log)
    assert [one["actor"]["id"] for one in records(bench, child, "GateApproved")] == ["mara"]


def opened(bench: Bench) -> int:
    return int((bench.get("run", "r").get("status") or {}).get("gateCount") or 0)


def records(bench: Bench, name: str, kind: str) -> list[Json]:
    found = [json.loads(text) for text in bench.get("run", name)["status"]["tail"]]
    return [one for one in found if one["kind"] == kind]
