"""Orchestrations as steps: what goes in, what comes out, and what of it is the parent's."""

from typing import Any

import pytest

from controller.model.states import Verdict
from tests.behaviour.stage import Stage, facts


def plays(name: str = "inner", **target: Any) -> dict[str, Any]:
    return {"id": "play", "type": "orchestration", "orchestration": {"name": name, **target}}


@pytest.mark.requirement("DEF-031")
def test_parameters_go_in_and_results_come_out_without_ids_and_times(stage: Stage) -> None:
    stage.orchestration(
        "inner",
        [{"id": "a", "input": {"payload": {"say": ["{{ word }}"]}}}],
        parameters=[{"key": "word", "required": True}, {"key": "rest", "default": 7}],
    )
    first = {"id": "first", "input": {"payload": {"say": {"word": "tide"}}}}
    child = {**plays(parameters={"word": "{{ steps.first.word }}"}), "dependsOn": ["first"]}
    stage.orchestration("outer", [first, child])
    played = stage.play("outer")
    assert played.output("play") == {
        "status": "Succeeded",
        "results": {"a": ["tide"]},
        "parameters": {"word": "tide", "rest": 7},
    }
    root, inner = played.members
    ended = facts(played.of("play", "StepSucceeded")[0])["child"]
    assert ended == {
        "run": inner.spec.uid,
        "head": inner.state.chain.head,
        "semantic": stage.local.stores.ledger.status(inner.spec.uid).semantic_digest,  # type: ignore[union-attr]
    }
    assert [one.uid for one in stage.look.children(root.spec)] == [inner.spec.uid]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"word": "{{ steps.first.word }}"}, 'parameter "word" is required'),
        ({"word": "x", "size": "{{ steps.first.size }}"}, 'parameter "size" is 3; expected one of 1, 2'),
    ],
)
def test_parameters_that_do_not_fit_fail_the_step_and_start_nothing(
    stage: Stage, given: dict[str, Any], reason: str
) -> None:
    parameters = [{"key": "word", "required": True}, {"key": "size", "enum": [1, 2]}]
    stage.orchestration("inner", [{"id": "a"}], parameters=parameters)
    first = {"id": "first", "input": {"payload": {"say": {"size": 3}}}}
    stage.orchestration("outer", [first, {**plays(parameters=given), "dependsOn": ["first"]}])
    played = stage.play("outer")
    (failed,) = played.of("play", "StepFailed")
    assert (facts(failed)["class"], failed.summary) == ("Rejected", reason)
    assert len(played.members) == 1
    assert played.calls == ["first do 1"]


@pytest.mark.parametrize(("code", "state"), [(64, "Failed"), (0, "Succeeded")])
def test_a_list_of_children_comes_to_a_list(stage: Stage, code: int, state: str) -> None:
    payload = {"say": "{{ n }}", "exit": "{{ code }}"}
    parameters = [{"key": "num"}, {"key": "code"}]
    stage.orchestration(
        "inner", [{"id": "a", "input": {"payload": {**payload, "say": "{{ num }}"}}}], parameters=parameters
    )
    given = {"num": "{{ item }}", "code": [code]}
    stage.orchestration("outer", [{**plays(parameters=given), "foreach": "[10, 20]"}])
    played = stage.play("outer")
    assert played.state == state
    assert [member.spec.parent_step for member in played.members[1:]] == ["play[0]", "play[1]"]
    if state == "Succeeded":
        assert [one["results"]["a"] for one in played.output("play")] == [10, 20]
    else:
        assert [facts(played.of(f"play[{n}]", "StepFailed")[0])["class"] for n in (0, 1)] == ["Failed", "Failed"]
        assert played.of("play", "StepFailed")[0].summary == "2 of 2 instances failed"


def test_checkpoints_of_children_come_up_and_are_decided_there(stage: Stage) -> None:
    stage.orchestration("deep", [{"id": "a", "checkpointAfter": {"question": "deep?"}}])
    stage.orchestration("inner", [{**plays("deep"), "id": "middle"}])
    stage.orchestration("outer", [plays()])
    seen: list[str] = []

    def decide(gate: Any) -> Verdict:
        seen.append(gate.gate)
        return Verdict.APPROVE

    played = stage.play("outer", decide=decide)
    assert (played.state, seen) == ("Succeeded", ["play/middle/a"])
    assert [record.target for record in played.records if record.step is None and record.target] == [
        "Running",
        "AwaitingApproval",
        "Running",
        "Succeeded",
    ]


@pytest.mark.parametrize(
    ("verdict", "failure"), [(Verdict.REJECT, "Rejected"), (None, "Rejected")], ids=["rejected", "timed out"]
)
def test_a_child_that_was_rejected_is_not_tried_again(stage: Stage, verdict: Verdict | None, failure: str) -> None:
    stage.orchestration("inner", [{"id": "a", "checkpointAfter": {"question": "?", "autoTimeout": 1}}])
    stage.orchestration("outer", [{**plays(), "retry": {"maxAttempts": 3, "initialDelayMs": 250}}])
    played = stage.play("outer", decide=lambda _: verdict)
    (failed,) = played.of("play", "StepFailed")
    assert facts(failed)["class"] == failure
    assert played.calls == ["a do 1"]


def test_a_failed_child_is_tried_again_as_another_run(stage: Stage) -> None:
    stage.orchestration("inner", [{"id": "a", "input": {"payload": {"exit": [1]}}}])
    stage.orchestration("outer", [{**plays(), "retry": {"maxAttempts": 2, "initialDelayMs": 250}}])
    played = stage.play("outer")
    assert played.state == "Failed"
    assert len({member.spec.uid for member in played.members}) == 3
    assert [member.spec.parent_attempt for member in played.members[1:]] == [1, 2]
