"""A run gets every declared value, or hears of everything that is wrong with what it was given."""

from typing import Any

import pytest

from controller.definition.parameters import resolve_parameters
from controller.errors import ParametersInvalid
from tests.unit.definition.entries import orchestration

SPEC = orchestration(
    parameters=[
        {"key": "period", "required": True, "type": "string"},
        {"key": "region", "enum": ["europe", "america"], "default": "europe"},
        {"key": "level", "enum": [1, 2]},
        {"key": "count", "type": "date", "required": True, "default": 3},
        {"key": "note"},
    ]
)
DEFAULTS = {"period": "Q3", "region": "europe", "level": None, "count": 3, "note": None}


@pytest.mark.requirement("DEF-007")
@pytest.mark.parametrize(
    "given",
    [
        {"period": "Q3"},
        {"period": 3},
        {"period": {"from": "2026-07-01"}, "count": [1, 2.5]},
        {"period": "Q3", "region": "america", "level": 2, "note": None},
        {"period": "Q3", "level": 2.0},
        {"period": "Q3", "count": None},
    ],
)
def test_given_values_over_defaults_whatever_their_type(given: dict[str, Any]) -> None:
    expected = {**DEFAULTS, **{key: value for key, value in given.items() if value is not None}}
    resolved = resolve_parameters(SPEC, given)
    assert resolved == expected
    assert list(resolved) == ["period", "region", "level", "count", "note"]


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, ['parameter "period" is required']),
        ({"period": None}, ['parameter "period" is required']),
        (
            {"perod": "Q3"},
            ['unknown parameter "perod" (did you mean "period"?)', 'parameter "period" is required'],
        ),
        (
            {"period": "Q3", "region": "eurpe", "level": True, "zzz": 1},
            [
                'unknown parameter "zzz"',
                'parameter "region" is "eurpe"; expected one of "europe", "america" (did you mean "europe"?)',
                'parameter "level" is true; expected one of 1, 2',
            ],
        ),
        ({"period": "Q3", "level": None}, ['parameter "level" is null; expected one of 1, 2']),
    ],
)
def test_everything_wrong_is_said_at_once(given: dict[str, Any], problems: list[str]) -> None:
    with pytest.raises(ParametersInvalid) as caught:
        resolve_parameters(SPEC, given)
    assert caught.value.message.split("\n") == problems
    assert caught.value.hint == "parameters: period (required), region, level, count, note"


@pytest.mark.parametrize("value", [2**53, float("nan"), {"deep": [float("inf")]}, {1: 2}, {"x": object()}, "\ud800"])
def test_what_would_not_be_kept_exactly_is_refused(value: Any) -> None:
    with pytest.raises(ParametersInvalid, match='parameter "note" has no exact form in JSON'):
        resolve_parameters(SPEC, {"period": "Q3", "note": value})


def test_no_parameters_at_all() -> None:
    assert resolve_parameters(orchestration(), {}) == {}
    with pytest.raises(ParametersInvalid) as caught:
        resolve_parameters(orchestration(), {"x": 1})
    assert caught.value.hint == "this orchestration has no parameters"
