"""The rules of the API server are those of the transition table, and stand where they belong."""

import pytest

from controller.engine.transitions import RUN
from controller.model.cluster.run_spec import RunSpec
from controller.model.states import RunState
from tools.crds.definitions import schema
from tools.crds.kinds import KINDS
from tools.crds.rules import MUTABLE, RULES, Rule, attach, successors


@pytest.mark.requirement("K8S-007")
def test_the_edges_are_those_of_the_table() -> None:
    edges = {(source, target) for source, following in successors().items() for target in following}
    assert edges == {(source, target) for source, _, target in RUN.edges()}
    assert set(successors()) == set(RunState)
    assert successors()[RunState.ROLLED_BACK] == []


@pytest.mark.requirement("K8S-007")
def test_the_rule_spells_the_table_out() -> None:
    rule = RULES["Run"][0].rule
    for state, following in successors().items():
        words = ", ".join(f"'{target}'" for target in following)
        assert f"'{state}': [{words}]" in rule


def test_every_field_of_a_run_s_spec_is_guarded_or_said_to_be_free() -> None:
    guarded = {rule.field.removeprefix(".") for rule in RULES["Run"] if rule.path == "spec" and "oldSelf" in rule.rule}
    names = {field.alias for field in RunSpec.model_fields.values()}
    assert guarded == names - MUTABLE
    assert names >= MUTABLE


def test_every_kind_has_its_rules() -> None:
    assert set(RULES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_rule_says_what_is_wrong_and_where(kind: str) -> None:
    for rule in RULES[kind]:
        assert rule.message
        written = rule.written()
        assert written["reason"] == "FieldValueForbidden"
        assert "\n" not in written["rule"]


def test_they_stand_at_their_paths() -> None:
    made = schema(KINDS["Orchestration"])
    phases = made["properties"]["spec"]["properties"]["phases"]
    assert len(phases["items"]["x-kubernetes-validations"]) == 2
    assert phases["maxItems"] == 200
    run = schema(KINDS["Run"])
    assert (
        run["properties"]["status"]["properties"]["epoch"]["x-kubernetes-validations"][0]["rule"] == "self >= oldSelf"
    )


def test_a_path_that_leads_nowhere_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "Run", (Rule("spec.nothing", "true", "x"),))
    with pytest.raises(KeyError):
        attach("Run", {"properties": {"spec": {"properties": {}}}})
