"""What does an agent get? Exactly what its step declares."""

import json
from typing import Any

import pytest

from controller.adapters.process.layout import attempt_directory
from controller.model.states import Role
from tests.behaviour.stage import Stage, facts

ASKS = {"input": {"payload": {"fixed": 1, "from": "{{ parameters.name }}", "text": "for {{ name }}"}}}


@pytest.mark.requirement("DEF-018")
def test_the_payload_is_what_the_agent_receives(stage: Stage) -> None:
    stage.orchestration("one", [{"id": "ask", **ASKS}], parameters=[{"key": "name"}])
    played = stage.play("one", {"name": ["a", {"b": 2}]})
    assert played.output("ask")["given"]["payload"] == {
        "fixed": 1,
        "from": ["a", {"b": 2}],
        "text": 'for ["a",{"b":2}]',
    }


@pytest.mark.requirement("DEF-019")
def test_a_message_is_given_beside_the_payload(stage: Stage) -> None:
    message = {"input": {"payload": {"x": 1}, "userMessage": "How is {{ parameters.name }}?"}}
    steps = [{"id": "talk", "mode": "CONVERSE", **message}, {"id": "build", **ASKS}]
    stage.orchestration("one", steps, parameters=[{"key": "name"}])
    played = stage.play("one", {"name": "Ada"})
    given = played.output("talk")["given"]
    assert (given["mode"], given["userMessage"], given["payload"]) == ("CONVERSE", "How is Ada?", {"x": 1})
    assert "userMessage" not in played.output("build")["given"]


@pytest.mark.requirement("DEF-023")
def test_a_step_may_call_an_agent_of_another_organization(stage: Stage) -> None:
    for place in ("home", "abroad"):
        stage.agent(f"clerk-{place}", slug="clerk", organization=place, process={"env": {"SECRET": place}})
    stage.agents.add("clerk")
    asks = {"agent": "clerk", "input": {"payload": {"say": "$SECRET"}}}
    steps = [{"id": "here", **asks}, {"id": "there", "organization": "abroad", **asks}]
    stage.orchestration("one", steps, organization="home")
    played = stage.play("one")
    assert played.root.spec.organization == "home"
    assert [played.output(step) for step in ("here", "there")] == ["home", "abroad"]


@pytest.mark.requirement("DEF-024")
def test_each_agent_step_has_a_conversation_that_its_attempts_share(stage: Stage) -> None:
    once_more = {"retry": {"maxAttempts": 2, "initialDelayMs": 250}}
    steps: list[dict[str, Any]] = [
        {"id": "a"},
        {"id": "b", "input": {"payload": {"exit": [1]}}, **once_more},
        {"id": "c", "foreach": "[1, 2]"},
    ]
    stage.orchestration("one", steps)
    played = stage.play("one")
    conversations = [played.output(step)["given"]["conversationId"] for step in ("a", "b")]
    conversations += [one["given"]["conversationId"] for one in played.output("c")]
    assert len(set(conversations)) == 3
    assert conversations[2] == conversations[3]
    keys = [played.root.key(played.root.unit("b") or 0, Role.DO, attempt) for attempt in (1, 2)]
    tree = stage.local.directory.tree(played.root.spec.uid)
    given = [json.loads((tree / attempt_directory(key) / "input.json").read_bytes()) for key in keys]
    assert [one["conversationId"] for one in given] == [conversations[1]] * 2
    again = stage.play("one")
    assert again.output("a")["given"]["conversationId"] != conversations[0]


@pytest.mark.requirement("DEF-024", "DEF-031")
@pytest.mark.parametrize("inherits", [True, False])
def test_a_child_shares_the_conversation_of_its_parent_where_that_is_said(stage: Stage, *, inherits: bool) -> None:
    stage.orchestration("inner", [{"id": "a"}, {"id": "b"}])
    child = {"name": "inner", "inheritConversation": inherits}
    stage.orchestration("outer", [{"id": "play", "type": "orchestration", "orchestration": child}])
    played = stage.play("outer")
    root, inner = played.members
    found = {step: played.output("play")["results"][step]["given"]["conversationId"] for step in ("a", "b")}
    own = root.conversation(root.unit("play") or 0)
    assert (found["a"] == found["b"] == own) is inherits
    assert (found["a"] != found["b"]) is not inherits
    assert (inner.spec.parent, inner.spec.root, inner.spec.parent_step) == (root.spec.uid, root.spec.uid, "play")
    assert inner.spec.requester == root.spec.requester
    assert facts(played.of("play", "StepSucceeded")[0])["child"]["run"] == inner.spec.uid


@pytest.mark.requirement("ENG-007", "ENG-013")
def test_a_step_gets_the_artifacts_of_its_dependencies_and_of_declared_inputs_and_no_others(stage: Stage) -> None:
    leave = {"x.txt": "", "deep/z.txt": "deep"}
    steps: list[dict[str, Any]] = [
        {"id": name, "input": {"payload": {"leave": {**leave, "x.txt": name}}}, "dependsOn": after}
        for name, after in (("a", []), ("b", ["a"]), ("c", ["b"]))
    ]
    steps += [
        {"id": "only", "dependsOn": ["c"]},
        {"id": "more", "dependsOn": ["c"], "inputs": [{"step": "a", "artifact": "x.txt"}, {"step": "b"}]},
    ]
    stage.orchestration("one", steps)
    played = stage.play("one")
    assert played.output("a")["files"] == {}
    assert played.output("only")["files"] == {"c/x.txt": "c", "c/deep/z.txt": "deep"}
    assert played.output("more")["files"] == {
        "c/x.txt": "c",
        "c/deep/z.txt": "deep",
        "a/x.txt": "a",
        "b/x.txt": "b",
        "b/deep/z.txt": "deep",
    }
    given = played.output("more")["given"]
    assert set(given) == {"mode", "payload", "conversationId"}
