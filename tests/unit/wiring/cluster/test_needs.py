"""What an approval must meet is what the definition says of its gate, also where `status` does not show that gate."""

from typing import Any

import pytest

from controller.engine.status import MOST_GATES, open_gates, status_of
from controller.model.run import GateNeeds
from controller.runtime.driver import Driver
from controller.wiring.cluster.needs import needs_of
from tests.behaviour.rehearsal import Rehearsal

Json = dict[str, Any]

MANY = MOST_GATES + 4
TWO = {"count": 2, "groups": ["sre"], "separateRequester": True}
ASKED = GateNeeds(count=2, groups=["sre"], separate_requester=True)


@pytest.fixture(scope="module")
def driver() -> Driver:
    """A run with more open gates than its status lists."""
    rehearsal = Rehearsal()
    steps: list[Json] = [
        {"id": f"s{number:02d}", "checkpointAfter": {"question": "?", "approvers": TWO}} for number in range(MANY)
    ]
    steps.append({"id": "plain", "checkpointAfter": {"question": "?"}})
    steps.append({"id": "none"})
    spec = rehearsal.admit({"steps": steps, "execution": {"concurrency": {"maxParallel": 100}}})
    return rehearsal.drive(spec, lambda driver: len(driver.root.state.gates) == MANY + 1)


def approval(gate: str, request: int) -> Json:
    return {"kind": "Approval", "spec": {"gate": gate, "request": request}}


def test_every_open_gate_asks_for_what_was_defined(driver: Driver) -> None:
    state = driver.root.state
    assert len(status_of(state).gates) == MOST_GATES < len(state.gates)
    for gate in open_gates(state):
        expected = None if gate.gate == "plain" else ASKED
        assert needs_of(driver.root, approval(gate.gate, gate.request)) == expected
        # A child's gate, named by its parent: the run that holds it is driven here.
        assert needs_of(driver.root, approval(f"child/{gate.gate}", gate.request)) == expected


def test_a_gate_that_is_not_written_yet_is_no_way_round(driver: Driver) -> None:
    later = driver.root.state.chain.next
    assert needs_of(driver.root, approval("s00", later)) == ASKED
    assert needs_of(driver.root, approval("s00", later + 1000)) == ASKED


@pytest.mark.parametrize("gate", ["s00", "none", "unknown", "s00[3]", "plain", ""])
def test_what_is_open_no_more_or_never_was_is_left_to_the_engine(driver: Driver, gate: str) -> None:
    assert needs_of(driver.root, approval(gate, 0)) is None


def test_commands_have_no_needs(driver: Driver) -> None:
    assert needs_of(driver.root, {"kind": "Intervention", "spec": {"verb": "abort"}}) is None
