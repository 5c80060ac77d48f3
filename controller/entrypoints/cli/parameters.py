"""Values that are typed: `key=value`, and files of them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from controller.errors import ParametersInvalid


def typed_value(text: str) -> Any:
    """Return the JSON value that `text` is, else the text itself: `3` is a number, `a red boat` and `2026-07-01` are texts."""
    from controller.runtime.strict_json import parse

    try:
        return parse(text.encode())
    except (ValueError, UnicodeEncodeError):
        return text


def assignments(texts: Iterable[str], *, nested: bool = True) -> dict[str, Any]:
    """Return the values of `key=value` texts; with `nested`, `a.b=1` means {"a": {"b": 1}}.

    Raises ParametersInvalid with everything that is wrong.
    """
    found: dict[str, Any] = {}
    problems = []
    for text in texts:
        key, equals, value = text.partition("=")
        parts = [part.strip() for part in key.split(".")] if nested else [key.strip()]
        if not equals or not all(parts):
            problems.append(f'"{text}" is not KEY=VALUE')
            continue
        place = found
        for part in parts[:-1]:
            below = place.setdefault(part, {})
            place = below if isinstance(below, dict) else place
        if parts[-1] in place:
            problems.append(f'"{key.strip()}" is given twice')
        place[parts[-1]] = typed_value(value)
    if problems:
        raise ParametersInvalid("\n".join(problems))
    return found


def parameters_file(path: Path) -> dict[str, Any]:
    """Return the parameters in a YAML or JSON file, read as strictly as a definition.

    Raises ParametersInvalid; DefinitionInvalid with the places of mistakes; NotFound.
    """
    from controller.adapters.documents.definition_files import load
    from controller.errors import DefinitionInvalid

    documents = load(path)
    problems = [problem for document in documents for problem in document.problems]
    if problems:
        raise DefinitionInvalid(problems)
    if len(documents) != 1 or not isinstance(documents[0].data, dict):
        raise ParametersInvalid(
            f"{path} does not hold one map of parameters", hint="one line per parameter: key: value"
        )
    return documents[0].data
