"""Steps and their dependencies form a graph, or it is said where they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.order import Order
from controller.model.orchestration import OrchestrationSpec
from tests.unit.definition.reading import HEAD, rules, said

CASES: dict[str, tuple[str, list[str]]] = {
    "an unknown id": (
        "{id: creative, agent: x}, {id: email, agent: x, dependsOn: [creatve]}",
        ['6:62 unknown step "creatve" in dependsOn of "email" (did you mean "creative"?)'],
    ),
    "itself": ("{id: a, agent: x, dependsOn: [a]}", ['6:32 step "a" waits for itself (remove it)']),
    "twice": (
        "{id: a, agent: x}, {id: b, agent: x, dependsOn: [a, a]}",
        ['6:54 "a" stands twice in dependsOn of "b" (remove one)'],
    ),
    "the same id": (
        "{id: a, agent: x}, {id: a, agent: z}",
        ['6:26 a second step "a"; the first is in line 6'],
    ),
    "no agent": ("{id: a}", ['6:2 step "a" names no agent (add agent: with the slug of the agent to call)']),
    "no orchestration": (
        "{id: a, type: orchestration}",
        ['6:2 step "a" plays an orchestration but does not name it (add orchestration: {name: ...})'],
    ),
    "an orchestration without name": (
        "{id: a, type: orchestration, orchestration: {owner: x}}",
        ['6:31 orchestration needs the field "name"'],
    ),
    "an orchestration on an agent step": (
        "{id: a, agent: x, orchestration: {name: z}}",
        ['6:20 step "a" names an orchestration, but its type is agent (add type: orchestration)'],
    ),
    "a cycle of two": (
        "{id: a, agent: x, dependsOn: [b]}, {id: b, agent: x, dependsOn: [a]}",
        ['6:2 steps "a" -> "b" -> "a" wait for each other'],
    ),
    "the shortest of several, from its first step": (
        (
            "{id: a, agent: x, dependsOn: [b]}, {id: b, agent: x, dependsOn: [c, d]}, {id: c, agent: x, dependsOn: [a]}, "
            "{id: d, agent: x, dependsOn: [b]}"
        ),
        ['6:37 steps "b" -> "d" -> "b" wait for each other'],
    ),
    "two knots": (
        (
            "{id: a, agent: x, dependsOn: [b]}, {id: b, agent: x, dependsOn: [a]}, "
            "{id: c, agent: x, dependsOn: [d, a]}, {id: d, agent: x, dependsOn: [c]}"
        ),
        [
            '6:2 steps "a" -> "b" -> "a" wait for each other',
            '6:72 steps "c" -> "d" -> "c" wait for each other',
        ],
    ),
}


@pytest.mark.requirement("DEF-013", "DEF-017", "DEF-022", "DEF-025")
@pytest.mark.parametrize(("steps", "expected"), CASES.values(), ids=CASES)
def test_graphs(steps: str, expected: list[str]) -> None:
    assert said(f"{HEAD}spec:\n  steps:\n   [{steps}]\n".replace("\n   [", " [\n ", 1)) == expected


FINALLY: dict[str, tuple[str, list[str]]] = {
    "waits for an ordinary step": ("{id: z, agent: x, dependsOn: [a]}", ["FinalizerDependsOnStep"]),
    "waits for another one": ("{id: z, agent: x}, {id: zz, agent: x, dependsOn: [z]}", []),
    "has the id of an ordinary step": ("{id: a, agent: x}", ["DuplicateStep"]),
    "has a checkpoint": ("{id: z, agent: x, checkpointAfter: {}}", ["FinalizerWithCheckpoint"]),
    "has a phase": ("{id: z, agent: x, phase: p}", ["FinalizerInPhase"]),
    "takes artifacts and outputs of any step": (
        "{id: z, agent: x, inputs: [{step: a}], input: {payload: {a: '{{ steps.b.c }}'}}}",
        [],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), FINALLY.values(), ids=FINALLY)
def test_finally_steps(steps: str, expected: list[str]) -> None:
    assert rules(f"{HEAD}spec: {{steps: [{{id: a, agent: x}}, {{id: b, agent: x}}], finally: [{steps}]}}\n") == expected


def test_nothing_waits_for_a_finally_step() -> None:
    text = "spec: {steps: [{id: a, agent: x, dependsOn: [z]}], finally: [{id: z, agent: x}]}\n"
    assert rules(HEAD + text) == ["DependsOnFinalizer"]


GRAPHS = st.integers(1, 7).flatmap(
    lambda count: st.lists(st.lists(st.integers(0, count - 1), max_size=3), min_size=count, max_size=count)
)


@given(GRAPHS)
def test_a_cycle_is_found_exactly_when_there_is_one_and_is_one(needs: list[list[int]]) -> None:
    order = Order(
        OrchestrationSpec.model_validate(
            {
                "steps": [
                    {"id": f"s{position}", "agent": "x", "dependsOn": [f"s{need}" for need in dict.fromkeys(needed)]}
                    for position, needed in enumerate(needs)
                ]
            }
        )
    )
    reached = [{need for need in needed if need != position} for position, needed in enumerate(needs)]
    for _ in needs:
        reached = [found.union(*(reached[other] for other in found)) for found in reached]
    assert bool(order.cycles) == any(position in found for position, found in enumerate(reached))
    for cycle in order.cycles:
        assert cycle[0] == min(cycle)
        assert all(after in order.needs[before] for before, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    if not order.cycles:
        for position, found in enumerate(reached):
            assert {other for other in range(len(needs)) if order.precedes(other, position)} == found
