"""A bare `orchestration:` document becomes a resource of the same meaning; a resource stays what it is."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.documents.read import read
from controller.definition.findings import Findings
from controller.definition.identity import definition_digest
from controller.definition.normalise import normalise
from controller.model.document import Document
from tests.unit.definition.reading import HEAD, checked, documents, rules, said, spec
from tests.unit.definition.sample import SAMPLE


def normalised(data: Any) -> Any:
    document = Document("f.yaml", data)
    return normalise(document, Findings(document)).resource


@pytest.mark.requirement("DEF-003", "DEF-057", "DEF-021")
def test_the_sample_of_the_guide_loads_without_change() -> None:
    result = checked(SAMPLE)
    assert result.problems == ()
    (one,) = result.orchestrations
    assert (one.spec.name, one.spec.version) == ("marketing-campaign-launch", "1.1.0")
    assert [(step.id, step.type, step.mode) for step in one.spec.steps] == [
        ("research-brief", "agent", "BUILD"),
        ("creative-brief", "agent", "BUILD"),
        ("launch-orchestration", "orchestration", "BUILD"),
    ]
    gate = one.spec.steps[0].checkpoint_after
    assert gate is not None
    assert (gate.severity, gate.auto_timeout) == ("high", 86400)
    assert gate.reason is not None


@pytest.mark.requirement("DEF-002")
def test_every_part_of_the_top_level_arrives() -> None:
    made = spec(SAMPLE)
    assert made.display_name == "Marketing Campaign Launch"
    assert made.description == "From audience research to content that is ready to go out."
    assert [parameter.key for parameter in made.parameters] == ["campaign_name", "launch_date"]
    assert made.execution.concurrency.max_parallel == 2
    assert made.execution.caching.steps[0].ttl_seconds == 86400
    assert made.error_handling.on_step_failure.max_attempts == 3
    assert made.error_handling.rollback.reversible


@pytest.mark.requirement("DEF-001")
def test_json_and_yaml_give_the_same() -> None:
    from_json = documents(json.dumps(yaml.safe_load(SAMPLE.replace("1.1.0\n\n", '"1.1.0"\n\n'))), "d.json")
    from_yaml = documents(SAMPLE)
    assert from_json[0].data == from_yaml[0].data
    assert spec(json.dumps(from_yaml[0].data), "d.json") == spec(SAMPLE)


def test_the_canonical_form_has_the_digest_of_the_bare_one() -> None:
    canonical = json.dumps(normalised(documents(SAMPLE)[0].data))
    assert '"depends_on"' not in canonical
    assert definition_digest(spec(canonical)) == definition_digest(spec(SAMPLE))
    assert definition_digest(spec(canonical, "d.json")) == definition_digest(spec(SAMPLE))


@pytest.mark.requirement("DEF-004", "DEF-013", "DEF-063")
def test_steps_without_an_id_are_counted_from_one_and_flagged() -> None:
    text = "orchestration:\n  name: x\n  steps:\n    - agent: a\n    - {id: own, agent: a}\n    - agent: a\n"
    assert [step.id for step in spec(text).steps] == ["step_1", "own", "step_3"]
    assert [line.split("(")[0] for line in said(text)] == [
        '4:7 warning: a step without id is called "step_1" ',
        '6:7 warning: a step without id is called "step_3" ',
    ]


@pytest.mark.requirement("DEF-013")
def test_a_generated_id_may_collide_and_that_is_an_error() -> None:
    text = "orchestration: {name: x, steps: [{id: step_2, agent: a}, {agent: a}]}"
    assert "DuplicateStep" in rules(text)


@pytest.mark.requirement("DEF-005", "DEF-014", "DEF-015")
def test_modes_become_upper_case_and_types_lower_case() -> None:
    text = "orchestration: {name: x, steps: [{id: a, agent: a, mode: Converse, type: AGENT}, {id: b, agent: a}]}"
    assert [(step.type, step.mode) for step in spec(text).steps] == [("agent", "CONVERSE"), ("agent", "BUILD")]


@pytest.mark.requirement("DEF-014", "DEF-015")
@pytest.mark.parametrize("form", ["orchestration: {name: x, steps: [%s]}", HEAD + "spec: {steps: [%s]}"])
def test_raw_types_and_modes_are_checked_before_anything_is_assumed(form: str) -> None:
    lines = said(form % "{id: a, agent: x, type: agnt, mode: CHAT}, {id: b, agent: x, type: 3}")
    assert [line.split(" ", 1)[1] for line in lines] == [
        'type is "agnt"; expected "agent" or "orchestration" (did you mean "agent"?)',
        'mode is "CHAT"; expected "BUILD", "CONVERSE", "PLAN" or "ORCHESTRATION"',
        'type is 3; expected "agent" or "orchestration"',
    ]


TOP: dict[str, tuple[str, dict[str, Any]]] = {
    "metadata beside it fills gaps": (
        "metadata: {name: other, displayName: Other, version: 2.0.0}\norchestration: {name: x, steps: [{id: a, agent: b}]}",
        {"name": "x", "display_name": "Other", "version": "2.0.0"},
    ),
    "nothing but name and steps": (
        "orchestration: {name: x, steps: [{id: a, agent: b}]}",
        {"name": "x", "version": "1.0.0", "description": None},
    ),
    "null is absent": (
        "orchestration: {name: x, description: , parameters: , steps: [{id: a, agent: b, depends_on: }]}",
        {"description": None, "parameters": []},
    ),
    "a name that Kubernetes would not take": (
        "orchestration: {name: Blog_Post, steps: [{id: a, agent: b}]}",
        {"name": "Blog_Post"},
    ),
}


@pytest.mark.parametrize(("text", "expected"), TOP.values(), ids=TOP)
def test_top_level(text: str, expected: dict[str, Any]) -> None:
    made = spec(text)
    assert {name: getattr(made, name) for name in expected} == expected


NOTHING: dict[str, tuple[str, str]] = {
    "a list": ("- a\n", "1:1 the document is a list; expected an object"),
    "something else": (
        "name: x\nsteps: []\n",
        "1:1 neither a resource (apiVersion, kind) nor an `orchestration:` document",
    ),
    "a mistyped section": ("orchestraton: {name: x}\n", '1:1 unknown field "orchestraton" in the document'),
    "an empty section": ("orchestration:\n", "1:1 orchestration is empty; expected an object with name and steps"),
    "an unknown kind": (
        "apiVersion: libretto.dev/v1alpha1\nkind: Orchestra\n",
        '2:7 kind is "Orchestra"; expected "Agent" or "Orchestration" (did you mean "Orchestration"?)',
    ),
    "no kind": ("apiVersion: libretto.dev/v1alpha1\n", '1:1 the document needs the field "kind"'),
    "no name": ("orchestration:\n  steps: [{id: a, agent: b}]\n", '1:1 orchestration needs the field "name"'),
    "no steps": ("orchestration:\n  name: x\n", '1:1 orchestration needs the field "steps"'),
    "empty steps": ("orchestration:\n  name: x\n  steps: []\n", "3:10 steps is a list; expected at least one"),
    "something beside it": (
        "orchestration: {name: x, steps: [{id: a, agent: b}]}\nexecution: {}\n",
        '2:1 unknown field "execution" in the document',
    ),
}


@pytest.mark.parametrize(("text", "expected"), NOTHING.values(), ids=NOTHING)
def test_what_is_no_definition_is_one_problem(text: str, expected: str) -> None:
    (line,) = said(text)
    assert line.startswith(expected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab_ {}", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcd_", max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELD = st.sampled_from(
    [
        *("id", "name", "agent", "type", "mode", "depends_on", "dependsOn", "input", "payload", "user_message", "when"),
        *(
            "checkpoint_after",
            "metadata",
            "retry",
            "rollback",
            "retry_count",
            "max_attempts",
            "ttl",
            "enabled",
            "steps",
        ),
    ]
)
ANY_STEP = st.dictionaries(FIELD, JSON | st.dictionaries(FIELD, JSON, max_size=3), max_size=6)
SECTION = st.dictionaries(FIELD, JSON, max_size=3)


@given(
    st.fixed_dictionaries(
        {"name": st.text("aB_-", min_size=1, max_size=4), "steps": st.lists(ANY_STEP, max_size=3)},
        optional={
            "parameters": st.lists(SECTION, max_size=2),
            "execution": st.dictionaries(st.sampled_from(["caching", "concurrency", "parallelism"]), SECTION),
            "error_handling": st.dictionaries(
                st.sampled_from(["on_step_failure", "rollback"]), SECTION | st.lists(SECTION, max_size=3)
            ),
        },
    )
)
def test_normalising_twice_gives_the_same_and_whatever_is_written_is_answered(orchestration: dict[str, Any]) -> None:
    data = {"orchestration": orchestration}
    once = normalised(data)
    assert normalised(once) == once
    checked(json.dumps(data), "d.json")


def test_a_resource_passes_through_unchanged() -> None:
    (document,) = read("f.yaml", (HEAD + "spec: {steps: [{id: a, agent: b, dependsOn: []}]}").encode())
    assert normalise(document, Findings(document)).resource is document.data
