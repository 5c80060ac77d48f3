"""Attempts that no ledger knows: the driver hands them to their run, or ends them."""

import pytest

from controller.model.attempt import Finished
from controller.model.decision import Command
from controller.model.record import Actor
from controller.model.run import RunSpec
from controller.model.states import OutcomeClass, Verb
from controller.runtime.driver import Driver
from tests.behaviour.rehearsal import A_DAY, Rehearsal, good

MARA = Actor("person", "mara")
TWO = {"steps": [{"id": "a"}, {"id": "b", "dependsOn": ["a"]}]}


def died(rehearsal: Rehearsal, spec: RunSpec) -> None:
    """A driver dies after it launched "a": nothing that it recorded was durable."""
    rehearsal.disk.flush()
    driver = Driver(rehearsal.tools(), spec)
    driver.start()
    while not rehearsal.launches:
        driver.turn(0)
    rehearsal.disk.crash()
    assert "ROOT" not in rehearsal.disk.ledgers


def ends(rehearsal: Rehearsal) -> list[OutcomeClass | None]:
    return [one.failure for one in rehearsal.machine.ended.values() if isinstance(one, Finished)]


@pytest.mark.requirement("CMP-027")
@pytest.mark.parametrize("verb", [Verb.ABORT, Verb.SUSPEND])
def test_what_runs_is_the_run_s_before_any_word_about_the_run_is_heard(verb: Verb) -> None:
    rehearsal = Rehearsal(lambda _: good(duration_ms=A_DAY))
    spec = rehearsal.admit(TWO)
    died(rehearsal, spec)
    rehearsal.submit(Command(0, "ROOT", verb, MARA))
    rehearsal.drive(spec, lambda driver: driver.root.state.run.settled or driver.root.state.suspended)
    (started,) = rehearsal.of("a", "StepStarted")
    assert started.data == {"adopted": True}
    assert ends(rehearsal) == ([OutcomeClass.INTERRUPTED] if verb is Verb.ABORT else [])


@pytest.mark.requirement("CMP-027")
def test_what_runs_of_a_run_that_is_over_is_ended_and_recorded() -> None:
    rehearsal = Rehearsal()
    spec = rehearsal.admit(TWO)
    rehearsal.drive(spec)
    (launch, _) = rehearsal.launches
    late = launch._replace(key=launch.key._replace(attempt=2))
    clock = rehearsal.clock
    rehearsal.machine.start(late, good(duration_ms=A_DAY), clock.now(), clock.monotonic())
    for _ in range(2):
        driver = Driver(rehearsal.tools(), spec)
        driver.start()
        while driver.turn(0):
            pass
        driver.close()
    assert isinstance(end := rehearsal.machine.ended[late.key], Finished)
    assert end.failure is OutcomeClass.INTERRUPTED
    assert [record.kind for record in rehearsal.of("a")] == ["StepStarted", "StepSucceeded", "StrayFound"]
    assert driver.root.state.run == "Succeeded"
