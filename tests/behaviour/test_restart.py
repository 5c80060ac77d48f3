"""What is found again by a driver that follows one that died?"""

from typing import Any

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.errors import Busy
from controller.model.attempt import Launch
from controller.model.states import OutcomeClass
from controller.runtime.driver import Driver
from tests.behaviour.rehearsal import Rehearsal, good

ON = {"caching": {"enabled": True}}


def step(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "input": {"payload": {"of": name}}, **more}


def killed_while(rehearsal: Rehearsal, spec: Any, word: str, key: str) -> None:
    """Drive until an attempt has started or ended on the machine, and die before more is recorded."""
    driver = rehearsal.drive(spec, lambda _: any((word, key) == (one, at.step) for one, at in rehearsal.machine.log))
    del driver


def test_what_ended_unwatched_is_kept_in_the_cache_all_the_same() -> None:
    rehearsal = Rehearsal(lambda launch: good(launch.key.step, 1000))
    spec = rehearsal.admit({"steps": [step("a"), step("b", dependsOn=["a"])], "execution": ON})
    killed_while(rehearsal, spec, "start", "b")
    rehearsal.clock.advance(5000)  # nobody is there when it ends
    rehearsal.drive(spec)
    again = rehearsal.admit({"steps": [step("a"), step("b", dependsOn=["a"])], "execution": ON}, uid="AGAIN")
    driver = rehearsal.drive(again)
    assert [str(key.run) for key in rehearsal.started()] == ["ROOT", "ROOT"]
    assert driver.root.state.cached == 2


def test_a_list_whose_instances_ended_unwatched_is_kept_too() -> None:
    each = {"steps": [step("a", foreach="[1, 2]")], "execution": {**ON, "concurrency": {"maxParallel": 2}}}
    rehearsal = Rehearsal(lambda launch: good(launch.key.step, 1000))
    spec = rehearsal.admit(each)
    killed_while(rehearsal, spec, "start", "a[1]")
    rehearsal.clock.advance(5000)
    rehearsal.drive(spec)
    driver = rehearsal.drive(rehearsal.admit(each, uid="AGAIN"))
    assert len(rehearsal.launches) == 2
    assert driver.contents.output(driver.root.state.unit(0).output) == ["a[0]", "a[1]"]


def test_a_list_that_had_begun_is_not_taken_from_the_cache_after_a_restart() -> None:
    """Its instances run: to serve the list would leave them to themselves."""
    each = {"steps": [step("a", foreach="[1, 2]")], "execution": {**ON, "concurrency": {"maxParallel": 2}}}
    rehearsal = Rehearsal(lambda launch: good(launch.key.step, 1000))
    spec = rehearsal.admit(each)
    driver = Driver(rehearsal.tools(), spec)
    driver.start()
    driver.turn(0)
    assert len(rehearsal.launches) == 2
    rehearsal.disk.crash()  # that it was expanded is not on disk
    assert rehearsal.disk.ledgers.get("ROOT") is None
    other = rehearsal.drive(rehearsal.admit(each, uid="OTHER"))
    assert other.root.state.run == "Succeeded"  # fills the cache
    rehearsal.drive(rehearsal.admit(each))
    assert [record.kind for record in rehearsal.of("a")] == ["StepExpanded", "StepSucceeded"]
    assert [key.run for key in rehearsal.started()] == ["ROOT", "ROOT", "OTHER", "OTHER"]


def test_an_attempt_without_a_trace_is_lost_and_uses_one() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 1000))
    spec = rehearsal.admit({"steps": [step("a", retry={"maxAttempts": 2, "initialDelayMs": 250})]})
    killed_while(rehearsal, spec, "start", "a")
    rehearsal.machine.lose(rehearsal.started()[0])
    driver = rehearsal.drive(spec)
    assert driver.root.state.run == "Succeeded"
    (lost,) = rehearsal.of("a", "AttemptFailed")
    assert ((lost.data or {})["class"], (lost.data or {})["charged"]) == ("Lost", True)


@pytest.mark.parametrize("child", [False, True])
def test_nothing_is_started_twice(child: bool) -> None:
    inner = {"name": "inner", "steps": [step("x"), step("y", dependsOn=["x"])]}
    steps = [{"id": "p", "type": "orchestration", "orchestration": {"name": "inner"}}] if child else inner["steps"]
    rehearsal = Rehearsal(lambda _: good(1, 1000))
    spec = rehearsal.admit({"steps": steps}, {}, inner)
    for _ in range(6):
        driver = Driver(rehearsal.tools(), spec)
        driver.start()
        driver.turn(300)
        driver.flush()
    driver = rehearsal.drive(spec)
    assert driver.root.state.run == "Succeeded"
    assert sorted(key.step for key in rehearsal.started()) == ["x", "y"]
    assert set(rehearsal.machine.launches.values()) == {1}


def test_a_tree_is_driven_by_one() -> None:
    rehearsal = Rehearsal()
    spec = rehearsal.admit({"steps": [step("a")]})
    held: dict[str, Any] = {}
    tools = rehearsal.tools()
    from tests.fakes.leadership import InMemoryLeadership

    first = Driver(tools._replace(leadership=InMemoryLeadership(held)), spec)
    first.start()
    second = Driver(rehearsal.tools()._replace(leadership=InMemoryLeadership(held)), spec)
    with pytest.raises(Busy):
        second.start()
    first.close()
    second.start()


def test_inputs_are_not_kept_in_memory_beyond_their_start() -> None:
    rehearsal = Rehearsal()
    driver = rehearsal.drive(rehearsal.admit({"steps": [step("a", foreach="[1, 2, 3]"), step("b")]}))
    assert driver.preparer._inputs == {}


def test_a_retry_whose_time_came_while_nobody_drove_starts_at_once() -> None:
    def fate(launch: Launch) -> Scripted:
        return Scripted(10, OutcomeClass.FAILED, "again", 75) if launch.key.attempt == 1 else good(1)

    rehearsal = Rehearsal(fate)
    spec = rehearsal.admit({"steps": [step("a", retry={"maxAttempts": 2, "initialDelayMs": 60_000})]})
    rehearsal.drive(spec, lambda _: bool(rehearsal.disk.ledgers.get("ROOT") and rehearsal.of("a", "AttemptFailed")))
    rehearsal.clock.advance(3_600_000)
    rehearsal.drive(spec)
    assert rehearsal.of("a", "StepStarted")[1].time - rehearsal.of("a", "AttemptFailed")[0].time == 3_600_000
