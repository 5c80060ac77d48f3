"""How are changes taken back? By the receipts that their steps left, last change first, and what remains is said."""

from pathlib import Path
from typing import Any

import pytest

from controller.model.receipt import Receipt
from controller.model.states import Verb
from tests.behaviour.stage import Played, Stage, facts

AUTOMATIC = {"rollback": {"automatic": True}}


def changes(name: str, *, undo: Any = None, after: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """A step that puts a file beside the project; its receipt tells how to drop it again."""
    receipt: dict[str, Any] = {"changes": [f"file {name}"]}
    way = {"input": {"drop": name}} if undo is None else undo
    if way:
        receipt["undo"] = way
    return {"id": name, "dependsOn": after or [], "input": {"payload": {"put": name, "receipt": receipt}}, **more}


def fails(*after: str) -> dict[str, Any]:
    return {"id": "fails", "dependsOn": list(after), "input": {"payload": {"exit": [64]}}}


def left(stage: Stage, *names: str) -> list[str]:
    return [name for name in names if (stage.folder / name).exists()]


def undone(played: Played) -> list[tuple[str, str | None]]:
    kinds = ("UndoAttempted", "StepUndone", "ReceiptUndone", "UndoKept")
    return [(record.kind, record.step) for record in played.records if record.kind in kinds]


@pytest.mark.requirement("CMP-022", "CMP-023")
def test_a_failed_procedure_is_taken_back_with_its_receipts_last_change_first(stage: Stage) -> None:
    steps = [changes("first"), changes("second", after=["first"]), fails("second")]
    stage.orchestration("one", steps, errorHandling=AUTOMATIC)
    played = stage.play("one")
    assert (played.state, left(stage, "first", "second")) == ("RolledBack", [])
    assert undone(played) == [
        ("UndoAttempted", "second"),
        ("StepUndone", "second"),
        ("UndoAttempted", "first"),
        ("StepUndone", "first"),
    ]
    assert played.steps() == {"first": "RolledBack", "second": "RolledBack", "fails": "Failed"}
    assert played.calls[-2:] == ["second undo 1", "first undo 1"]
    for step in ("first", "second"):
        receipt = facts(played.of(step, "StepSucceeded")[0])["receipt"]
        assert facts(played.of(step, "StepUndone")[0])["receipt"] == receipt


@pytest.mark.requirement("CMP-008")
def test_a_receipt_is_on_record_after_each_step_before_the_next_one_starts(stage: Stage) -> None:
    broken = changes("second", after=["first"], retry={"maxAttempts": 2, "initialDelayMs": 250})
    broken["input"]["payload"]["exit"] = [1]
    stage.orchestration("one", [changes("first"), broken, changes("third", after=["second"])])
    played = stage.play("one")
    assert played.state == "Succeeded"
    place = {(record.kind, record.step, record.attempt): record.seq for record in played.records}
    receipts = {
        (record.step, record.attempt): record for record in played.records if (record.data or {}).get("receipt")
    }
    assert sorted(receipts, key=str) == [("first", 1), ("second", 1), ("second", 2), ("third", 1)]
    assert receipts["second", 1].kind == "AttemptFailed"  # unsuccessful, and yet it may have changed something
    assert receipts["first", 1].seq < place["StepStarted", "second", 1]
    assert receipts["second", 2].seq < place["StepStarted", "third", 1]
    for (step, _), record in receipts.items():
        receipt = Receipt.model_validate(played.contents.get(facts(record)["receipt"]))
        assert receipt.changes == [f"file {step}"]


@pytest.mark.requirement("CMP-024")
@pytest.mark.parametrize(
    ("way", "more", "reason"),
    [
        ({"reversible": False, "reason": "mail was sent"}, {}, 'its receipt says irreversible ("mail was sent")'),
        ({"input": {}, "expiresAt": "2020-01-01T00:00:00Z"}, {}, "its undo expired at 2020-01-01T00:00:00Z"),
        ({"input": {}, "expiresAt": "soon"}, {}, 'its receipt has an unreadable expiresAt "soon"'),
        ({"instruction": "call the bank"}, {}, "a person must do it: call the bank"),
        ({}, {}, "its receipt lists changes but says no way to undo them"),
        ({"reversible": True}, {}, "its receipt lists changes but says no way to undo them"),
        ({}, {"reversible": False}, "its definition says irreversible"),
        ({}, {"undo": {"instruction": "shred it"}}, "a person must do it: shred it"),
        ({"input": {"undoExit": [64]}}, {}, 'the undo of "second" failed: '),
    ],
)
def test_what_cannot_be_taken_back_is_said_and_the_rest_is_taken_back(
    stage: Stage, way: dict[str, Any], more: dict[str, Any], reason: str
) -> None:
    steps = [changes("first"), {**changes("second", undo=way, after=["first"]), **more}, fails("second")]
    stage.orchestration("one", steps, errorHandling=AUTOMATIC)
    played = stage.play("one")
    assert (played.state, played.root.state.reason) == ("Failed", "UndoIncomplete")
    (kept,) = played.of("second", "UndoKept")
    assert (kept.summary or "").startswith(reason)
    assert facts(played.records[-1])["remains"] == ["second"]
    assert played.steps() == {"first": "RolledBack", "second": "Succeeded", "fails": "Failed"}
    assert left(stage, "first", "second") == ["second"]
    assert ("undo_incomplete", "error") in {(alert.type, alert.level) for alert in played.alerts}


def test_the_way_of_the_receipt_wins_over_the_definition(stage: Stage) -> None:
    step = changes("first", undo={"input": {"drop": "first"}})
    step["undo"] = {"input": {"drop": "nothing that is there"}}
    stage.orchestration("one", [step])
    played = stage.play("one", commands=[Verb.UNDO])
    assert (played.state, left(stage, "first")) == ("RolledBack", [])


def test_the_definition_says_how_with_values_of_the_run_and_of_the_step_itself(stage: Stage) -> None:
    step = {
        "id": "make",
        "input": {"payload": {"put": "{{ parameters.name }}", "say": {"made": "{{ parameters.name }}"}}},
        "undo": {"input": {"drop": "{{ steps.make.made }}", "why": "of {{ parameters.name }}"}},
    }
    each = {
        "id": "each",
        "foreach": '["a", "b"]',
        "input": {"payload": {"put": "{{ item }}", "say": {"made": "{{ item }}"}}},
        "undo": {"input": {"drop": "{{ steps.each.made }}"}},
    }
    stage.orchestration("one", [step, each], parameters=[{"key": "name"}])
    played = stage.play("one", {"name": "lamp"}, commands=[Verb.UNDO])
    assert (played.state, left(stage, "lamp", "a", "b")) == ("RolledBack", [])


def test_instances_are_taken_back_one_by_one_each_by_its_own_receipt(stage: Stage) -> None:
    payload = {"put": "{{ item }}", "receipt": {"changes": ["{{ item }}"], "undo": {"input": {"drop": "{{ item }}"}}}}
    steps = [{"id": "each", "foreach": '["a", "b", "c"]', "input": {"payload": payload}}, fails("each")]
    stage.orchestration("one", steps, errorHandling=AUTOMATIC)
    played = stage.play("one")
    assert (played.state, left(stage, "a", "b", "c")) == ("RolledBack", [])
    assert [step for kind, step in undone(played) if kind == "StepUndone"] == ["each[2]", "each[1]", "each[0]"]


def test_a_program_beside_the_agent_can_undo(stage: Stage) -> None:
    place = stage.folder / "definitions" / "agents" / "builder"
    stage.agent("builder", process={"files": ["back.py"]})
    (place / "back.py").write_text(
        "import json, os, pathlib\n"
        "here = pathlib.Path(os.environ['LIBRETTO_DIR'])\n"
        "receipt = json.loads((here / 'inputs' / 'receipt.json').read_text())\n"
        "pathlib.Path(receipt['changes'][0].split()[1]).unlink()\n",
        encoding="utf-8",
    )
    step = changes("built", undo={"argv": ["python3", "./back.py"]}, agent="builder")
    stage.orchestration("one", [step])
    played = stage.play("one", commands=[Verb.UNDO])
    assert (played.state, left(stage, "built")) == ("RolledBack", [])
    step["input"]["payload"]["receipt"]["undo"] = {"argv": ["python3", "./other.py"]}
    stage.orchestration("one", [step])
    kept = stage.play("one", commands=[Verb.UNDO])
    assert kept.root.state.reason == "UndoIncomplete"
    assert (
        kept.of("built", "UndoKept")[0].summary
        == 'the undo of "built" failed: ./other.py is not among the agent\'s files'
    )


def test_a_child_run_is_taken_back_as_one_unit(stage: Stage) -> None:
    stage.orchestration("inner", [changes("in-a"), changes("in-b", after=["in-a"])])
    play = {"id": "play", "type": "orchestration", "orchestration": {"name": "inner"}, "dependsOn": ["before"]}
    stage.orchestration("one", [changes("before"), play, fails("play")], errorHandling=AUTOMATIC)
    played = stage.play("one")
    assert played.state == "RolledBack"
    assert [str(member.state.run) for member in played.members] == ["RolledBack", "RolledBack"]
    assert played.calls[-3:] == ["in-b undo 1", "in-a undo 1", "before undo 1"]
    assert left(stage, "before", "in-a", "in-b") == []


def test_the_change_of_a_failed_attempt_is_taken_back_too(stage: Stage) -> None:
    payload = {"put": "half", "exit": [1, 0], "receipt": {"changes": ["half"], "undo": {"input": {}}}}
    step = {"id": "make", "input": {"payload": payload}, "retry": {"maxAttempts": 2, "initialDelayMs": 250}}
    stage.orchestration("one", [step])
    played = stage.play("one", commands=[Verb.UNDO])
    assert played.state == "RolledBack"
    assert undone(played) == [
        ("UndoAttempted", "make"),
        ("ReceiptUndone", "make"),
        ("UndoAttempted", "make"),
        ("StepUndone", "make"),
    ]


def test_behind_an_attempt_that_changed_nothing_an_earlier_change_is_found(stage: Stage) -> None:
    stage.agent("worker")
    program = stage.folder / "definitions" / "agents" / "worker" / "probe.py"
    program.write_text(
        "import json, os, pathlib, sys\n"
        "here, first = pathlib.Path(os.environ['LIBRETTO_DIR']), os.environ['LIBRETTO_ATTEMPT'] == '1'\n"
        "if os.environ['LIBRETTO_ROLE'] == 'undo':\n"
        "    pathlib.Path('half').unlink()\n"
        "elif first:\n"
        "    pathlib.Path('half').touch()\n"
        "undo = {'undo': {'input': {}}} if first else {}\n"
        "(here / 'receipt.json').write_text(json.dumps({'changes': ['half'] if first else [], **undo}))\n"
        "sys.exit(first and os.environ['LIBRETTO_ROLE'] == 'do')\n",
        encoding="utf-8",
    )
    step = {"id": "make", "retry": {"maxAttempts": 2, "initialDelayMs": 250}}
    stage.orchestration("one", [step])
    played = stage.play("one", commands=[Verb.UNDO])
    assert (played.state, left(stage, "half")) == ("RolledBack", [])
    assert undone(played) == [("ReceiptUndone", "make"), ("UndoAttempted", "make"), ("StepUndone", "make")]


def test_what_an_undo_leaves_does_not_decide_about_it(stage: Stage) -> None:
    odd = {"raw": "no JSON", "receipt": {"changes": 7}, "drop": "first"}
    stage.orchestration("one", [changes("first", undo={"input": odd})])
    played = stage.play("one", commands=[Verb.UNDO])
    assert (played.state, left(stage, "first")) == ("RolledBack", [])


def test_a_receipt_that_cannot_be_read_fails_the_step_and_is_told_of_a_failed_one_too(stage: Stage) -> None:
    payload: dict[str, Any] = {"receipt": {"changes": 7, "undo": []}, "exit": [64]}
    step = {"id": "make", "input": {"payload": payload}}
    stage.orchestration("one", [step])
    (failed,) = stage.play("one").of("make", "StepFailed")
    assert facts(failed)["class"] == "Failed"
    assert [line.partition(":")[0] for line in failed.violations or ()] == ["receipt.json changes", "receipt.json undo"]
    payload["exit"] = []
    stage.orchestration("one", [step])
    (failed,) = stage.play("one").of("make", "StepFailed")
    assert facts(failed)["class"] == "ContractViolated"


def test_the_program_of_an_undo_runs_beside_the_project(stage: Stage) -> None:
    stage.orchestration("one", [changes("first")])
    stage.play("one", commands=[Verb.UNDO])
    assert Path(stage.folder / "calls").read_text(encoding="utf-8").splitlines() == ["first do 1", "first undo 1"]
