"""What stands still for five minutes, and phases that drag on, are told of: once, and not in passing."""

from collections.abc import Mapping
from typing import Any

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.model.agent import AgentSpec
from controller.model.attempt import Launch
from controller.model.decision import Decision
from controller.model.record import Actor
from controller.model.states import OutcomeClass, Verdict
from controller.runtime.alarms import Alarms
from controller.runtime.driver import Driver
from tests.behaviour.rehearsal import Rehearsal, good, minutes

GATED = {"steps": [{"id": "a", "checkpointAfter": {"question": "?"}}, {"id": "b", "dependsOn": ["a"]}]}


class Watch:
    """A run that is driven and looked at, minute by minute."""

    def __init__(self, spec: Mapping[str, Any], rehearsal: Rehearsal, usual: Mapping[str, int] | None = None) -> None:
        self.rehearsal = rehearsal
        self.driver = Driver(rehearsal.tools(), rehearsal.admit(spec))
        self.alarms = Alarms(self.driver.tools, "ROOT", lambda _: usual or {}, lambda: 1.0)
        self.driver.start()
        self.told: list[str] = []

    def minutes(self, number: int) -> list[str]:
        """Let time pass; return what was told of in it, without what the engine itself tells."""
        before = len(self.rehearsal.notifier.told)
        for _ in range(number * 6):
            until = self.driver.tools.clock.now() + 10_000
            while self.driver.tools.clock.now() < until:
                self.driver.turn(until - self.driver.tools.clock.now())
            self.alarms.look(self.driver.members.values())
        alerts = self.rehearsal.notifier.told[before:]
        return [alert.message for alert in alerts if alert.type in {"step_blocked", "phase_slow"}]


@pytest.mark.requirement("ENG-019")
def test_a_decision_that_nobody_takes_is_told_of_once() -> None:
    watch = Watch(GATED, Rehearsal())
    assert watch.minutes(4) == []
    assert watch.minutes(2) == ['"a" waits for a decision for more than 5m']
    assert watch.minutes(60) == []
    gate = watch.driver.root.state.unit(0).gate
    assert gate is not None
    decision = Decision(0, "ROOT", "a", gate.digest, gate.request, Verdict.MODIFY, Actor("person", "mara"))
    watch.rehearsal.submit(decision._replace(modifications={"x": 1}))
    assert watch.minutes(4) == []
    assert watch.minutes(3) == ['"a" waits for a decision for more than 5m']  # it is another question


@pytest.mark.requirement("ENG-019")
def test_steps_behind_a_failed_one_are_told_of_while_the_run_goes_on() -> None:
    def fate(launch: Launch) -> Scripted:
        return Scripted(10, OutcomeClass.FAILED, "no", 64) if launch.key.step == "a" else good(1, minutes(30))

    after = [{"id": name, "dependsOn": ["a"]} for name in ("b", "c")]
    steps = [{"id": "a"}, *after, {"id": "long"}]
    watch = Watch({"steps": steps, "execution": {"concurrency": {"maxParallel": 2}}}, Rehearsal(fate))
    assert watch.minutes(4) == []
    assert watch.minutes(20) == ['"b" and 1 more cannot start for more than 5m: "a" has failed']


@pytest.mark.requirement("ENG-019")
def test_a_step_without_a_place_is_told_of() -> None:
    agent = AgentSpec.model_validate({"slug": "worker", "maxParallel": 1, "process": {"argv": ["true"]}})
    steps = [{"id": "a"}, {"id": "b"}]
    rehearsal = Rehearsal(lambda _: good(1, minutes(20)), [agent])
    watch = Watch({"steps": steps, "execution": {"concurrency": {"maxParallel": 2}}}, rehearsal)
    assert watch.minutes(4) == []
    assert watch.minutes(10) == ['"b" waits for a free place of its agent for more than 5m']


@pytest.mark.requirement("ENG-019")
@pytest.mark.parametrize(
    ("usual", "told"),
    [
        ({"a": minutes(5), "b": minutes(5)}, ['phase "one" is open for 12 min; its steps usually take 600 s']),
        ({"a": minutes(50), "b": minutes(50)}, []),
        ({"a": minutes(5)}, []),
    ],
)
def test_a_phase_that_drags_on_is_told_of(usual: dict[str, int], told: list[str]) -> None:
    steps = [{"id": name, "phase": "one"} for name in ("a", "b")]
    watch = Watch({"phases": [{"id": "one"}], "steps": steps}, Rehearsal(lambda _: good(1, minutes(15))), usual)
    assert watch.minutes(11) == []
    assert watch.minutes(9) == told


def test_a_run_that_rests_or_is_over_disturbs_nobody() -> None:
    watch = Watch({"steps": [{"id": "a"}]}, Rehearsal())
    assert watch.minutes(30) == []
    assert watch.driver.root.state.run == "Succeeded"
