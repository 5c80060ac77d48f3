"""How long it will still take: the longest path, the work and the slots, and what earlier runs took."""

import pytest

from controller.definition.compile import compile_graph
from controller.engine.state import State, Unit
from controller.engine.units import unit_of
from controller.model.orchestration import OrchestrationSpec
from controller.model.states import StepState
from controller.runtime.estimate import remaining_ms, step_of

CHAIN = [("a", []), ("b", ["a"]), ("c", ["b"])]
FAN = [("a", []), ("b", []), ("c", []), ("d", ["a", "b", "c"])]
USUAL = {"a": 1000, "b": 2000, "c": 4000, "d": 500}


def state(steps: list[tuple[str, list[str]]], slots: int = 1, phase_of: dict[str, str] | None = None) -> State:
    spec = OrchestrationSpec.model_validate(
        {
            "name": "any",
            "execution": {"concurrency": {"maxParallel": slots}},
            "phases": [{"id": phase} for phase in dict.fromkeys((phase_of or {}).values())],
            "steps": [
                {"id": name, "agent": "worker", "dependsOn": needs, "phase": (phase_of or {}).get(name)}
                for name, needs in steps
            ],
        }
    )
    return State(compile_graph(spec, "blake3:" + "0" * 64), "01")


def done(state: State, *names: str) -> State:
    units = state.units
    for name in names:
        units = units.set(unit_of(state.graph.by_id[name]), Unit(StepState.SUCCEEDED))
    return state._replace(units=units)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (state(CHAIN), 7000),
        (done(state(CHAIN), "a"), 6000),
        (done(state(CHAIN), "a", "b", "c"), 0),
        (state(FAN), 7500),  # one slot: all the work
        (state(FAN, slots=2), 4500),  # the longest path, which the work (7500 / 2) does not exceed
        (state(FAN, slots=10), 4500),
        (state(FAN, slots=10, phase_of={"a": "x", "b": "x", "c": "y", "d": "y"}), 2000 + 4500),  # a barrier between
    ],
)
def test_what_is_left(now: State, left: int) -> None:
    assert remaining_ms(now, USUAL, {}, {}) == left


def test_what_runs_already_is_nearer_to_its_end() -> None:
    first = unit_of(0)
    assert remaining_ms(state(CHAIN), USUAL, {}, {first: 400}) == 6600
    # Later than usual: it may end at any moment.
    assert remaining_ms(state(CHAIN), USUAL, {}, {first: 9000}) == 6000


def test_nothing_is_known_before_anything_was_measured() -> None:
    assert remaining_ms(state(CHAIN), {}, {}, {}) is None
    assert remaining_ms(done(state(CHAIN), "a"), {}, {"a": 300}, {}) == 600


def test_instances_share_one_name() -> None:
    assert [step_of("load"), step_of("load[3]")] == ["load", "load[]"]
