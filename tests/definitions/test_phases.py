"""Do phases run one after the other, on condition, and beside each other with a barrier, as phased-delivery says?"""

from collections.abc import Mapping
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from controller.definition.compile import compile_graph
from controller.definition.expression import Expression
from controller.model.orchestration import Phase
from tests.definitions.agent import LIBRARY
from tests.definitions.catalogue import orchestrations, read_library
from tests.definitions.play import Played, play

CHECKED = read_library(LIBRARY)
SPEC = orchestrations(CHECKED)["phased-delivery"]
PHASES = [phase for entry in SPEC.phases for phase in ([entry] if isinstance(entry, Phase) else entry.parallel)]
SEQUENTIAL = ["plan", "doc", "backlog", "coordinator", "qa", "monitoring", "architect", "code-architect"]
PARALLEL = ["database-schema", "backend-setup", "frontend-setup"]
LAST = ["database-migrations", "backend-api", "frontend-pages"]

BACKENDS, FRONTENDS = {"express", "nodejs", "dotnet"}, {"react", "vue"}
COMBINATIONS = [
    dict(zip(("azure", "bicep", "database", "backend", "frontend"), values, strict=True))
    for values in product(
        (False, True),
        (False, True),
        ("postgres", "none", ""),
        sorted(BACKENDS | {"none"}),
        sorted(FRONTENDS | {"none"}),
    )
]


def run(parameters: Mapping[str, Any], project: Path) -> Played:
    return play("phased-delivery", {"features": ["Tides"], **parameters}, {}, project)


@pytest.mark.requirement("ENG-033")
def test_a_phase_starts_when_the_one_before_it_has_ended(tmp_path: Path) -> None:
    played = run({}, tmp_path)
    assert played.verdict == "Succeeded"
    for before, after in pairwise(SEQUENTIAL):
        assert played.order("StepSucceeded", before) < played.order("StepStarted", after)
        assert len(played.order("StepStarted", after)) == 1


@pytest.mark.requirement("ENG-033", "ENG-037")
@pytest.mark.parametrize(("failing", "not_reached"), [("qa", "monitoring"), ("frontend-pages", "devops")])
def test_a_phase_that_failed_lets_none_after_it_start(failing: str, not_reached: str, tmp_path: Path) -> None:
    played = run({"drill": {failing: {"attempts": 9, "exit": 78}}}, tmp_path)
    assert (played.verdict, played.steps[failing], played.steps[not_reached]) == ("Failed", "Failed", "Pending")
    assert played.order("StepStarted", not_reached) == []


@pytest.mark.requirement("ENG-034", "ENG-035")
@pytest.mark.parametrize(
    ("parameters", "runs"),
    [
        ({"azure": True, "bicep": True}, {"azure", "bicep"}),
        ({"azure": True}, {"azure"}),
        ({"bicep": True, "database": "none"}, set()),
    ],
)
def test_a_condition_decides_whether_a_phase_runs(parameters: dict[str, Any], runs: set[str], tmp_path: Path) -> None:
    played = run(parameters, tmp_path)
    assert played.verdict == "Succeeded"
    database = parameters.get("database") != "none"
    for step, wanted in {"azure": "azure" in runs, "bicep": "bicep" in runs, "database-schema": database}.items():
        assert played.steps[step] == ("Succeeded" if wanted else "Skipped")
        assert bool(played.order("StepStarted", step)) is wanted  # skipped: the agent is never called


@pytest.mark.requirement("ENG-036", "ENG-037")
def test_parallel_phases_run_at_one_time_and_are_waited_for(tmp_path: Path) -> None:
    played = run({"drill": {step: {"seconds": 0.5} for step in PARALLEL}}, tmp_path)
    assert played.verdict == "Succeeded"
    assert max(played.order("StepStarted", *PARALLEL)) < min(played.order("StepSucceeded", *PARALLEL))
    assert len(played.order("StepStarted", *PARALLEL)) == 3
    assert max(played.order("StepSucceeded", *LAST)) < min(played.order("StepStarted", "devops"))


@pytest.mark.requirement("ENG-055")
@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase.when], ids=lambda phase: phase.id)
def test_conditions_are_right_for_every_combination(phase: Phase) -> None:
    expression = Expression.parse(phase.when or "")
    assert isinstance(expression, Expression)
    for given in COMBINATIONS:
        expected = {
            "azure": given["azure"],
            "bicep": given["azure"] and given["bicep"],
            "database": given["database"] not in {"none", ""},
            "backend": given["backend"] in BACKENDS,
            "frontend": given["frontend"] in FRONTENDS,
        }
        assert expression.evaluate_condition(given, {}) == expected[phase.id], given


def test_limits_are_those_of_the_engine_that_this_stands_for() -> None:
    graph = compile_graph(SPEC, "blake3:" + "0" * 64, {agent.spec.slug or "": agent.spec for agent in CHECKED.agents})
    assert graph.max_parallel == 3
    assert {phase.timeout_ms for phase in graph.phases} == {120 * 60_000}
    assert {step.attempt_timeout_ms for step in graph.steps} == {60 * 60_000}
    retry = graph.steps[graph.by_id["plan"]].retry
    assert (retry.max_attempts, retry.initial_ms, retry.multiplier, retry.max_ms) == (4, 30_000, 1.5, 300_000)
    assert graph.steps[graph.by_id["backend-api"]].retry.linear
