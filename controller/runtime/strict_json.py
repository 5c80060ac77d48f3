"""Reading JSON that programs wrote: strictly (I-JSON), so that one document has one meaning."""

import json
from typing import Any

from controller.model.digest import LARGEST_INTEGER


def parse(content: bytes) -> Any:
    """Return the value. Raises ValueError with what is wrong and, where it is known, line and column."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 at byte {error.start}") from error
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


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
    value = int(digits)
    if abs(value) > LARGEST_INTEGER:
        raise ValueError(f"the integer {digits} is beyond 2^53 and would lose digits; write it as a string")
    return value
