"""What the runner and people say reaches the run that it is about, in one order whatever order it came in."""

from itertools import permutations

import pytest

from controller.engine.events import AttemptEnded, ChildGatesSeen, Commanded, Event, GateDecided, Woken
from controller.model.decision import Command, Decision
from controller.model.record import Actor
from controller.model.states import OutcomeClass, Role, Verb, Verdict
from controller.runtime.contents import Contents
from controller.runtime.gather import ordered, told
from tests.behaviour.rehearsal import Rehearsal, good
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.disk import Disk

MARA = Actor("person", "mara")


def ended(unit: int) -> AttemptEnded:
    return AttemptEnded(unit, Role.DO, 1, OutcomeClass.FAILED)


def test_found_first_then_outcomes_then_decisions_then_timers() -> None:
    gates = ChildGatesSeen(3, ())
    decided = GateDecided(4, "a", "d", 1, Verdict.APPROVE, MARA)
    canonical: list[Event] = [gates, ended(1), ended(2), decided, Commanded(5, Verb.ABORT, MARA), Woken()]
    for shuffled in permutations(canonical):
        assert ordered(shuffled) == canonical


def test_what_was_said_is_stored_by_digest() -> None:
    contents = Contents(InMemoryBlobStore(Disk()))
    decision = Decision(1, "R", "a", "d", 2, Verdict.MODIFY, MARA, "better", {"x": 1})
    event = told(decision, contents)
    assert isinstance(event, GateDecided)
    assert event.patch is not None
    assert contents.get(event.patch) == {"x": 1}
    command = told(Command(1, "R", Verb.SKIP, MARA, "a", output=[1]), contents)
    assert isinstance(command, Commanded)
    assert contents.output(command.output) == [1]
    with pytest.raises(ValueError, match="inf"):
        told(Command(1, "R", Verb.SKIP, MARA, "a", output=float("inf")), contents)


def test_what_is_no_json_value_is_refused_and_the_run_goes_on() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 1000))
    spec = rehearsal.admit({"steps": [{"id": "a"}]})
    rehearsal.submit(Command(0, "ROOT", Verb.SKIP, MARA, "a", output=float("nan")))
    driver = rehearsal.drive(spec)
    assert driver.root.state.run == "Succeeded"
    (answer,) = rehearsal.disk.answers.values()
    assert (answer.record, (answer.refusal or "").partition(":")[0]) == (None, "not a JSON value")


def test_a_decision_is_told_once_and_answered() -> None:
    rehearsal = Rehearsal()
    gated = {"steps": [{"id": "a", "checkpointAfter": {"question": "?"}}]}
    driver = rehearsal.drive(rehearsal.admit(gated), lambda driver: bool(driver.root.state.gates))
    gate = driver.root.state.unit(0).gate
    assert gate is not None
    right = Decision(0, "ROOT", "a", gate.digest, gate.request, Verdict.APPROVE, MARA)
    rehearsal.submit(right._replace(request=0), right, right._replace(verdict=Verdict.REJECT))
    rehearsal.go_on(driver)
    driver.turn(0)
    assert driver.root.state.run == "Succeeded"
    answers = [rehearsal.disk.answers[number] for number in sorted(rehearsal.disk.answers)]
    assert [answer.record is not None for answer in answers] == [False, True, False]
