"""Which values can go into an expression and come out of it unharmed?"""

import math
from collections.abc import Mapping
from typing import Any

import orjson

from controller.model.digest import LARGEST_INTEGER


def foreign(value: Any) -> str | None:
    """Return what in a value has no place in JSON, None when all of it has."""
    match value:
        case None | bool() | str():
            return None
        case int():
            return None if abs(value) <= LARGEST_INTEGER else "an integer beyond 2^53"
        case float():
            return None if math.isfinite(value) else "a number that is not finite"
        case list():
            return next((found for member in value if (found := foreign(member))), None)
        case dict():
            if not all(isinstance(key, str) for key in value):
                return "a map with keys that are not text"
            return next((found for member in value.values() if (found := foreign(member))), None)
        case _:
            return "a timestamp, duration, type or bytes"


def has_nul(bound: Mapping[str, Any]) -> bool:
    """Whether any text in a scope holds NUL: the expression library would cut it off there without a word."""
    try:
        # Nearly always the answer, at a fraction of the price of looking at every text in Python.
        if b"\\u0000" not in orjson.dumps(bound):
            return False
    except TypeError:
        # Something in it is no JSON, which need not be what the expression reads.
        return _nul_in(bound)
    return _nul_in(bound)


def _nul_in(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(_nul_in, value))
        case dict():
            return any("\0" in key or _nul_in(member) for key, member in value.items())
        case _:
            return False


def longest(value: Any) -> int:
    """Return the length of the longest list anywhere in a value."""
    match value:
        case list():
            return max(len(value), max(map(longest, value), default=0))
        case dict():
            return max(map(longest, value.values()), default=0)
        case _:
            return 0


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return "a number"
