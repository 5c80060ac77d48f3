"""What every DecisionSource promises."""

import pytest

from controller.model.decision import Answer, Command, Decision
from controller.model.record import Actor
from controller.model.states import Verb, Verdict
from tests.contract import scenarios
from tests.contract.machine import Machine, RealMachine, elsewhere
from tests.contract.scenarios import command, decision

SUBMISSIONS: dict[str, Decision | Command] = {
    "approval": decision(),
    "rejection with its reason": decision(verdict=Verdict.REJECT, comment='line one\nline "two" – €'),
    "modification": decision(verdict=Verdict.MODIFY, modifications={"input": {"mode": "upsert", "n": [1, 2.5, None]}}),
    "retry": command(step="load[3]", modifications={"a": {"b": True}}, delay_ms=600_000),
    "skip with an output": command(verb=Verb.SKIP, step="load", output={"rows": [], "ok": False}),
    "abort with undo": command(verb=Verb.ABORT, undo=True, actor=Actor("person", "Jörg")),
    "suspend": command(verb=Verb.SUSPEND, stop=True),
    "large numbers": command(verb=Verb.SKIP, output=[2**80, -1e300]),
}


@pytest.mark.parametrize("submission", SUBMISSIONS.values(), ids=SUBMISSIONS)
def test_every_part_of_a_submission_arrives(machine: Machine, submission: Decision | Command) -> None:
    identity = machine.stores.decisions.submit(submission)
    (found,) = machine.another().decisions.pending("run-1")
    assert found == submission._replace(id=identity)
    assert type(found) is type(submission)


def test_submissions_wait_in_order_of_arrival(machine: Machine) -> None:
    decisions = machine.stores.decisions
    ids = [decisions.submit(decision(run)) for run in ("run-1", "run-2", "run-1", "run-1")]
    assert ids == sorted(set(ids))
    assert ids[0] > 0
    assert [one.id for one in decisions.pending("run-1")] == [ids[0], ids[2], ids[3]]
    assert [one.id for one in decisions.pending("run-2")] == [ids[1]]
    assert decisions.pending("run-3") == []


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "waiting"])
def test_an_answer_ends_the_waiting(machine: Machine, flushed: bool) -> None:
    decisions = machine.stores.decisions
    first, second, third = (decisions.submit(decision()) for _ in range(3))
    answers = [Answer(first, 33, None), Answer(third, None, "the gate is closed")]
    decisions.answer(answers)
    if flushed:
        machine.stores.ledger.flush()
    assert [one.id for one in decisions.pending("run-1")] == [second]
    assert [decisions.answered(one) for one in (first, second, third)] == [answers[0], None, answers[1]]
    assert decisions.answered(999) is None


def test_the_first_answer_stays(machine: Machine) -> None:
    decisions = machine.stores.decisions
    identity = decisions.submit(decision())
    for answer in (Answer(identity, 33, None), Answer(identity, 34, None)):
        decisions.answer([answer])
    machine.stores.ledger.flush()
    decisions.answer([Answer(identity, None, "too late")])
    machine.stores.ledger.flush()
    assert decisions.answered(identity) == Answer(identity, 33, None)


def test_an_answer_to_nothing_is_ignored(machine: Machine) -> None:
    machine.stores.decisions.answer([Answer(77, 1, None)])
    machine.stores.ledger.flush()
    assert machine.stores.decisions.answered(77) is None


def test_it_tells_when_something_may_have_been_submitted(machine: Machine) -> None:
    mine, other = machine.stores.decisions, machine.another().decisions
    mine.changed()
    assert not mine.changed()
    mine.submit(decision())
    assert (mine.changed(), mine.changed()) == (True, False)
    other.submit(decision())
    assert (mine.changed(), mine.changed()) == (True, False)


def test_its_own_records_are_no_change(machine: Machine) -> None:
    """Or a run would look for decisions after each of its own steps."""
    machine.stores.decisions.changed()
    machine.stores.ledger.append([scenarios.write("run-1", 0)])
    machine.stores.ledger.flush()
    assert not machine.stores.decisions.changed()


def test_a_submission_survives_a_crash(machine: Machine) -> None:
    machine.crash(scenarios.submit_one)
    assert len(machine.stores.decisions.pending("run-1")) == 1


def test_a_submission_of_another_terminal_is_seen(real: RealMachine) -> None:
    decisions = real.stores.decisions
    # This process writes as well, and has a group that waits.
    real.stores.ledger.append([scenarios.write("run-1", 0)])
    decisions.changed()
    assert elsewhere(real.state, scenarios.submit_one) == 0
    assert decisions.changed()
    assert [one.run for one in decisions.pending("run-1")] == ["run-1"]


def test_an_answer_is_seen_elsewhere_once_it_is_durable(real: RealMachine) -> None:
    mine, other = real.stores, real.another()
    identity = other.decisions.submit(decision())
    mine.decisions.answer([Answer(identity, 33, None)])
    assert other.decisions.answered(identity) is None
    mine.ledger.flush()
    assert other.decisions.answered(identity) == Answer(identity, 33, None)
