"""What a simulation makes of an outcomes file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.engine.units import unit_of
from controller.errors import ConfigurationInvalid, NotFound
from controller.model.outcomes import read_outcomes
from controller.model.states import RunState
from controller.runtime.simulation.addresses import Addresses
from controller.wiring.simulation import SIMULATED, USUAL_MS, Simulated, simulate
from tests.differential.story import orchestration, retrying
from tests.differential.workshop import built

NOON = 1_700_000_000_000
_GATE = {"id": "a", "checkpointAfter": {"question": "good?"}}
_PLAYS = {"id": "play", "retry": retrying(2), "orchestration": {"name": "child"}}


def simulated(folder: Path, specs: Sequence[Mapping[str, Any]], outcomes: Mapping[str, Any], **more: Any) -> Simulated:
    return simulate(built(folder, specs, {}), read_outcomes(outcomes), requester="mara", now=NOON, **more)


def elapsed(one: Simulated) -> int:
    return one.root.state.ended_at - NOON


def test_time_passes_only_as_the_outcomes_say(tmp_path: Path) -> None:
    outcomes = {"outcomes": {"a": [{"exitCode": 1, "durationMs": 3_600_000}, {"durationMs": 60_000}]}}
    one = simulated(tmp_path, [orchestration({"id": "a", "retry": retrying(2)})], outcomes)
    assert (one.root.state.run, elapsed(one)) == (RunState.SUCCEEDED, 3_600_000 + 250 + 60_000)


@pytest.mark.parametrize(("usual", "expected"), [({}, USUAL_MS), ({"a": 40}, 40)])
def test_what_the_file_does_not_mention_succeeds_after_the_usual_time(
    tmp_path: Path, usual: dict[str, int], expected: int
) -> None:
    one = simulated(tmp_path, [orchestration({"id": "a"})], {}, usual=usual)
    assert (one.root.state.run, elapsed(one)) == (RunState.SUCCEEDED, expected)


def test_a_gate_that_nobody_answers_ends_the_simulation(tmp_path: Path) -> None:
    one = simulated(tmp_path, [orchestration(_GATE)], {})
    assert one.root.state.run is RunState.AWAITING_APPROVAL


def test_all_gates_can_be_approved(tmp_path: Path) -> None:
    outcomes = {"decisions": {"a": [{"modify": {"x": 1}}]}}
    one = simulated(tmp_path, [orchestration(_GATE)], outcomes, approve_all=True)
    assert one.root.state.unit(unit_of(0)).verdicts == ("modify", "approve")


def test_people_take_their_time(tmp_path: Path) -> None:
    outcomes = {"decisions": {"a": [{"decision": "approve", "afterMs": 7000, "by": "ida"}]}}
    one = simulated(tmp_path, [orchestration(_GATE)], outcomes)
    assert elapsed(one) == USUAL_MS + 7000


def test_commands_come_in_their_order_and_at_their_time(tmp_path: Path) -> None:
    outcomes = {
        "outcomes": {"a": [{"exitCode": 1}, {"exitCode": 1}, {"output": 1}]},
        "commands": [
            {"verb": "suspend", "when": "running", "atMs": 100},
            {"verb": "resume", "when": "running", "atMs": 5000},
            {"verb": "retry"},
            {"verb": "retry", "delayMs": 2000},
            {"verb": "undo"},
        ],
    }
    steps: list[dict[str, Any]] = [{"id": "a", "dependsOn": ["b"]}, {"id": "b"}]
    one = simulated(tmp_path, [orchestration(*steps)], outcomes)
    assert (one.root.state.run, list(one.notes)) == (RunState.ROLLED_BACK, [])
    assert elapsed(one) == 5000 + 2000


def test_a_run_that_stays_paused_ends_the_simulation(tmp_path: Path) -> None:
    outcomes = {"commands": [{"verb": "suspend", "when": "running", "atMs": 0}]}
    steps: list[dict[str, Any]] = [{"id": "a"}, {"id": "b", "dependsOn": ["a"]}]
    one = simulated(tmp_path, [orchestration(*steps)], outcomes)
    assert (one.root.state.suspended, one.root.state.run.settled) == (True, False)


def test_what_is_refused_is_told(tmp_path: Path) -> None:
    one = simulated(tmp_path, [orchestration({"id": "a"})], {"commands": [{"verb": "retry", "step": "a"}]})
    assert [note.partition(":")[0] for note in one.notes] == ["retry a was refused"]


def test_addresses_that_no_step_has_are_told(tmp_path: Path) -> None:
    outcomes = {
        "outcomes": {"bild": [{}], "play/x": [{}], "play@2/x": [{}], "build/x": [{}]},
        "undo": {"build": [{}]},
        "decisions": {"play/y": ["approve"]},
        "commands": [{"verb": "skip", "run": "play", "step": "x", "when": "running", "atMs": 10**9}],
    }
    specs = [orchestration({"id": "build"}, _PLAYS), orchestration({"id": "x"}, name="child")]
    one = simulated(tmp_path, specs, outcomes)
    assert [note for note in one.notes if "refused" not in note] == [
        'outcomes.bild: story has no step "bild" (did you mean "build"?)',
        'outcomes.build/x: there is no step "x": what stands before it plays no orchestration',
        'decisions.play/y: child has no step "y"',
    ]


def test_children_are_named_by_step_and_attempt(tmp_path: Path) -> None:
    specs = [orchestration(_PLAYS), orchestration({"id": "x"}, name="child")]
    outcomes = {"outcomes": {"play/x": [{"exitCode": 1}], "play@2/x": [{"output": 2}]}}
    one = simulated(tmp_path, specs, outcomes)
    addresses = Addresses(one.driver.tools.objects)
    paths = sorted(addresses.path(uid) for uid in one.driver.members)
    assert (one.root.state.run, paths) == (RunState.SUCCEEDED, ["", "play", "play@2"])
    assert addresses.of(SIMULATED, "play") == "play"


def test_outputs_from_the_cache_and_of_an_earlier_run(tmp_path: Path) -> None:
    spec = orchestration({"id": "a"}, {"id": "b"}, {"id": "c"}, execution={"caching": {"enabled": True}})
    outcomes = {"outcomes": {"a": [{"from": "cache", "output": 1}], "b": [{"from": "seed", "output": 2}], "c": [{}]}}
    one = simulated(tmp_path, [spec], outcomes)
    units = [one.root.state.unit(unit_of(index)) for index in range(3)]
    assert [unit.how for unit in units] == ["cache", "seed", "ran"]
    assert [one.driver.contents.output(unit.output) for unit in units] == [1, 2, None]


def test_what_is_interrupted_for_ever_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="interrupted for ever"):
        simulated(tmp_path, [orchestration({"id": "a"})], {"outcomes": {"a": [{"class": "Interrupted"}]}})


@pytest.mark.parametrize(
    ("given", "error"),
    [({"base64": "?"}, ConfigurationInvalid), ("blake3:" + "0" * 64, NotFound)],
)
def test_content_that_a_contract_looks_at_must_be_there(tmp_path: Path, given: Any, error: type[Exception]) -> None:
    contract = {"artifacts": [{"name": "f.json", "schema": {"type": "object"}}]}
    outcomes = {"outcomes": {"a": [{"artifacts": {"f.json": given}}]}}
    with pytest.raises(error):
        simulated(tmp_path, [orchestration({"id": "a", "contract": contract})], outcomes)
