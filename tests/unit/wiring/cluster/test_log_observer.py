"""A line for each transition that a person cares about, which machines can read and which gives nothing away."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.entrypoints.operator.logs import JsonLines
from controller.model.states import OutcomeClass
from controller.wiring.cluster.log_observer import LogObserver
from tests.behaviour.rehearsal import Rehearsal, good
from tests.unit.wiring.cluster.watched import Watched, run_object

BAD = Scripted(50, failure=OutcomeClass.FAILED, reason="exit 1", exit_code=1)


class Kept(logging.Handler):
    """Keeps lines as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, logger = Kept(), logging.getLogger("libretto.runs")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_run_that_goes_well_has_two_lines(kept: Kept) -> None:
    watched = Watched(Rehearsal(lambda _: good({"password": "hunter2"})), LogObserver())
    watched.play({"name": "load", "steps": [{"id": "a"}, {"id": "b", "dependsOn": ["a"]}]})
    assert [(line["event"], line["level"]) for line in kept.lines] == [("RunStarted", "info"), ("RunSucceeded", "info")]
    assert "hunter2" not in json.dumps(kept.lines)


def test_where_it_failed_is_a_matter_of_fields(kept: Kept) -> None:
    spec = {"name": "load", "steps": [{"id": "a", "retry": {"maxAttempts": 2}}]}
    Watched(Rehearsal(lambda _: BAD), LogObserver()).play(spec)
    first, last = (line for line in kept.lines if line["event"] in ("AttemptFailed", "StepFailed"))
    place = {name: first[name] for name in ("namespace", "run", "step", "attempt", "record", "orchestration", "level")}
    assert place == {
        "namespace": "space",
        "run": "run-of-load",
        "step": "a",
        "attempt": 1,
        "record": 3,
        "orchestration": "load",
        "level": "warning",
    }
    assert "another one follows at 2025-12-01T12:00:02.050Z: exit 1" in first["message"]
    assert (last["attempt"], last["message"]) == (2, 'run run-of-load in space: "a" failed: exit 1')


def test_an_open_gate_says_what_is_asked(kept: Kept) -> None:
    spec = {"steps": [{"id": "a", "checkpointAfter": {"question": "Is it good?"}}]}
    Watched(Rehearsal(), LogObserver()).play(spec)
    (line,) = (line for line in kept.lines if line["event"] == "ApprovalNeeded")
    assert line["message"].endswith('"a" waits for a decision: Is it good?')


def test_what_no_record_says(kept: Kept) -> None:
    watched = Watched(Rehearsal(), LogObserver())
    run = run_object(watched.rehearsal.admit({"name": "load", "steps": [{"id": "a"}]}))
    LogObserver().stalled(run, "NotFound", 'no agent "worker"')
    LogObserver().unprotected(run, "install the policies")
    LogObserver().unreachable(run, "node n1 does not answer")
    assert [(line["event"], line["run"]) for line in kept.lines] == [
        ("Stalled", "run-of-load"),
        ("ApprovalsUnprotected", "run-of-load"),
        ("NodeUnreachable", "run-of-load"),
    ]
