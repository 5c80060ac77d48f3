"""How is it said that a value is not what a field asks for?"""

import json
from collections.abc import Mapping
from typing import Any

from controller.definition.findings import did_you_mean
from controller.model.document import Path
from controller.model.names import SLUG_PATTERN, STEP_ID_PATTERN, VERSION_PATTERN

LONGEST_VALUE = 60
"""Characters of a value that a message repeats."""

_PATTERNS: Mapping[str, tuple[str, str | None]] = {
    VERSION_PATTERN: ('a semantic version "major.minor.patch" such as "1.0.0"', None),
    SLUG_PATTERN: ('a name of letters, digits, "_", "." and "-", with a letter or digit at both ends', None),
    STEP_ID_PATTERN: ('an id of letters, digits, "_" and "-", with a letter or digit at both ends', None),
    r"^https?://": ('an absolute URL such as "https://example.org/path"', None),
}

_EXAMPLES: Mapping[str, str] = {
    "ttlSeconds": "a whole number of seconds, e.g. 86400",
    "autoTimeout": "a whole number of seconds, e.g. 3600",
    "initialDelayMs": "a whole number of milliseconds, e.g. 2000",
    "maxDelayMs": "a whole number of milliseconds, e.g. 60000",
    "cpuSeconds": "a whole number of seconds, e.g. 60",
    "memoryMib": "a whole number of MiB, e.g. 512",
    "fileSizeMib": "a whole number of MiB, e.g. 100",
}
"""What a numeric field counts."""

_TYPES: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object with fields",
    "model_type": "an object with fields",
    "model_attributes_type": "an object with fields",
}


def shown(value: Any) -> str:
    """Return a value as a message repeats it."""
    match value:
        case None:
            return "empty"
        case dict():
            return "an object"
        case list():
            return "a list"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def expected(kind: str, path: Path, value: Any, context: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what pydantic's error of this kind says was expected, in words, and a hint where there is one."""
    field = next((part for part in reversed(path) if isinstance(part, str)), "")
    number = _EXAMPLES.get(field, _TYPES.get(kind, "a whole number"))
    match kind:
        case "int_type" | "int_from_float":
            return number, None
        case "string_type":
            return _text(field), f'quote it: "{_scalar(value)}"' if isinstance(value, int | float) else None
        case "list_type":
            return "a list", f"write [{_scalar(value)}]" if isinstance(value, str) else None
        case "literal_error" | "enum":
            return _choices(str(context["expected"])), _case(value, str(context["expected"]))
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], (f"text like {context['pattern']}", None))
        case "greater_than_equal":
            return f"{context['ge']:g} or more", None
        case "less_than_equal":
            return f"{context['le']:g} or less", None
        case "too_short":
            return "at least one", None
        case "string_too_short":
            return "some text", None
        case "string_too_long":
            return f"at most {context['max_length']} characters", None
        case "value_error":
            return str(context["error"]).removeprefix("expected "), None
        case _:
            return _TYPES.get(kind, kind.replace("_", " ")), None


def _text(field: str) -> str:
    return 'a semantic version such as "1.0.0"' if field == "version" else "text"


def _scalar(value: Any) -> str:
    return json.dumps(value) if not isinstance(value, str) else value


def _choices(listed: str) -> str:
    return listed.replace("'", '"')


def _case(value: Any, listed: str) -> str | None:
    if not isinstance(value, str):
        return None
    return did_you_mean(value, [word for word in listed.split("'") if word.strip() not in {"", ",", "or"}])
