"""Values that are typed: `key=value`, and files of them."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from controller.errors import DefinitionInvalid, ParametersInvalid


def typed_value(text: str) -> Any:
    """Return the JSON value that `text` is, else the text itself: `3` is a number, `a red boat` and `2026-07-01` are texts.

    Raises ValueError for what reads as JSON but has no exact form: a text is not what was meant with such a number.
    """
    from controller.runtime.strict_json import parse

    try:
        return parse(os.fsencode(text))
    except ValueError as error:
        if _reads_as_json(text):
            raise ValueError(f"{error} (for a text, put it into quotes: '\"…\"')") from error
        return text


def _reads_as_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def assignments(texts: Iterable[str], option: str) -> dict[str, Any]:
    """Return the values of `key=value` texts that an option was given. Raises click.UsageError with all that is wrong."""
    found: dict[str, Any] = {}
    problems = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            problems.append(f"{option} {text}: write it as name=value")
        elif key in found:
            problems.append(f"{option} {key} is given twice")
        try:
            found[key] = typed_value(value)
        except ValueError as error:
            problems.append(f"{option} {key}: {error}")
    if problems:
        raise click.UsageError("\n".join(problems))
    return found


def parameters_file(path: Path) -> dict[str, Any]:
    """Return the parameters in a YAML or JSON file, read as strictly as a definition.

    Raises ParametersInvalid; DefinitionInvalid with the places of mistakes.
    """
    from controller.adapters.documents.definition_files import load

    documents = load(path)
    problems = [problem for document in documents for problem in document.problems]
    if problems:
        raise DefinitionInvalid(problems)
    if len(documents) != 1 or not isinstance(documents[0].data, dict):
        raise ParametersInvalid(
            f"{path} does not hold one map of parameters", hint="one line per parameter: key: value"
        )
    return documents[0].data


def given(texts: Iterable[str], file: Path | None) -> dict[str, Any]:
    """Return the parameters of a call: those of the file, overruled by the single ones."""
    values: Mapping[str, Any] = parameters_file(file) if file is not None else {}
    return {**values, **assignments(texts, "--param")}
