"""What is wrong with an expression is said before the run, all at once, with its place."""

from typing import Any

import pytest

from controller.definition.expression import check

STEPS = ["load", "fetch-kpi", "count", "count-1"]
PARAMETERS = ["period", "max-rows"]

CASES: list[tuple[str, list[tuple[int, str, str | None]]]] = [
    ('steps["fetch-kpi"].x > 3 && parameters.period == "Q3"', []),
    ("steps.fetch-kpi.x > 3", [(1, '"steps.fetch-kpi.x" is a subtraction', 'write steps["fetch-kpi"].x')]),
    (
        "1 < parameters.max-rows",
        [(5, '"parameters.max-rows" is a subtraction', 'write parameters["max-rows"]')],
    ),
    # Both are steps: the spaces or brackets have to say which is meant.
    ("steps.count-1 > 0", [(1, '"steps.count-1" is a subtraction', 'write steps["count-1"]')]),
    ("steps.count - 1 > 0", []),
    ("steps.load-2 > 0", []),
    ("steps.count-steps.load > 0", []),
    ("'steps.fetch-kpi.x' == parameters.period", []),
    ("steps.fetch-kpo.x > 3", [(1, '"steps.fetch-kpo.x" is a subtraction', 'write steps["fetch-kpo"].x')]),
    (
        "steps.laod.x > parameters.perod",
        [
            (1, 'unknown step "laod"', 'did you mean "load"?'),
            (16, 'unknown parameter "perod"', 'did you mean "period"?'),
        ],
    ),
    (
        "steps.zzz == 1 && nobody.x",
        [
            (1, 'unknown step "zzz"', None),
            (25, 'unknown name or function "nobody"', "variables here: parameters, steps"),
        ],
    ),
    ("step.load == 1", [(5, 'unknown name or function "step"', 'did you mean "steps"?')]),
    ("size(steps) > 1", [(6, "a step has to be named literally", 'write steps["id"]')]),
    (
        "lists.range(3)",
        [
            (1, 'unknown name or function "lists"', 'did you mean "steps"?'),
            (12, 'unknown name or function "range"', "variables here: parameters, steps"),
        ],
    ),
    ("", [(1, "the expression is empty", None)]),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_check(text: str, expected: list[tuple[int, str, str | None]]) -> None:
    assert [(mistake.column, mistake.message, mistake.hint) for mistake in check(text, STEPS, PARAMETERS)] == expected


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("parameters.period", "condition", None),
        ("parameters.period == 'Q3'", "condition", None),
        ("size(parameters.period)", "condition", "expected true or false, this is int"),
        ("'yes'", "condition", "expected true or false, this is string"),
        ("steps.load.rows", "items", None),
        ("[1, 2]", "items", None),
        ("'a,b'.split(',')", "items", None),
        ("{'a': 1}", "items", "expected a list, this is map<string, int>"),
        ("true", "items", "expected a list, this is bool"),
    ],
)
def test_the_type_is_checked_where_it_can_be_known(text: str, kind: Any, message: str | None) -> None:
    assert [mistake.message for mistake in check(text, STEPS, PARAMETERS, kind)] == ([message] if message else [])


def test_further_variables() -> None:
    assert check("item.n > 1", STEPS, PARAMETERS, "condition", frozenset({"item"})) == []
    assert len(check("item.n > 1", STEPS, PARAMETERS, "condition")) == 1
