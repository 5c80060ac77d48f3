"""A definition compiles to one graph: ordered, with every rule of its steps resolved."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.compile import compile_graph
from controller.errors import InvariantViolated
from controller.model.agent import AgentSpec
from controller.model.graph import Graph
from tests.unit.definition.entries import chain, orchestration

DIGEST = "blake3:" + "1" * 64


def compiled(steps: list[dict[str, Any]], agents: dict[str, AgentSpec] | None = None, **fields: Any) -> Graph:
    return compile_graph(orchestration(steps=steps, **fields), DIGEST, agents or {})


def step(id_: str, *needs: str, **fields: Any) -> dict[str, Any]:
    return {"id": id_, "agent": "worker", "dependsOn": list(needs), **fields}


def ids(graph: Graph) -> list[str]:
    return [compiled_step.id for compiled_step in graph.steps]


@pytest.mark.requirement("DEF-033")
@pytest.mark.parametrize(
    ("steps", "order"),
    [
        ([step("c"), step("b"), step("a")], "cba"),
        ([step("a", "c"), step("b"), step("c")], "bca"),
        ([step("d", "b", "c"), step("b", "a"), step("c", "a"), step("a")], "abcd"),
        ([step("a"), step("z", "a"), step("b"), step("y", "b")], "azby"),
        ([step("a", "b", "b"), step("b")], "ba"),
    ],
)
def test_order_is_the_declared_one_made_topological(steps: list[dict[str, Any]], order: str) -> None:
    graph = compiled(steps)
    assert "".join(ids(graph)) == order
    assert graph.by_id == {id_: index for index, id_ in enumerate(order)}


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Steps in a shuffled order; each depends on some that come before it in a hidden one."""
    count = draw(st.integers(1, 12))
    hidden = draw(st.permutations([f"s{index}" for index in range(count)]))
    needs = {
        id_: draw(st.lists(st.sampled_from(hidden[:at]), max_size=3)) if at else [] for at, id_ in enumerate(hidden)
    }
    return [step(id_, *needs[id_]) for id_ in draw(st.permutations(hidden))]


@given(graphs())
def test_order_respects_dependencies_and_ties_by_position(steps: list[dict[str, Any]]) -> None:
    graph = compiled(steps)
    position = {declared["id"]: index for index, declared in enumerate(steps)}
    for compiled_step in graph.steps:
        assert all(dependency < compiled_step.index for dependency in compiled_step.dependencies)
        assert {graph.steps[index].id for index in compiled_step.dependencies} == set(
            steps[position[compiled_step.id]]["dependsOn"]
        )
        assert compiled_step.needs == len(compiled_step.dependencies)
        assert all(compiled_step.index in graph.steps[index].dependencies for index in compiled_step.successors)
    # Each place goes to the first declared step whose dependencies are all placed.
    placed: set[str] = set()
    for compiled_step in graph.steps:
        ready = [s["id"] for s in steps if s["id"] not in placed and placed.issuperset(s["dependsOn"])]
        assert compiled_step.id == min(ready, key=lambda id_: position[id_])
        placed.add(compiled_step.id)
    assert compiled(steps) == graph


def test_phases_come_first_then_dependencies_then_position() -> None:
    graph = compiled(
        [
            step("late", phase="last"),
            step("b2", "b1", phase="right"),
            step("a1", phase="left"),
            step("first", phase="one"),
            step("b1", phase="right"),
        ],
        phases=[
            {"id": "one", "when": "parameters.x"},
            {"parallel": [{"id": "left", "maxParallel": 2}, {"id": "right", "timeout": "5m"}]},
            {"id": "last"},
        ],
    )
    assert ids(graph) == ["first", "a1", "b1", "b2", "late"]
    assert graph.entries == ((0,), (1, 2), (3,))
    assert [(phase.id, phase.entry, phase.steps) for phase in graph.phases] == [
        ("one", 0, (0,)),
        ("left", 1, (1,)),
        ("right", 1, (2, 3)),
        ("last", 2, (4,)),
    ]
    assert [phase.conditional for phase in graph.phases] == [True, False, False, False]
    assert (graph.phases[1].max_parallel, graph.phases[2].timeout_ms) == (2, 300_000)
    assert [compiled_step.phase for compiled_step in graph.steps] == [0, 1, 2, 2, 3]


def test_finalizers_come_last_and_wait_only_for_each_other() -> None:
    graph = compiled(
        [step("a")],
        finally_=[step("report", "clean", "a"), step("clean")],
    )
    assert ids(graph) == ["a", "clean", "report"]
    assert graph.ordinary == 1
    assert [compiled_step.finalizer for compiled_step in graph.steps] == [False, True, True]
    assert graph.steps[2].dependencies == (1,)
    assert graph.steps[0].successors == ()


def test_what_a_step_says_reaches_the_engine() -> None:
    graph = compiled(
        [
            step(
                "a",
                foreach="parameters.rows",
                timeout="1h",
                attemptTimeout="5m",
                queueTimeout="30s",
                launch="AtMostOnce",
                reversible=False,
            ),
            {"id": "b", "type": "orchestration", "orchestration": {"name": "x"}},
        ],
        timeout="2h",
        execution={"failFast": True},
        errorHandling={"rollback": {"automatic": True}},
    )
    one, two = graph.steps
    assert (one.foreach, one.at_most_once, one.reversible, one.child) == (True, True, False, False)
    assert (one.timeout_ms, one.attempt_timeout_ms, one.queue_timeout_ms) == (3_600_000, 300_000, 30_000)
    assert (two.foreach, two.at_most_once, two.reversible, two.child) == (False, False, True, True)
    assert (graph.digest, graph.name, graph.version) == (DIGEST, "flow", "1.0.0")
    assert (graph.fail_fast, graph.timeout_ms, graph.automatic_undo) == (True, 7_200_000, True)


def test_what_the_agent_says_reaches_the_engine() -> None:
    worker = AgentSpec.model_validate({"attemptTimeout": "1m", "maxParallel": 4, "nonRetryable": [3]})
    graph = compiled([step("a"), step("b", attemptTimeout="2m", retry={"nonRetryable": [9]})], {"worker": worker})
    assert [compiled_step.attempt_timeout_ms for compiled_step in graph.steps] == [60_000, 120_000]
    assert [compiled_step.retry.non_retryable for compiled_step in graph.steps] == [{3}, {3, 9}]


def test_slots_that_span_runs() -> None:
    agents = {
        "worker": AgentSpec.model_validate({"maxParallel": 4}),
        "acme/worker": AgentSpec.model_validate({"maxParallel": 2}),
    }
    child = {"id": "c", "type": "orchestration", "agent": "worker", "orchestration": {"name": "x"}}
    graph = compiled(
        [step("a"), step("b", organization="acme"), step("free", agent="other"), child],
        agents,
        organization="home",
        execution={"concurrency": {"maxTotal": 7}},
    )
    total = ("orchestration/home/flow", 7)
    assert [compiled_step.slots for compiled_step in graph.steps] == [
        (("agent/home/worker", 4), total),
        (("agent/acme/worker", 2), total),
        (total,),
        (),
    ]


@pytest.mark.requirement("DEF-035")
@pytest.mark.parametrize(
    ("said", "environment", "expected"), [(None, 4, 4), (None, 0, 1), (3, 4, 3), (None, 5000, 1000)]
)
def test_parallelism_is_the_definitions_or_else_the_environments(
    said: int | None, environment: int, expected: int
) -> None:
    concurrency = {"maxParallel": said} if said else {}
    spec = orchestration(execution={"concurrency": concurrency})
    assert compile_graph(spec, DIGEST, default_max_parallel=environment).max_parallel == expected
    assert compile_graph(orchestration(), DIGEST).max_parallel == 1


@pytest.mark.parametrize(
    ("steps", "fields", "named"),
    [
        ([step("a", "b"), step("b", "a")], {}, '"a"'),
        ([step("a", "a")], {}, '"a"'),
        ([step("a", "gone")], {}, '"gone"'),
        ([step("a", "end")], {"finally": [step("end")]}, '"end"'),
        ([step("a"), step("a")], {}, "same id"),
        ([step("a", phase="p")], {}, '"a"'),
        ([step("a")], {"phases": [{"id": "p"}]}, '"a"'),
        ([step("a")], {"name": None}, "name"),
    ],
)
def test_what_was_never_validated_fails_loudly(steps: list[dict[str, Any]], fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InvariantViolated, match=named):
        compiled(steps, **fields)


def test_a_long_chain_and_a_wide_layer() -> None:
    many = [f"s{index}" for index in range(3000)]
    assert ids(compiled(chain(*many)[::-1])) == many
    wide = compiled([step("last", *many), *(step(id_) for id_ in many)])
    assert wide.steps[-1].needs == len(many)
