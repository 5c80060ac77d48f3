"""Does a value meet its JSON Schema, and is the schema one?

Schemas are of draft 2020-12 unless `$schema` says otherwise. Formats are checked: who writes `format: date` means it.
A schema is never fetched from anywhere.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from controller.errors import InvariantViolated

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

MOST_VIOLATIONS = 100
"""Violations that are told apart; a table with a wrong column has as many as rows, and they go into a record."""

LONGEST_VALUE = 80
"""Characters of an offending value that a violation repeats."""

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the offending value in messages of the library, which would repeat it at any length."""


def violations(schema: Mapping[str, Any], value: Any) -> list[str]:
    """Return what in `value` breaks `schema`: for each a JSON pointer and what was expected; empty when it fits.

    After `MOST_VIOLATIONS` only their number is told. Raises InvariantViolated for what `schema_mistakes` reports:
    validation refuses such a schema.
    """
    try:
        validator = _validator(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))
    except ValueError as error:
        raise InvariantViolated(f"a JSON Schema was not checked before it was used: {_first_line(error)}") from error
    return _bounded(_told(error, "") for error in validator.iter_errors(value))


def schema_mistakes(schema: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a schema itself: for each a JSON pointer into it and what was expected."""
    draft = schema.get("$schema", _DRAFT)
    if not isinstance(draft, str):
        return [f"/$schema: {json.dumps(draft)} is not the address of a draft"]
    try:
        grammar = _grammar(draft)
    except ValueError:
        return [f"/$schema: {json.dumps(draft)} is unknown; expected a draft such as {_DRAFT}"]
    found = _bounded(_told(error, "") for error in grammar.iter_errors(dict(schema)))
    if found:
        return found
    try:
        _validator(orjson.dumps(schema, option=orjson.OPT_SORT_KEYS))
    except ValueError as error:
        # What no grammar sees: a reference that leads nowhere, or away.
        return [f"{_first_line(error)} (only references within the schema are followed)"]
    return []


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> "Validator":
    import jsonschema_rs

    return jsonschema_rs.validator_for(orjson.loads(schema), validate_formats=True, mask=_VALUE, offline=True)


@lru_cache(maxsize=8)
def _grammar(draft: str) -> "Validator":
    import jsonschema_rs

    return jsonschema_rs.validator_for({"$schema": draft, "$ref": draft}, mask=_VALUE, offline=True)


def _told(error: "ValidationError", below: str) -> str:
    pointer = below + "".join(f"/{_escaped(part)}" for part in error.instance_path)
    message = error.message.replace(_VALUE, _shown(error.instance))
    branches = error.kind.as_dict().get("context") if error.kind.name in {"anyOf", "oneOf"} else None
    if branches:
        reasons = dict.fromkeys(_told(branch[0], pointer) for branch in branches if branch)
        message += "".join(f"; {reason}" for reason in reasons)
    return f"{pointer or '(top)'}: {message}"


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _bounded(messages: Iterable[str]) -> list[str]:
    told: list[str] = []
    more = 0
    for message in messages:
        if len(told) < MOST_VIOLATIONS:
            told.append(message)
        else:
            more += 1
    return [*told, f"and {more} more"] if more else told


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
