"""What is promised is checked: when a step ends, and again before somebody builds on it."""

from typing import Any

import pytest

from tests.behaviour.stage import Stage, facts

ROWS = {"type": "array", "items": {"type": "object", "required": ["id"]}, "minItems": 1}


def makes(leave: dict[str, str], contract: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "make", "input": {"payload": {"leave": leave, "say": {"rows": 1}}}, "contract": contract, **more}


USE = {"id": "use", "dependsOn": ["make"]}


@pytest.mark.requirement("ENG-009", "ENG-011")
@pytest.mark.parametrize(
    ("leave", "contract", "broken"),
    [
        ({}, {"artifacts": [{"name": "rows.json"}]}, 'artifact "rows.json" is missing'),
        ({"rows.json": "[]"}, {"artifacts": [{"name": "rows.json", "schema": ROWS}]}, "has less than 1 item"),
        ({"rows.json": '[{"a": 1}]'}, {"artifacts": [{"name": "rows.json", "schema": ROWS}]}, '/0: "id" is a required'),
        ({"rows.json": "id\n1"}, {"artifacts": [{"name": "rows.json", "schema": ROWS}]}, "it is not JSON"),
        ({"rows.json": '{"id": 1, "id": 2}'}, {"artifacts": [{"name": "rows.json", "schema": {}}]}, "stands twice"),
        ({}, {"schema": {"type": "object", "required": ["total"]}}, '"total" is a required property'),
    ],
)
def test_an_output_that_breaks_its_contract_fails_the_step_and_is_not_handed_over(
    stage: Stage, leave: dict[str, str], contract: dict[str, Any], broken: str
) -> None:
    stage.orchestration("one", [makes(leave, contract, retry={"maxAttempts": 3, "initialDelayMs": 250}), USE])
    played = stage.play("one")
    assert (played.state, played.steps()) == ("Failed", {"make": "Failed", "use": "Pending"})
    (failed,) = played.of("make", "StepFailed")
    assert facts(failed)["class"] == "ContractViolated"
    assert broken in (failed.violations or [""])[0]
    assert played.calls == ["make do 1"]  # the same try must break it again
    assert ("validation_failed", "error") in {(alert.type, alert.level) for alert in played.alerts}


@pytest.mark.requirement("ENG-012")
@pytest.mark.parametrize(
    ("name", "content", "transform", "received"),
    [
        ("rows.csv", "id,name\n1,Ada\n", "csv-to-json", '[{"id":"1","name":"Ada"}]'),
        ("rows.json", '[{"id": 1, "name": "Ada"}]', "json-to-csv", "id,name\r\n1,Ada\r\n"),
        ("rows.json", '[{"b": 1, "a": 2}, 3]', "json-to-ndjson", '{"a":2,"b":1}\n3\n'),
        ("rows.log", '{"a": 1}\n\n[2]\n', "ndjson-to-json", '[{"a":1},[2]]'),
        ("note.txt", 'say "hi"\n', "text-to-json", '"say \\"hi\\"\\n"'),
    ],
)
def test_a_format_is_transformed_on_the_way(
    stage: Stage, name: str, content: str, transform: str, received: str
) -> None:
    stage.orchestration("one", [makes({name: content}, {"artifacts": [{"name": name, "transform": transform}]}), USE])
    played = stage.play("one")
    files = played.output("use")["files"]
    # Reading as text makes one line break of two characters.
    assert files == {f"make/{name}": received.replace("\r\n", "\n")}
    sent = facts(played.of("use", "StepStarted")[0])["handoffs"][0]["artifacts"][name]
    assert played.contents.blobs.get(sent) == received.encode()
    kept = played.contents.artifacts(played.of("make", "StepSucceeded")[0].output_digest)[name]
    assert played.contents.blobs.get(kept) == content.encode()


@pytest.mark.requirement("ENG-012", "ENG-014")
def test_what_cannot_be_transformed_is_a_refused_hand_off(stage: Stage) -> None:
    contract = {"artifacts": [{"name": "rows.csv", "transform": "csv-to-json"}]}
    stage.orchestration("one", [makes({"rows.csv": "a,b\n1\n"}, contract), USE])
    played = stage.play("one")
    assert played.steps() == {"make": "Succeeded", "use": "Failed"}
    (refused,) = played.of("use", "HandoffRefused")
    assert refused.violations == ['hand-off from "make": artifact "rows.csv": row 1 has 1 cells, the header 2']
    assert played.calls == ["make do 1"]


@pytest.mark.requirement("ENG-012")
def test_an_unknown_transformation_is_found_before_anything_runs(stage: Stage) -> None:
    contract = {"artifacts": [{"name": "rows.csv", "transform": "csv-to-yaml"}]}
    stage.orchestration("one", [makes({"rows.csv": "a"}, contract), USE])
    with pytest.raises(AssertionError, match="csv-to-yaml"):
        stage.play("one")


@pytest.mark.requirement("ENG-011", "ENG-014")
def test_an_artifact_that_was_asked_for_must_be_there(stage: Stage) -> None:
    use = {**USE, "inputs": [{"step": "make", "artifact": "b.txt"}], "dependsOn": ["between"]}
    steps = [makes({"a.txt": "a"}, {}), {"id": "between", "dependsOn": ["make"]}, use]
    stage.orchestration("one", steps)
    played = stage.play("one")
    (refused,) = played.of("use", "HandoffRefused")
    assert refused.violations == [
        'hand-off from "make": artifact "b.txt" was asked for, but "make" left none of that name'
    ]
    assert played.steps()["use"] == "Failed"


@pytest.mark.requirement("ENG-013", "ENG-014", "ENG-056")
def test_every_hand_off_is_checked_transferred_and_on_record(stage: Stage) -> None:
    contract = {"artifacts": [{"name": "a.json", "schema": {"type": "object"}}]}
    steps = [
        makes({"a.json": "{}"}, contract),
        USE,
        {"id": "last", "dependsOn": ["use"], "inputs": [{"step": "make", "artifact": "a.json"}]},
        {"id": "each", "dependsOn": ["make"], "foreach": "[1, 2]"},
    ]
    stage.orchestration("one", steps)
    played = stage.play("one")
    made = played.of("make", "StepSucceeded")[0]
    expected = {
        "from": "make",
        "validated": True,
        "digest": made.output_digest,
        "artifacts": dict(played.contents.artifacts(made.output_digest)),
    }
    found = {
        record.step: facts(record)["handoffs"]
        for record in played.records
        if record.kind == "StepStarted" and record.data
    }
    assert found["use"] == found["each[0]"] == found["each[1]"] == [expected]
    assert [one["from"] for one in found["last"]] == ["use", "make"]
    assert all(one["validated"] for handoffs in found.values() for one in handoffs)
    # Every edge of the graph that carries an output has its hand-off.
    edges = {(step, one["from"]) for step, handoffs in found.items() for one in handoffs}
    assert edges == {("use", "make"), ("last", "use"), ("last", "make"), ("each[0]", "make"), ("each[1]", "make")}


@pytest.mark.requirement("ENG-072")
def test_a_contract_names_data_format_schema_and_when_they_are_due(stage: Stage) -> None:
    contract = {
        "schema": {"type": "object", "required": ["rows"]},
        "artifacts": [{"name": "rows.csv", "transform": "csv-to-json"}, {"name": "notes.md", "required": False}],
        "due": "0s",
    }
    stage.orchestration("one", [makes({"rows.csv": "id\n1\n"}, contract), USE])
    played = stage.play("one")
    assert played.state == "Succeeded"
    assert played.output("use")["files"] == {"make/rows.csv": '[{"id":"1"}]'}
    (late,) = played.of("make", "StepSucceeded")[0].warnings or ()
    assert late.startswith("late: the output was due ")
    assert [alert.step for alert in played.alerts if alert.type == "late_output"] == ["make"]


def test_a_child_keeps_the_contract_of_its_step_and_its_output_is_mapped(stage: Stage) -> None:
    stage.orchestration("inner", [{"id": "a", "input": {"payload": {"say": 7, "leave": {"a.txt": "A"}}}}])
    play = {
        "id": "make",
        "type": "orchestration",
        "orchestration": {"name": "inner"},
        "outputMapping": {"answer": "$.results.a"},
        "contract": {
            "schema": {"type": "object", "properties": {"answer": {"type": "integer"}}},
            "artifacts": [{"name": "a/a.txt"}],
            "due": "0s",
        },
    }
    stage.orchestration("one", [play, USE])
    played = stage.play("one")
    assert played.output("make") == {"answer": 7}
    assert played.output("use")["files"] == {"make/a/a.txt": "A"}
    assert [alert.step for alert in played.alerts if alert.type == "late_output"] == ["make"]
    play["contract"] = {"schema": {"type": "object", "properties": {"answer": {"type": "string"}}}}
    stage.orchestration("one", [play, USE])
    broken = stage.play("one")
    assert broken.steps() == {"make": "Failed", "use": "Pending"}
    (failed,) = broken.of("make", "StepFailed")
    assert facts(failed)["class"] == "ContractViolated"
    assert failed.violations == ['output /answer: 7 is not of type "string"']
    assert facts(failed)["child"]["run"] == broken.members[1].spec.uid
