"""What does a run hold beside what happened in it, and who is told of its states?"""

from typing import Any

import pytest

from controller.entrypoints.cli.exhibits import run_facts
from controller.entrypoints.cli.session import Session
from controller.model.states import Verb, Verdict
from controller.runtime.metadata import run_metadata
from tests.behaviour.stage import Played, Stage

POLICY = {
    "concurrency": {"maxParallel": 2},
    "caching": {"enabled": True, "ttlSeconds": 60, "steps": [{"id": "first", "ttlSeconds": 5}]},
}


def play(stage: Stage, **more: object) -> Played:
    stage.orchestration("inner", [{"id": "a"}])
    steps: list[dict[str, Any]] = [
        {"id": "first", "name": "The first", "mode": "PLAN"},
        {"id": "child", "type": "orchestration", "orchestration": {"name": "inner"}, "dependsOn": ["first"]},
    ]
    rollback = {"rollback": {"reversible": True, "description": "Restore it."}}
    stage.orchestration("one", steps, execution=POLICY, errorHandling=rollback, **more)
    return stage.play("one", task={"id": "T-1", "userId": "ada"}, metadata={"ticket": {"nr": 7}})


@pytest.mark.requirement("DEF-053", "DEF-054", "DEF-052", "DEF-056")
def test_a_run_holds_its_plan_and_policies_and_what_its_caller_gave(stage: Stage) -> None:
    played = play(stage)
    root = played.root
    found = run_metadata(root.spec, root.entry.spec, root.graph)
    assert [(one["id"], one["agent"], one["type"], one["mode"], one["plays"]) for one in found["plan"]] == [
        ("first", "worker", "agent", "PLAN", None),
        ("child", None, "orchestration", "BUILD", "inner"),
    ]
    assert found["execution"]["concurrency"] == {
        "maxParallelSteps": 2,
        "source": "definition",
        "maxTotal": None,
        "queueStrategy": "fifo",
    }
    assert found["execution"]["caching"] == {
        "enabled": True,
        "ttlSeconds": 60,
        "strategy": None,
        "steps": [{"id": "first", "enabled": None, "ttlSeconds": 5}],
    }
    assert found["errorHandling"]["rollback"] == {
        "reversible": True,
        "manualOnly": False,
        "automatic": False,
        "description": "Restore it.",
    }
    assert found["requestMetadata"] == {"ticket": {"nr": 7}}
    assert found["task"] == {"id": "T-1", "userId": "ada"}
    # `show -o json` has all of it, and the first record proves it.
    assert found.items() <= run_facts(Session(stage.local, stage.look), root).items()
    first = played.records[0]
    assert played.contents.get((first.data or {})["requestMetadata"]) == {"ticket": {"nr": 7}}
    assert (first.data or {})["task"] == {"id": "T-1", "userId": "ada"}


@pytest.mark.requirement("DEF-053", "DEF-061")
def test_the_plan_of_a_run_stays_what_it_was(stage: Stage) -> None:
    played = play(stage)
    stage.orchestration("one", [{"id": "other"}])
    again = stage.look.member(played.root.spec)
    assert [one["id"] for one in run_metadata(again.spec, again.entry.spec, again.graph)["plan"]] == ["first", "child"]


@pytest.mark.requirement("DEF-054", "DEF-035")
def test_without_a_limit_in_the_definition_the_environment_decides(stage: Stage) -> None:
    stage.orchestration("one", [{"id": "a"}])
    root = stage.play("one").root
    concurrency = run_metadata(root.spec, root.entry.spec, root.graph)["execution"]["concurrency"]
    assert (concurrency["maxParallelSteps"], concurrency["source"]) == (1, "default")


@pytest.mark.requirement("DEF-055")
def test_the_task_of_a_run_is_told_of_every_state_that_it_comes_to(stage: Stage) -> None:
    gated = {"id": "a", "checkpointAfter": {"question": "good?"}}
    change = {"receipt": {"changes": ["x"], "undo": {"input": {}}}}
    stage.orchestration("one", [{"id": "b", "input": {"payload": change}}, gated])
    said: list[Any] = [{"value": 1}, Verdict.APPROVE]
    played = stage.play("one", task={"id": "T-1", "userId": "ada"}, decide=lambda _: said.pop(0), commands=[Verb.UNDO])
    told = [alert for alert in played.alerts if alert.type == "run_state"]
    assert [(alert.details or {})["state"] for alert in told] == [
        "Running",
        "AwaitingApproval",
        "Running",
        "AwaitingApproval",
        "Running",
        "Succeeded",
        "RollingBack",
        "RolledBack",
    ]
    states = {record.seq: record.target for record in played.records if record.step is None and record.target}
    assert {(alert.details or {})["record"]: (alert.details or {})["state"] for alert in told} == states
    assert all((alert.details or {})["task"] == {"id": "T-1", "userId": "ada"} for alert in told)


@pytest.mark.requirement("DEF-055")
def test_a_run_without_a_task_and_the_children_of_one_with_a_task_are_not_told_of(stage: Stage) -> None:
    runs = {alert.run for alert in play(stage).alerts if alert.type == "run_state"}
    assert len(runs) == 1
    stage.orchestration("plain", [{"id": "a"}])
    assert [alert for alert in stage.play("plain").alerts if alert.type == "run_state"] == []
