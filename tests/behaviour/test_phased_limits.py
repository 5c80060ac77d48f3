"""Limits of phased-delivery, whose hours pass on a clock that jumps: how many at once, how long, how often, how soon again."""

from typing import Any

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.model.agent import AgentSpec
from controller.model.attempt import Launch
from controller.model.orchestration import OrchestrationSpec
from controller.model.states import OutcomeClass
from tests.behaviour.rehearsal import START, Rehearsal, good, minutes
from tests.behaviour.stage import facts
from tests.definitions.agent import LIBRARY
from tests.definitions.catalogue import orchestrations, read_library

CHECKED = read_library(LIBRARY)
SPEC: OrchestrationSpec = orchestrations(CHECKED)["phased-delivery"]
WORKER: AgentSpec = next(agent.spec for agent in CHECKED.agents if agent.spec.slug == "delivery-worker")
PLAIN = SPEC.model_copy(
    # What is handed over is another test's matter; here only time counts.
    update={"steps": [step.model_copy(update={"contract": None}) for step in SPEC.steps], "outputs": {}}
)
DONE = {"deliverable": "x", "items": 1}


class Delivery(Rehearsal):
    """phased-delivery, where each step takes a minute unless `odd` says otherwise."""

    def __init__(self, odd: dict[str, list[Scripted]] | None = None, spec: OrchestrationSpec = PLAIN) -> None:
        self.odd = odd or {}
        super().__init__(self._fate, [WORKER.model_copy(update={"output_schema": None})])
        self.driver = self.drive(self.admit(spec))

    def _fate(self, launch: Launch) -> Scripted:
        fates = self.odd.get(launch.key.step, [])
        if launch.key.attempt <= len(fates):
            return fates[launch.key.attempt - 1]
        return good(DONE, minutes(1))

    def most_at_once(self) -> int:
        running, most = 0, 0
        for word, _ in self.machine.log:
            running += 1 if word == "start" else -1
            most = max(most, running)
        return most


def with_more_phases() -> OrchestrationSpec:
    """Six phases beside each other instead of three, each with two steps that could run at once."""
    value = PLAIN.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    value["phases"] = [{"parallel": [{"id": f"p{number}", "timeout": "120m"} for number in range(6)]}]
    value["steps"] = [
        {
            "id": f"s{number}",
            "phase": f"p{number // 2}",
            "agent": "delivery-worker",
            "input": value["steps"][0]["input"],
        }
        for number in range(12)
    ]
    del value["finally"]
    return OrchestrationSpec.model_validate(value)


def failing(code: int = 75) -> Scripted:
    return Scripted(minutes(1), OutcomeClass.FAILED, "no agent available", code)


@pytest.mark.requirement("ENG-047")
def test_three_run_at_one_time_and_no_more() -> None:
    assert Delivery().most_at_once() == 3
    assert Delivery(spec=with_more_phases()).most_at_once() == 3


@pytest.mark.requirement("ENG-047")
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_another_limit_is_another_number(limit: int) -> None:
    value = with_more_phases().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    value["execution"]["concurrency"]["maxParallel"] = limit
    assert Delivery(spec=OrchestrationSpec.model_validate(value)).most_at_once() == limit


@pytest.mark.requirement("ENG-048", "ENG-010")
def test_a_phase_that_takes_longer_than_two_hours_fails() -> None:
    played = Delivery({"doc": [good(DONE, minutes(1000))] * 4})
    (expired,) = [record for record in played.records() if record.kind == "PhaseExpired"]
    (opened,) = [one for one in played.records() if one.kind == "PhaseStarted" and facts(one)["phase"] == "doc"]
    assert expired.time - opened.time == minutes(120)
    (failed,) = played.of("doc", "StepFailed")
    assert facts(failed)["reason"] == "Timeout"
    assert (failed.time, failed.attempt) == (expired.time, 2)
    assert played.driver.root.state.run == "Failed"
    assert played.of("backlog") == []
    assert played.notifier.told[0][:2] == ("phase_slow", "warning")


@pytest.mark.requirement("ENG-048")
def test_a_phase_that_takes_just_less_succeeds() -> None:
    nearly = [good(DONE, minutes(59)), good(DONE, minutes(1))]
    played = Delivery({"database-schema": nearly[:1], "database-migrations": [good(DONE, minutes(59.9))]})
    assert played.driver.root.state.run == "Succeeded"


@pytest.mark.requirement("ENG-049", "ENG-010")
def test_a_task_that_takes_longer_than_an_hour_is_ended_as_failed() -> None:
    played = Delivery({"qa": [good(DONE, minutes(61))]})
    (failed,) = played.of("qa", "AttemptFailed")
    assert (facts(failed)["class"], failed.duration_ms) == ("Timeout", minutes(60))
    assert played.of("qa", "StepSucceeded")[0].attempt == 2


@pytest.mark.requirement("ENG-050", "ENG-051", "ENG-067", "ENG-068")
def test_three_retries_wait_30_s_then_half_as_long_again_each_time() -> None:
    played = Delivery({"architect": [failing()] * 4})
    started, failed = played.of("architect", "StepStarted"), played.of("architect", "AttemptFailed")
    assert [record.attempt for record in started] == [1, 2, 3, 4]
    waits = [after.time - before.time for before, after in zip(failed, started[1:], strict=True)]
    assert waits == [30_000, 45_000, 67_500]
    assert played.driver.root.state.run == "Failed"
    told = {(alert.type, alert.level, alert.step) for alert in played.notifier.told}
    assert told == {("retry_exhausted", "error", "architect"), ("run_failed", "error", None)}
    assert played.of("code-architect") == []  # it waits for intervention and does not go on


@pytest.mark.requirement("ENG-050", "ENG-074")
@pytest.mark.parametrize("failures", [1, 2, 3])
def test_up_to_three_failures_are_made_good_by_retries(failures: int) -> None:
    played = Delivery({"architect": [failing()] * failures})
    assert played.driver.root.state.run == "Succeeded"
    moves = [(record.source, record.target) for record in played.of("architect")]
    once = [("Pending", "Running"), ("Running", "Pending")]
    assert moves == [*once * failures, ("Pending", "Running"), ("Running", "Succeeded")]


@pytest.mark.requirement("ENG-051")
def test_waits_grow_to_five_minutes_and_no_further() -> None:
    value: dict[str, Any] = PLAIN.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    value["errorHandling"]["onStepFailure"]["maxAttempts"] = 10
    del value["phases"][1]["timeout"]
    played = Delivery({"doc": [failing()] * 10}, OrchestrationSpec.model_validate(value))
    failed, started = played.of("doc", "AttemptFailed"), played.of("doc", "StepStarted")
    waits = [after.time - before.time for before, after in zip(failed, started[1:], strict=True)]
    assert waits == [30_000, 45_000, 67_500, 101_250, 151_875, 227_812, 300_000, 300_000, 300_000]


@pytest.mark.requirement("ENG-073")
def test_each_task_goes_from_pending_over_ready_and_running_to_completed() -> None:
    played = Delivery()
    for step in PLAIN.steps:
        if not played.of(step.id, "StepSkipped"):
            moves = [(record.source, record.target) for record in played.of(step.id)]
            assert moves == [("Pending", "Running"), ("Running", "Succeeded")]
    # Ready: all before it has ended. It starts in that very moment, unless it has to wait for a slot.
    ended = {record.step: record.time for record in played.records() if record.kind == "StepSucceeded"}
    for step in PLAIN.steps:
        after = [ended[one] for one in step.depends_on if one in ended]
        for started in played.of(step.id, "StepStarted"):
            assert started.time >= max(after, default=START)
