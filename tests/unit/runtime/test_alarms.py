"""Steps that take too long and disks that fill up are told of, once."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from controller.definition.compile import compile_graph
from controller.engine.state import State, Unit
from controller.engine.units import unit_name, unit_of
from controller.model.attempt import AttemptKey
from controller.model.orchestration import OrchestrationSpec
from controller.model.states import Role, StepState
from controller.runtime.alarms import Alarms
from controller.runtime.member import Member
from tests.fakes.clock import SettableClock
from tests.fakes.notifier import RecordingNotifier


class Running:
    """A member of which `load` runs, as far as alarms look at one."""

    def __init__(self, attempt: int = 1) -> None:
        spec = OrchestrationSpec.model_validate({"name": "any", "steps": [{"id": "load", "agent": "worker"}]})
        graph = compile_graph(spec, "blake3:" + "0" * 64)
        state = State(graph, "01")
        units = state.units.set(unit_of(0), Unit(StepState.RUNNING, attempt))
        self.state = state._replace(units=units, frontier=state.frontier.set(unit_of(0), "Running"))

    def key(self, unit: int, role: Role, attempt: int) -> AttemptKey:
        return AttemptKey("01", unit_name(self.state.graph, unit), role, attempt)


class Desk:
    """Alarms over fakes."""

    def __init__(self, usual: Mapping[str, int], free: float = 1.0) -> None:
        self.clock, self.notifier, self.free = SettableClock(), RecordingNotifier(), free
        tools = type("Tools", (), {"clock": self.clock, "notifier": self.notifier})()
        self.alarms = Alarms(cast("Any", tools), "01", lambda _: usual, lambda: self.free)
        self.member = Running()

    def after(self, milliseconds: int) -> list[tuple[str, str]]:
        self.clock.advance(milliseconds)
        self.alarms.look([cast("Member", self.member)])
        return [(alert.type, alert.level) for alert in self.notifier.told]


def test_a_step_that_takes_far_longer_than_usual_is_told_of_once() -> None:
    desk = Desk({"load": 20_000})
    assert desk.after(0) == []
    assert desk.after(30_000) == []
    assert desk.after(1_000) == [("step_slow", "warning")]
    assert desk.after(100_000) == [("step_slow", "warning")]
    (alert,) = desk.notifier.told
    assert alert.message == 'step "load" runs for 31 s; usual are 20.0 s'
    assert (alert.run, alert.step) == ("01", "load")


def test_another_attempt_begins_anew() -> None:
    desk = Desk({"load": 20_000})
    desk.after(0)
    desk.after(31_000)
    desk.member = Running(attempt=2)
    assert desk.after(1_000) == [("step_slow", "warning")]
    assert desk.after(61_000) == [("step_slow", "warning")] * 2


@pytest.mark.parametrize("usual", [{}, {"other": 1}])
def test_without_experience_there_is_no_alarm(usual: Mapping[str, int]) -> None:
    desk = Desk(usual)
    desk.after(0)
    assert desk.after(10_000_000) == []


def test_short_steps_disturb_nobody() -> None:
    desk = Desk({"load": 10})
    desk.after(0)
    assert desk.after(9_999) == []
    assert desk.after(1_000) == [("step_slow", "warning")]


def test_it_looks_once_a_second() -> None:
    desk = Desk({"load": 10}, free=0.0)
    assert desk.after(0) == [("low_disk_space", "error")]
    desk.free = 0.15
    assert desk.after(999) == [("low_disk_space", "error")]
    assert desk.after(1) == [("low_disk_space", "error"), ("low_disk_space", "warning")]


def test_a_disk_that_fills_up_is_told_of_by_level() -> None:
    desk = Desk({}, free=0.5)
    assert desk.after(0) == []
    desk.free = 0.19
    assert desk.after(1_000) == [("low_disk_space", "warning")]
    assert desk.after(1_000) == [("low_disk_space", "warning")]
    desk.free = 0.09
    assert desk.after(1_000) == [("low_disk_space", "warning"), ("low_disk_space", "error")]
