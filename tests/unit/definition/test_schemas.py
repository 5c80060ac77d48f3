"""Everything that breaks a schema is told, with its place and what was expected, and never at any length."""

import subprocess
import sys
from typing import Any

import pytest

from controller.definition.schemas import LONGEST_VALUE, MOST_VIOLATIONS, schema_mistakes, violations
from controller.errors import InvariantViolated

REPORT = {
    "type": "object",
    "required": ["title", "rows"],
    "properties": {
        "title": {"type": "string", "maxLength": 10},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"a/b": {"type": "integer"}}}},
        "due": {"type": "string", "format": "date"},
        "either": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["x"]}]},
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"title": "t", "rows": [{"a/b": 1}], "due": "2026-11-20", "either": {"x": 1}}, []),
        ({"title": "t"}, ['(top): "rows" is a required property']),
        ([], ['(top): [] is not of type "object"']),
        ({"title": "t", "rows": [{}, {"a/b": "1"}]}, ['/rows/1/a~1b: "1" is not of type "integer"']),
        ({"title": "t", "rows": [], "due": "soon"}, ['/due: "soon" is not a "date"']),
        (
            {"title": 3, "rows": [], "x": 1},
            ['/title: 3 is not of type "string"', "(top): Additional properties are not allowed ('x' was unexpected)"],
        ),
    ],
)
def test_violations(value: Any, expected: list[str]) -> None:
    assert sorted(violations(REPORT, value)) == sorted(expected)


def test_of_several_ways_each_is_told() -> None:
    [violation] = violations(REPORT, {"title": "t", "rows": [], "either": {}})
    assert violation.startswith("/either: {} is not valid under any of the schemas")
    assert '/either: {} is not of type "string"' in violation
    assert '/either: "x" is a required property' in violation


def test_long_values_and_many_violations_are_cut_short() -> None:
    [violation] = violations({"type": "integer"}, "x" * 10_000)
    assert len(violation) < LONGEST_VALUE + 50
    many = violations({"items": {"type": "string"}}, list(range(MOST_VIOLATIONS + 7)))
    assert len(many) == MOST_VIOLATIONS + 1
    assert many[-1] == "and 7 more"


@pytest.mark.parametrize(
    ("schema", "parts"),
    [
        ({}, []),
        (REPORT, []),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {"type": "string"}}}, []),
        ({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}, []),
        ({"type": "strin"}, ["/type"]),
        (
            {"properties": {"a": {"type": "x"}, "b": {"minLength": -1}}},
            ["/properties/a/type", "/properties/b/minLength"],
        ),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "minimum": "a"}, ["/minimum"]),
        ({"pattern": "("}, ["("]),
        ({"$ref": "#/$defs/a"}, ["/$defs/a"]),
        ({"$ref": "https://example.org/schema.json"}, ["https://example.org/schema.json"]),
        ({"$ref": "file:///etc/hostname"}, ["only references within the schema"]),
        ({"$schema": "https://example.org/draft"}, ["https://example.org/draft"]),
        ({"$schema": 7}, ["/$schema"]),
    ],
)
def test_mistakes_of_a_schema(schema: dict[str, Any], parts: list[str]) -> None:
    mistakes = schema_mistakes(schema)
    assert len(mistakes) == len(parts)
    assert all(part in mistake for part, mistake in zip(parts, mistakes, strict=True))


def test_a_schema_that_was_never_checked_fails_loudly() -> None:
    with pytest.raises(InvariantViolated, match="was not checked"):
        violations({"type": "strin"}, 1)


def test_the_library_is_imported_only_for_a_schema() -> None:
    code = "import sys, controller.definition.schemas; sys.exit('jsonschema_rs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
