"""What an Approval or Intervention means to the engine, in which order, and who hears of the answer."""

from typing import Any

import pytest

from controller.adapters.cluster.decision_source import (
    ClusterDecisionSource,
    Submitted,
    answered,
    suspension,
    wants_suspension,
)
from controller.adapters.cluster.gates import Quorum
from controller.errors import InvariantViolated
from controller.model.decision import Answer, Command, Decision
from controller.model.record import CONTROLLER, Actor
from controller.model.states import Verb, Verdict

Json = dict[str, Any]

MARA = Actor("person", "mara")


def submission(kind: str, name: str, at: int, spec: Json) -> Json:
    created = f"2026-01-01T00:00:{at:02d}Z"
    metadata = {"name": name, "namespace": "space", "uid": f"uid-{name}", "creationTimestamp": created}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": {}}


def approval(name: str = "one", at: int = 0, **spec: Any) -> Json:
    body = {"gate": "a", "digest": "d", "request": 3, "decision": "approve", "approver": {"name": "mara"}, **spec}
    return submission("Approval", name, at, body)


def command(verb: str, name: str = "one", at: int = 0, **spec: Any) -> Json:
    return submission("Intervention", name, at, {"verb": verb, "actor": {"name": "mara", "groups": ["sre"]}, **spec})


def source(*objects: Json, others: tuple[str, ...] = ()) -> ClusterDecisionSource:
    return ClusterDecisionSource(lambda _: objects, lambda *_: Quorum(None, others), lambda *_: None)


def read(one: Json, others: tuple[str, ...] = ()) -> Decision | Command:
    (found,) = source(one, others=others).pending("R")
    return found


@pytest.mark.requirement("K8S-016")
def test_a_decision_is_of_whom_the_server_proved() -> None:
    assert read(approval(comment="fine")) == Decision(1, "R", "a", "d", 3, Verdict.APPROVE, MARA, "fine")


def test_a_decision_may_change_the_input_and_have_others_behind_it() -> None:
    modified = approval(decision="modify", modification={"limit": 3})
    assert read(modified, ("joe",)) == Decision(1, "R", "a", "d", 3, Verdict.MODIFY, MARA, None, {"limit": 3}, ("joe",))


@pytest.mark.parametrize("gate", ["x", "child/x", "child/deeper/x"])
def test_a_childs_gate_is_named_as_its_run_knows_it(gate: str) -> None:
    found = read(approval(gate=gate))
    assert isinstance(found, Decision)
    assert found.gate == "x"


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in (Verb.SUSPEND, Verb.RESUME)])
def test_a_command_is_of_whom_the_server_proved(verb: Verb) -> None:
    assert read(command(verb, comment="why")) == Command(1, "R", verb, MARA, comment="why")


def test_a_command_with_all_that_it_may_say() -> None:
    given = {"patch": {"a": 1}, "delayMs": 500, "output": [1], "undo": True, "stop": True}
    expected = Command(1, "R", Verb.RETRY, MARA, "load[3]", None, {"a": 1}, 500, [1], True, True, 4)
    assert read(command("retry", step="load[3]", attempt=4, args=given)) == expected
    assert read(command("retry", args=None)) == Command(1, "R", Verb.RETRY, MARA)


def test_a_rerun_is_not_the_engines_to_do() -> None:
    assert source(command("rerun")).pending("R") == []


def test_the_older_comes_first_and_keeps_its_number() -> None:
    objects = [approval("late", 9), command("abort", "early", 1), approval("b", 5), approval("a", 5)]
    decisions = ClusterDecisionSource(lambda _: objects, lambda *_: Quorum(None), lambda *_: None)
    first = decisions.pending("R")
    assert [type(one).__name__ for one in first] == ["Command", "Decision", "Decision", "Decision"]
    assert decisions.pending("R") == first
    objects.insert(0, approval("before-all", 0))  # a watch may be late
    second = decisions.pending("R")
    assert [one.id for one in second] == [1, 2, 3, 4, 5]
    assert second[:4] == first


def test_only_what_is_about_a_run_is_told_to_it() -> None:
    objects = {"R": [approval("one")], "S": [approval("two")]}
    decisions = ClusterDecisionSource(lambda run: objects[run], lambda *_: Quorum(None), lambda *_: None)
    assert [(one.id, one.run) for run in "RSR" for one in decisions.pending(run)] == [(1, "R"), (2, "S"), (1, "R")]


def test_an_answer_is_written_once_and_the_first_one_stays() -> None:
    decisions = source(approval("one"))
    (found,) = decisions.pending("R")
    recorded = Answer(found.id, 7, None)
    decisions.answer([recorded])
    decisions.answer([Answer(found.id, None, "closed"), Answer(found.id, 7, None)])
    assert decisions.answered(found.id) == recorded
    assert decisions.unwritten() == [(Submitted("Approval", "space", "one", "uid-one"), recorded)]
    assert decisions.unwritten() == []
    assert decisions.pending("R") == []


def test_what_has_its_answer_is_not_read_again() -> None:
    over = approval("one")
    assert not answered(over)
    over["status"] = {"record": 7, "answeredAt": "2026-01-01T00:00:00.000Z"}
    assert answered(over)
    assert source(over).pending("R") == []


# What is no object


def test_the_controllers_own_commands_have_nobody_to_tell() -> None:
    decisions = source(approval("one"))
    number = decisions.submit(suspension("R", suspend=True))
    own, _ = decisions.pending("R")
    assert own == Command(number, "R", Verb.SUSPEND, CONTROLLER, comment="spec.suspend")
    decisions.answer([Answer(number, 3, None)])
    assert decisions.unwritten() == []
    assert [one.id for one in decisions.pending("R")] == [2]
    assert decisions.pending("S") != [own]


def test_a_decision_needs_its_object() -> None:
    with pytest.raises(InvariantViolated, match="is an Approval object"):
        source().submit(Decision(0, "R", "a", "d", 3, Verdict.APPROVE, MARA))


@pytest.mark.parametrize(("spec", "wanted"), [({"suspend": True}, True), ({"suspend": False}, False), ({}, False)])
def test_a_wish_to_stand_still(spec: Json, *, wanted: bool) -> None:
    assert wants_suspension({"spec": spec}) is wanted
    assert suspension("R", suspend=wanted).verb is (Verb.SUSPEND if wanted else Verb.RESUME)


def test_it_is_looked_at_only_when_something_came() -> None:
    decisions = source()
    assert decisions.changed()
    assert not decisions.changed()
    decisions.touch()
    assert decisions.changed()
    decisions.submit(suspension("R", suspend=True))
    assert decisions.changed()
