"""What definitions may rely on in expressions, whichever library evaluates them."""

from typing import Any

import pytest

from controller.definition.expression import Expression
from controller.definition.expression_names import Mistake

PARAMETERS: dict[str, Any] = {
    "n": 2,
    "f": 2.5,
    "t": "Größe,b",
    "l": [1, 2, 3],
    "m": {"k": {"deep": 1}},
    "z": None,
    "on": True,
}
STEPS: dict[str, Any] = {
    "fetch-kpi": {"rows": [{"id": 1, "ok": True}, {"id": 2, "ok": False}], "total": 12},
    "none": None,
}

VALUES: list[tuple[str, Any]] = [
    # Numbers: integers and doubles compare with each other, but do not add up.
    ("parameters.n == 2.0", True),
    ("parameters.f > parameters.n", True),
    ("double(parameters.n) + parameters.f", 4.5),
    ("7 / 2", 3),
    ("-7 / 2", -3),
    ("-7 % 3", -1),
    ("7.0 / 2.0", 3.5),
    ("int('12') + 1", 13),
    ("uint(3) == 3u", True),
    ("9007199254740991", 2**53 - 1),
    # Text counts characters, not bytes.
    ("size(parameters.t)", 7),
    ("parameters.t.split(',')", ["Größe", "b"]),
    ("'ABC'.lowerAscii()", "abc"),
    ("parameters.t.startsWith('Gr') && parameters.t.contains('ö') && parameters.t.endsWith('b')", True),
    ("'a-1'.matches('^[a-z]-[0-9]$')", True),
    ("'a' + 'b'", "ab"),
    ("'a' < 'b'", True),
    ("string(12)", "12"),
    ("r'\\d'", "\\d"),
    # Lists and maps.
    ("parameters.l[0]", 1),
    ("2 in parameters.l", True),
    ("parameters.l + [4]", [1, 2, 3, 4]),
    ("size(parameters.l)", 3),
    ("parameters.l.map(x, x * 2)", [2, 4, 6]),
    ("parameters.l.map(x, x > 1, x * 2)", [4, 6]),
    ("parameters.l.filter(x, x > 1)", [2, 3]),
    ("parameters.l.all(x, x > 0)", True),
    ("parameters.l.exists(x, x > 2)", True),
    ("parameters.l.exists_one(x, x > 2)", True),
    ("parameters.m.k", {"deep": 1}),
    ("parameters.m['k'].deep", 1),
    ("'k' in parameters.m", True),
    ("{'a': [1, null], 'b': 'c'}", {"a": [1, None], "b": "c"}),
    ("[1, 2] == [1, 2]", True),
    ("dyn({'a': 1}) == {'a': 1.0}", True),
    # What is missing, and what is null.
    ("has(parameters.m.k)", True),
    ("has(parameters.m.q)", False),
    ("parameters.z == null", True),
    ("parameters.n == null", False),
    ("steps.none == null", True),
    ("has(steps.gone)", False),
    ("parameters.m.?q.orValue(5)", 5),
    ("steps.?gone.?x.orValue('d')", "d"),
    # Logic looks at both sides only when it must.
    ("false && steps.gone.x", False),
    ("steps.gone.x && false", False),
    ("true || steps.gone.x", True),
    ("parameters.on ? 1 : steps.gone.x", 1),
    ("!parameters.on", False),
    # Steps with dashes.
    ('steps["fetch-kpi"].rows.filter(r, r.ok).map(r, r.id)', [1]),
    ("steps['fetch-kpi'].total - 2", 10),
    ("// a remark\nsteps['fetch-kpi'].total", 12),
]

FAILURES: list[tuple[str, str]] = [
    ("parameters.gone", 'nothing is there under "gone"'),
    ("steps.gone.x", 'nothing is there under "gone"'),
    ("steps.none.x", "a value in the middle of a path is null or has no members"),
    ("parameters.n + parameters.f", "+ cannot take (int, double)"),
    ("parameters.n + 'a' == 'b'", "+ cannot take (int, string)"),
    ("parameters.n ? 1 : 2", "a condition is neither true nor false"),
    ("parameters.l[3]", "no element 3 in a list of 3"),
    ("1 / (parameters.n - 2)", "divide by zero"),
    ("9223372036854775807 + parameters.n", "integer overflow"),
    ("int(parameters.t)", "cannot convert string to int"),
    ("9007199254740992", "the result holds an integer beyond 2^53, which JSON cannot"),
    ("1.0 / 0.0", "the result holds a number that is not finite, which JSON cannot"),
    ("[b'a']", "the result holds a timestamp, duration, type or bytes, which JSON cannot"),
    ("timestamp('2026-01-01T00:00:00Z')", "the result holds a timestamp, duration, type or bytes, which JSON cannot"),
    ("{1: 2}", "the result holds a map with keys that are not text, which JSON cannot"),
    ("parameters.?n", "the result is no JSON value"),
]

REFUSED: list[tuple[str, str, int]] = [
    ("parameters.n ==", "the expression ends too early", 16),
    ("parameters.n = 2", "did not expect =", 14),
    ("1 == 'a'", "== cannot take (int, string)", 3),
    ("true &&\n  whne.x", 'unknown name or function "whne"', 15),
    ("parameterz.n == 2", 'unknown name or function "parameterz"', 11),
    ("now() > 3", 'unknown name or function "now"', 4),
    ("steps.fetch-kpi.x > 3", '"steps.fetch-kpi.x" is a subtraction', 1),
    ("(" * 40 + "1" + ")" * 40, "Expression recursion limit exceeded. limit: 32", 1),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text: str, value: Any) -> None:
    expression = Expression.parse(text)
    assert isinstance(expression, Expression), expression
    found = expression.evaluate(PARAMETERS, STEPS)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("text", "message"), FAILURES)
def test_no_value(text: str, message: str) -> None:
    expression = Expression.parse(text)
    assert isinstance(expression, Expression), expression
    found = expression.evaluate(PARAMETERS, STEPS)
    assert isinstance(found, Mistake), found
    assert found.message == message


@pytest.mark.parametrize(("text", "message", "column"), REFUSED)
def test_refused_before_it_is_evaluated(text: str, message: str, column: int) -> None:
    found = Expression.parse(text)
    assert isinstance(found, Mistake), found
    assert (found.message, found.column) == (message, column)
