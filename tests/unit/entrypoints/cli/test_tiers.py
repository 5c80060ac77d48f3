"""Steps in groups with bars: phases, tiers of many phases, layers of a graph without phases."""

from collections.abc import Sequence

from controller.definition.compile import compile_graph
from controller.engine.state import State, Unit
from controller.engine.units import unit_of
from controller.entrypoints.cli.tiers import Tiers
from controller.model.orchestration import OrchestrationSpec
from controller.model.states import StepState


def state(steps: Sequence[dict[str, object]], phases: Sequence[object] = ()) -> State:
    spec = OrchestrationSpec.model_validate(
        {"name": "any", "phases": list(phases), "steps": [{"agent": "worker", **step} for step in steps]}
    )
    return State(compile_graph(spec, "blake3:" + "0" * 64), "01")


def moved(state: State, step: str, to: StepState, reason: str = "") -> State:
    unit = unit_of(state.graph.by_id[step])
    return state._replace(units=state.units.set(unit, Unit(to, reason=reason)))


def shown(tiers: Tiers) -> list[tuple[str, str, int, int]]:
    return [(tier.number, tier.name, tier.done, tier.total) for tier in tiers.all]


def test_few_phases_have_a_bar_each() -> None:
    now = state([{"id": "a", "phase": "one"}, {"id": "b", "phase": "two"}], [{"id": "one"}, {"id": "two"}])
    assert shown(Tiers(moved(now, "a", StepState.SUCCEEDED))) == [("1", "one", 1, 1), ("2", "two", 0, 1)]


def test_many_phases_are_put_together_by_how_they_run() -> None:
    plain = [f"p{number}" for number in range(1, 6)]
    phases: list[object] = [{"id": one} for one in plain]
    phases += [{"id": "if6", "when": "true"}, {"id": "if7", "when": "false"}]
    phases += [{"parallel": [{"id": "by8"}, {"id": "by9"}]}, {"id": "end10"}]
    names = [*plain, "if6", "if7", "by8", "by9", "end10"]
    tiers = Tiers(state([{"id": f"in-{one}", "phase": one} for one in names], phases))
    assert shown(tiers) == [
        ("1-5", "p1 … p5", 0, 5),
        ("6-7", "if6, if7", 0, 2),
        ("8-9", "by8, by9", 0, 2),
        ("10", "end10", 0, 1),
    ]


def test_steps_of_phases_that_are_not_wanted_do_not_count() -> None:
    phases = [{"id": "one"}, {"id": "two", "when": "false"}]
    now = state([{"id": "a", "phase": "one"}, {"id": "b", "phase": "two"}, {"id": "c", "phase": "two"}], phases)
    tiers = Tiers(now)
    now = moved(now, "b", StepState.SKIPPED, "PhaseSkipped")
    tiers.update(now, unit_of(now.graph.by_id["b"]))
    now = moved(now, "c", StepState.SKIPPED, "ConditionFalse")
    tiers.update(now, unit_of(now.graph.by_id["c"]))
    assert shown(tiers)[1] == ("2", "two", 1, 1)


def test_layers_stand_for_phases() -> None:
    steps: list[dict[str, object]] = [{"id": "a"}, {"id": "b"}, {"id": "c", "dependsOn": ["a", "b"]}]
    assert shown(Tiers(state(steps))) == [("", "tier 1", 0, 2), ("", "tier 2", 0, 1)]


def test_many_layers_share_bars() -> None:
    steps: list[dict[str, object]] = [
        {"id": f"s{number}", "dependsOn": [f"s{number - 1}"] if number else []} for number in range(13)
    ]
    assert [(name, total) for _, name, _, total in shown(Tiers(state(steps)))] == [
        ("tiers 1-3", 3),
        ("tiers 4-6", 3),
        ("tiers 7-9", 3),
        ("tiers 10-12", 3),
        ("tier 13", 1),
    ]


def test_a_step_is_counted_once_however_often_it_moves() -> None:
    now = state([{"id": "a"}])
    tiers, unit = Tiers(now), unit_of(0)
    for to in (
        StepState.FAILED,
        StepState.PENDING,
        StepState.AWAITING_APPROVAL,
        StepState.SUCCEEDED,
        StepState.SUCCEEDED,
    ):
        now = moved(now, "a", to)
        tiers.update(now, unit)
    (tier,) = tiers.all
    assert (tier.done, tier.failed, tier.waiting, tier.total) == (1, 0, 0, 1)
