"""Are the example definitions sound, and do they show what they are there to show? Whether they run is test_cases' business."""

from pathlib import Path

import pytest
import yaml

from controller.definition.compile import compile_graph
from controller.model.graph import Graph
from controller.model.orchestration import OrchestrationSpec
from tests.definitions.agent import LIBRARY
from tests.definitions.catalogue import orchestrations, read_library

CHECKED = read_library(LIBRARY)
SPECS = orchestrations(CHECKED)
CASES = sorted(LIBRARY.glob("*/cases/*.yaml"))
STATES = {"Succeeded", "Failed", "Aborted", "RolledBack"}


def graph_of(folder: str) -> Graph:
    agents = {agent.spec.slug or "": agent.spec for agent in CHECKED.agents}
    return compile_graph(SPECS[folder], "blake3:" + "0" * 64, agents)


def waits_for(graph: Graph, step: str) -> set[str]:
    return {graph.steps[index].id for index in graph.steps[graph.by_id[step]].dependencies}


def test_the_validator_finds_nothing_not_even_to_warn_about() -> None:
    assert CHECKED.problems == ()


@pytest.mark.parametrize("folder", SPECS)
def test_every_example_compiles(folder: str) -> None:
    graph = graph_of(folder)
    assert len(graph.steps) == len(SPECS[folder].steps) + len(SPECS[folder].finally_)
    assert graph.outputs


def test_every_agent_is_used() -> None:
    used = {
        step.agent for spec in SPECS.values() for step in (*spec.steps, *spec.finally_) if step.orchestration is None
    }
    assert used == {agent.spec.slug for agent in CHECKED.agents}


@pytest.mark.requirement("DEF-064")
def test_the_finance_examples_are_sequential() -> None:
    tracking, review = graph_of("kpi-tracking"), graph_of("finance-quarterly-review")
    assert [step.id for step in tracking.steps] == [
        "fetch-kpi-data",
        "review-results",
        "compute-trends",
        "summarize-results",
    ]
    assert all(
        tracking.steps[index].id in waits_for(tracking, after.id) for index, after in enumerate(tracking.steps[1:])
    )
    assert [[review.phases[phase].id for phase in entry] for entry in review.entries] == [
        ["collect"],
        ["analyse"],
        ["review"],
        ["publish"],
    ]
    child = next(
        step for step in SPECS["finance-quarterly-review"].steps if step.id == "run-kpi-tracking"
    ).orchestration
    assert child is not None
    assert (child.name, child.version) == ("kpi-tracking", SPECS["kpi-tracking"].version)


@pytest.mark.requirement("DEF-065")
def test_the_campaign_has_two_lanes_beside_each_other() -> None:
    graph = graph_of("marketing-campaign-launch")
    assert waits_for(graph, "landing-page") == waits_for(graph, "email-sequence") == {"research"}
    assert waits_for(graph, "gtm-summary") == {"landing-page", "email-sequence"}
    assert graph.max_parallel == 2
    assert graph.steps[graph.by_id["research"]].gate is not None


@pytest.mark.requirement("DEF-066")
def test_the_content_pipeline_is_a_child_and_caches() -> None:
    pipeline, launch = SPECS["content-pipeline"], SPECS["marketing-campaign-launch-1.1"]
    (child,) = [step for step in launch.steps if step.orchestration is not None]
    assert child.orchestration is not None
    assert (child.orchestration.name, child.orchestration.owner) == (pipeline.name, pipeline.owner)
    assert child.orchestration.parameters.keys() == {parameter.key for parameter in pipeline.parameters}
    assert pipeline.execution.caching.enabled
    assert [(step.id, step.ttl_seconds) for step in pipeline.execution.caching.steps] == [("outline", 86_400)]
    gate = graph_of("content-pipeline").steps[graph_of("content-pipeline").by_id["draft"]].gate
    assert gate is not None
    assert gate.required


def test_both_versions_of_the_campaign_differ_in_major() -> None:
    new, old = SPECS["marketing-campaign-launch"], SPECS["marketing-campaign-launch-1.1"]
    assert (new.name, new.version, old.version) == (old.name, "2.0.0", "1.1.0")
    assert {step.id for step in new.steps} & {step.id for step in old.steps} == set()


def test_every_orchestration_has_a_good_case_and_another() -> None:
    verdicts: dict[str, list[bool]] = {folder: [] for folder in SPECS}
    for case in CASES:
        expected = yaml.safe_load(case.read_text(encoding="utf-8"))["expect"]
        verdicts[case.parent.parent.name].append(expected["verdict"] == "Succeeded")
    assert {folder for folder, good in verdicts.items() if True not in good or len(good) < 2} == set()


@pytest.mark.parametrize("case", CASES, ids=[f"{case.parent.parent.name}/{case.stem}" for case in CASES])
def test_a_case_speaks_of_what_is_there(case: Path) -> None:
    document = yaml.safe_load(case.read_text(encoding="utf-8"))
    spec: OrchestrationSpec = SPECS[case.parent.parent.name]
    steps = {step.id: step for step in (*spec.steps, *spec.finally_)}
    expected = document["expect"]
    assert document.keys() == {"parameters", "decisions", "expect"}
    assert expected["verdict"] in STATES
    assert document["parameters"].keys() <= {parameter.key for parameter in spec.parameters}
    assert expected.get("steps", {}).keys() <= steps.keys()
    assert expected.get("outputs", {}).keys() <= spec.outputs.keys()
    assert {artifact.split("/")[0] for artifact in expected.get("artifacts", [])} <= steps.keys()
    for gate in document["decisions"]:
        step = steps[gate.split("/")[0]]
        assert step.orchestration is not None if "/" in gate else step.checkpoint_after is not None
