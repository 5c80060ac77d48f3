"""The task of a run is told of its states once they are durable, and again by whoever drives it next."""

from controller.model.run import RunSpec
from controller.runtime.driver import Driver
from tests.behaviour.rehearsal import Rehearsal, good


def told(rehearsal: Rehearsal) -> list[tuple[str, int]]:
    alerts = [alert for alert in rehearsal.notifier.told if alert.type == "run_state"]
    return [((alert.details or {})["state"], (alert.details or {})["record"]) for alert in alerts]


def asked_by_a_task(rehearsal: Rehearsal) -> RunSpec:
    spec = rehearsal.admit({"steps": [{"id": "a"}]})
    return spec.model_copy(update={"task": {"id": "T"}})


def test_nothing_is_told_that_a_crash_could_take_back() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 1000))
    driver = Driver(rehearsal.tools(), asked_by_a_task(rehearsal))
    driver.start()
    driver.turn(0)
    assert driver.root.state.run == "Running"
    assert not driver.durable
    assert told(rehearsal) == []
    driver.flush()
    assert told(rehearsal) == [("Running", 1)]


def test_the_next_driver_tells_where_it_stands_first() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 1000))
    spec = asked_by_a_task(rehearsal)
    driver = Driver(rehearsal.tools(), spec)
    driver.start()
    driver.turn(0)
    driver.flush()
    rehearsal.notifier.told.clear()
    rehearsal.drive(spec)
    assert told(rehearsal) == [("Running", 2), ("Succeeded", 4)]


def test_a_child_that_inherits_nothing_of_the_task_is_not_told_of() -> None:
    rehearsal = Rehearsal()
    outer = {"steps": [{"id": "p", "type": "orchestration", "orchestration": {"name": "inner"}}]}
    spec = rehearsal.admit(outer, {}, {"name": "inner", "steps": [{"id": "a"}]})
    rehearsal.drive(spec.model_copy(update={"task": {"id": "T"}}))
    assert {alert.run for alert in rehearsal.notifier.told if alert.type == "run_state"} == {"ROOT"}
