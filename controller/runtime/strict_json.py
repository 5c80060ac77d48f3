"""Reading JSON that programs wrote: strictly (I-JSON), so that one document has one meaning and one canonical form."""

import json
from math import isfinite
from typing import Any

from controller.model.digest import LARGEST_INTEGER

DEEPEST = 128
"""Nested arrays and objects: more than any document needs, and few enough for everybody who reads it after us."""

FIRST_WITH_EXPONENT = 1e21
"""The first number that RFC 8785 writes with an exponent, and readers therefore take for no integer."""

LONGEST_NUMBER = 20
"""Characters of a number that is out of range which the message repeats."""


def parse(content: bytes) -> Any:
    """Return the value: it has a canonical form (RFC 8785).

    Raises ValueError with what is wrong and, where it is known, line and column.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 at byte {error.start}") from error
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    if text.count("[") + text.count("{") > DEEPEST and _deeper(value, DEEPEST):
        raise ValueError(_too_deep())
    if "\\u" in text:
        _check_characters(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'the key "{twice}" stands twice in one object')
    return found


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _integer(digits: str) -> int:
    # A text that long is out of range anyway, and Python refuses to read some of them.
    if len(digits) > LONGEST_NUMBER or abs(value := int(digits)) > LARGEST_INTEGER:
        raise ValueError(f"the integer {_short(digits)} is beyond 2^53 and would lose digits; write it as a string")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if not isfinite(value):
        raise ValueError(f"the number {_short(digits)} is beyond what a double holds; write it as a string")
    if value.is_integer() and LARGEST_INTEGER < abs(value) < FIRST_WITH_EXPONENT:
        # Its canonical form has no exponent: whoever reads that gets an integer, which is out of range.
        raise ValueError(f"the number {_short(digits)} is an integer beyond 2^53; write it as a string")
    return value


def _short(digits: str) -> str:
    return digits if len(digits) <= LONGEST_NUMBER else digits[:LONGEST_NUMBER] + "…"


def _too_deep() -> str:
    return f"it is nested deeper than {DEEPEST} levels"


def _deeper(value: Any, levels: int) -> bool:
    match value:
        case dict():
            return not levels or any(_deeper(member, levels - 1) for member in value.values())
        case list():
            return not levels or any(_deeper(member, levels - 1) for member in value)
        case _:
            return False


def _check_characters(value: Any) -> None:
    """An escape may stand for half of a character, which no UTF-8 can hold."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from error
