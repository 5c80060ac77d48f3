"""Which named transformations may a contract ask for? Pure functions from bytes to bytes, the same everywhere.

All of them raise ValueError, with what is wrong in words, for content that they cannot transform. JSON goes out in
canonical form (RFC 8785), so that equal content has equal digests.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from controller.model.digest import canonical

Transform = Callable[[bytes], bytes]


def _csv_to_json(content: bytes) -> bytes:
    """A table with a header line -> a list of objects; every cell stays text."""
    rows = list(csv.reader(io.StringIO(_text(content), newline=""), strict=True))
    if not rows:
        raise ValueError("an empty file has no header line")
    header, *lines = (row for row in rows if row)
    if len(set(header)) != len(header):
        raise ValueError("two columns have the same name")
    for number, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise ValueError(f"row {number} has {len(line)} cells, the header {len(header)}")
    return canonical([dict(zip(header, line, strict=True)) for line in lines])


def _json_to_csv(content: bytes) -> bytes:
    """A list of objects -> a table (RFC 4180); columns in order of first appearance.

    Null and absent are empty cells; what is neither text nor null is written as JSON.
    """
    value = _json(_text(content))
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError("expected a list of objects")
    header = list(dict.fromkeys(key for item in value for key in item))
    if not header:
        raise ValueError("there are no columns")
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([_cell(item.get(key)) for key in header] for item in value)
    return out.getvalue().encode()


def _json_to_ndjson(content: bytes) -> bytes:
    """A list -> one line per element."""
    match _json(_text(content)):
        case list() as items:
            return b"".join(canonical(item) + b"\n" for item in items)
        case _:
            raise ValueError("expected a list")


def _ndjson_to_json(content: bytes) -> bytes:
    """One JSON value per line -> a list; empty lines do not count."""
    made = []
    for number, line in enumerate(_text(content).split("\n"), 1):
        if line.strip():
            try:
                made.append(_json(line))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error
    return canonical(made)


def _text_to_json(content: bytes) -> bytes:
    """Text -> one JSON string."""
    return canonical(_text(content))


TRANSFORMS: Mapping[str, Transform] = {
    "csv-to-json": _csv_to_json,
    "json-to-csv": _json_to_csv,
    "json-to-ndjson": _json_to_ndjson,
    "ndjson-to-json": _ndjson_to_json,
    "text-to-json": _text_to_json,
}
"""By the name that `contract.artifacts[].transform` uses."""


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error


def _json(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object gives one name twice")
    return made


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical(value).decode()
