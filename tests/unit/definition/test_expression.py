"""Expressions read only what they name, and give JSON values or say what is wrong."""

import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.compile import compile_graph
from controller.definition.expression import LONGEST_TEXT, MOST_COLLECTED, MOST_ITEMS, Expression
from controller.definition.expression_names import Mistake
from controller.model.orchestration import Phase
from tests.unit.definition.entries import orchestration


def parsed(text: str) -> Expression:
    expression = Expression.parse(text)
    assert isinstance(expression, Expression), expression
    return expression


def mistake(found: object) -> Mistake:
    assert isinstance(found, Mistake)
    return found


class Counted(Mapping[str, Any]):
    """Outputs of 10,000 steps, each of which says that it was read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.read.append(key)
        return {"n": int(key[1:])}

    def __contains__(self, key: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("listed")

    def __len__(self) -> int:
        raise AssertionError("counted")


def test_only_what_is_named_is_read() -> None:
    steps = Counted()
    assert parsed('steps.s7.n + steps["s9"].n == parameters.sum').evaluate_condition(
        {"sum": 16, "other": object()}, steps
    )
    assert sorted(steps.read) == ["s7", "s9"]


@pytest.mark.parametrize(
    ("text", "steps", "parameters"),
    [
        ('steps.a.x > parameters.y && steps["b-c"].z', {"a", "b-c"}, {"y"}),
        ("steps.?a.?x.orValue(1) + parameters[?'k'].orValue(2)", {"a"}, {"k"}),
        ("has(steps.a.steps) && parameters.p.parameters.q == 1", {"a"}, {"p"}),
        ("[1].map(i, i > parameters.n)", set(), {"n"}),
        ("'steps.x' == \"parameters.y\" // steps.z", set(), set()),
        (".steps.a == 1", {"a"}, set()),
        ('"a" in parameters', set(), set()),
        ("parameters.exists(k, parameters[k] == 1)", set(), set()),
        ("parameters.`a-b` == steps.`c`", {"c"}, {"a-b"}),
    ],
)
def test_names(text: str, steps: set[str], parameters: set[str]) -> None:
    expression = parsed(text)
    assert (set(expression.steps), set(expression.parameters)) == (steps, parameters)


def test_parameters_can_be_looked_at_as_a_whole() -> None:
    assert parsed('"a" in parameters').evaluate({"a": 1}, {}) is True
    assert parsed("parameters.exists(k, parameters[k] == 2)").evaluate({"a": 1, "b": 2}, {}) is True


@pytest.mark.parametrize(
    "text", ["size(steps)", "steps[parameters.x]", "steps.map(s, s)", '"a" in steps', 'steps["a" + "b"]']
)
def test_a_step_has_to_be_named_literally(text: str) -> None:
    assert "literally" in mistake(Expression.parse(text)).message


@pytest.mark.parametrize("value", [1, 0, "true", "", None, [], [True], {}, 1.0])
def test_a_condition_is_true_or_false_and_nothing_else(value: Any) -> None:
    assert "expected true or false" in mistake(parsed("parameters.x").evaluate_condition({"x": value}, {})).message


def test_items() -> None:
    rows = [{"id": index, "tags": ["a", None, 1.5]} for index in range(MOST_ITEMS)]
    assert parsed("steps.load.rows").evaluate_items({}, {"load": {"rows": rows}}) == rows
    assert parsed("steps.load.rows.filter(r, r.id > 2)").evaluate_items({}, {"load": {"rows": rows[:4]}}) == [rows[3]]
    assert parsed("[]").evaluate_items({}, {}) == []
    too_many = parsed("parameters.x").evaluate_items({"x": [0] * (MOST_ITEMS + 1)}, {})
    assert mistake(too_many).message == "expected at most 10000 elements, got 10001"
    assert (
        mistake(parsed("parameters.x").evaluate_items({"x": {"a": 1}}, {})).message == "expected a list, got an object"
    )


def test_what_would_copy_too_much_is_refused_before() -> None:
    scope = {"x": [{"deep": [0] * (MOST_COLLECTED + 1)}]}
    assert "2001" in mistake(parsed("parameters.x.map(a, a)").evaluate(scope, {})).message
    assert parsed("parameters.x[0].deep.all(a, a == 0)").evaluate(scope, {}) is True
    assert parsed("parameters.x[0].deep.map(a, a)").evaluate({"x": [{"deep": [0] * MOST_COLLECTED}]}, {})


def test_nested_macros_end() -> None:
    scope = {"x": list(range(200))}
    text = "parameters.x.all(a, parameters.x.all(b, parameters.x.all(c, a + b + c >= 0)))"
    assert "10000" in mistake(parsed(text).evaluate(scope, {})).message


def test_further_variables() -> None:
    expression = Expression.parse("item.n > index", frozenset({"item", "index"}))
    assert isinstance(expression, Expression)
    assert expression.evaluate_condition({}, {}, {"item": {"n": 3}, "index": 2}) is True
    assert mistake(expression.evaluate({}, {}, {"index": 2})).message == '"item" has no value here'
    assert 'unknown name or function "item"' in mistake(Expression.parse("item.n > 1")).message


def test_long_and_broken_texts() -> None:
    assert mistake(Expression.parse("1" * (LONGEST_TEXT + 1))).message == "4097 bytes; at most 4096 are possible"
    assert mistake(Expression.parse(" \n")).message == "the expression is empty"
    assert mistake(Expression.parse("'a\ud800'")).column == 3


@given(st.text(max_size=40) | st.text(alphabet="steps.param([{\"'x-1?&|=", max_size=40))
def test_any_text_is_an_expression_or_a_mistake(text: str) -> None:
    found = Expression.parse(text)
    if isinstance(found, Expression):
        found.evaluate({}, {})
    else:
        assert found.message
        assert 1 <= found.column <= len(text) + 1


@pytest.mark.parametrize("value", ["a\0b", ["a\0b"], [{"a\0b": 1}], {"a": {"b": "\0"}}])
def test_texts_that_the_library_would_cut_are_refused(value: Any) -> None:
    assert "NUL" in mistake(parsed("parameters.x").evaluate({"x": value}, {})).message


def test_what_only_looks_like_such_a_text_passes() -> None:
    assert parsed("parameters.x").evaluate({"x": ["\\u0000", {"\\u0000": 1}]}, {}) == ["\\u0000", {"\\u0000": 1}]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e300, 1e300) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@given(JSON)
def test_values_pass_unchanged(value: Any) -> None:
    passed = parsed("parameters.x").evaluate({"x": value}, {})
    assert passed == value
    assert type(passed) is type(value)


def test_the_library_is_imported_only_for_an_expression() -> None:
    code = "import sys, controller.definition.expression; sys.exit('cel_expr_python' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


GATES = {
    "azure": "parameters.platform == 'azure'",
    "bicep": "parameters.platform == 'azure' && parameters.iac == 'bicep'",
    "database": "parameters.database != null && parameters.database != 'none'",
    "backend": "parameters.backend in ['express', 'nodejs', 'dotnet']",
    "frontend": "parameters.frontend == 'react' || parameters.frontend == 'vue'",
}
STACKS: dict[str, list[str | None]] = {
    "platform": [None, "aws", "azure"],
    "iac": [None, "terraform", "bicep"],
    "database": [None, "none", "postgres"],
    "backend": [None, "none", "express", "nodejs", "dotnet"],
    "frontend": [None, "none", "react", "vue"],
}


@pytest.mark.requirement("ENG-055")
def test_every_combination_of_the_conditions_of_phases() -> None:
    spec = orchestration(
        parameters=[{"key": key} for key in STACKS],
        phases=[{"id": id_, "when": when} for id_, when in GATES.items()],
        steps=[{"id": f"{id_}-step", "agent": "worker", "phase": id_} for id_ in GATES],
    )
    assert all(phase.conditional for phase in compile_graph(spec, "blake3:" + "0" * 64).phases)
    conditions = {phase.id: parsed(phase.when or "") for phase in spec.phases if isinstance(phase, Phase)}
    for values in itertools.product(*STACKS.values()):
        stack = dict(zip(STACKS, values, strict=True))
        assert {id_: condition.evaluate_condition(stack, {}) for id_, condition in conditions.items()} == {
            "azure": stack["platform"] == "azure",
            "bicep": (stack["platform"], stack["iac"]) == ("azure", "bicep"),
            "database": stack["database"] not in {None, "none"},
            "backend": stack["backend"] in {"express", "nodejs", "dotnet"},
            "frontend": stack["frontend"] in {"react", "vue"},
        }, stack
