"""Lengths of time as people write them: `250ms`, `90s`, `1h30m`. Inside, whole milliseconds."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_WHOLE = re.compile(r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$")
PATTERN = r"^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"


def parse_duration(text: str) -> int:
    """Return the milliseconds that `text` says, e.g. `1h30m` -> 5_400_000. Raises ValueError."""
    match = _WHOLE.match(text) if text else None
    if match is None or not any(match.groups()):
        raise ValueError('expected a duration such as "90s", "5m" or "1h30m"')
    return sum(int(value) * unit for value, unit in zip(match.groups(), _UNITS.values(), strict=True) if value)


def format_duration(milliseconds: int) -> str:
    """Return the shortest text that `parse_duration` reads back to the same value."""
    parts = []
    rest = milliseconds
    for name, unit in _UNITS.items():
        value, rest = divmod(rest, unit)
        if value:
            parts.append(f"{value}{name}")
    return "".join(parts) or "0s"


def _validate(value: Any) -> int:
    if isinstance(value, str):
        return parse_duration(value)
    raise ValueError('expected a duration with its unit, such as "90s", "5m" or "1h30m"')


Duration = Annotated[
    int,
    BeforeValidator(_validate),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": PATTERN, "examples": ["90s", "1h30m"]}),
]
"""A length of time in a definition; a text with units in files, whole milliseconds in Python."""
