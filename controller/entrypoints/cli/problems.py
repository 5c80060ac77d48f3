"""How are problems in files shown: to a person, to a program, to a code host?"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from controller import __version__
from controller.model.document import Document, split_lines
from controller.model.problem import Problem
from controller.runtime.phrases import counted

_GUTTER = 7
"""Columns for the line number of an excerpt."""

Paint = Callable[[str, str], str]
"""Text and severity -> text in colour."""


def as_text(problems: Sequence[Problem], documents: Iterable[Document], paint: Paint | None = None) -> str:
    """Return one entry per problem, places aligned within a file; a hint comes with an excerpt of the file.

    A file that is not among the documents is read again, if it is still there.
    """
    lines = {document.file: split_lines(document.text) for document in documents}
    for file in {problem.location.file for problem in problems} - lines.keys():
        lines[file] = _reread(file)
    entries = []
    for file, group in groupby(problems, key=lambda problem: problem.location.file):
        found = list(group)
        width = max(len(_place(problem)) for problem in found)
        entries += [line for problem in found for line in _entry(problem, width, lines.get(file, []), paint)]
    return "\n".join(entries)


def summary(problems: Sequence[Problem], files: int) -> str:
    """Return the last line: what was found in how many files, and that nothing was changed."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    counts = [counted(errors, "problem")] if errors else []
    counts += [counted(warnings, "warning")] if warnings else []
    if not counts:
        return f"no problems in {counted(files, 'file')}"
    where = counted(len({problem.location.file for problem in problems}), "file")
    return f"{' and '.join(counts)} in {where}{'; nothing was changed' if errors else ''}."


def as_value(problems: Sequence[Problem], files: int) -> dict[str, Any]:
    """Return the problems for programs."""
    listed = [
        {
            "file": problem.location.file,
            "line": problem.location.line,
            "column": problem.location.column,
            "length": problem.length,
            "path": problem.path,
            "severity": problem.severity,
            "rule": problem.rule,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return {"files": files, "problems": listed}


def as_sarif(problems: Sequence[Problem]) -> str:
    """Return the problems as SARIF 2.1.0, which code hosts show beside the lines of a change."""
    rules = sorted({problem.rule for problem in problems})
    run = {
        "tool": {
            "driver": {
                "name": "libretto",
                "version": __version__,
                "rules": [{"id": rule} for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, rules.index(problem.rule)) for problem in problems],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _reread(file: str) -> list[str]:
    try:
        return split_lines(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return []


def _result(problem: Problem, rule: int) -> Mapping[str, Any]:
    location = problem.location
    region: dict[str, Any] = {"startLine": location.line, "startColumn": location.column}
    if problem.length:
        region["endColumn"] = location.column + problem.length
    text = problem.message if problem.hint is None else f"{problem.message} ({problem.hint})"
    place: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": quote(location.file)}, "region": region},
    }
    if problem.path:
        place["logicalLocations"] = [{"fullyQualifiedName": problem.path}]
    return {
        "ruleId": problem.rule,
        "ruleIndex": rule,
        "level": problem.severity,
        "message": {"text": text},
        "locations": [place],
    }


def _place(problem: Problem) -> str:
    location = problem.location
    return f"{location.file}:{location.line}:{location.column}"


def _entry(problem: Problem, width: int, lines: Sequence[str], paint: Paint | None) -> list[str]:
    prefix = "" if problem.severity == "error" else f"{problem.severity}: "
    entry = [f"{_place(problem):<{width}}  {prefix}{problem.message}"]
    if problem.hint is None:
        return entry
    location = problem.location
    if not 0 < location.line <= len(lines):
        return [*entry, f"{'':{_GUTTER}}   {problem.hint}"]
    line = lines[location.line - 1]
    # Tabs stay tabs, so that the mark stands under what it means however wide they are shown.
    indent = "".join("\t" if letter == "\t" else " " for letter in line[: location.column - 1])
    mark = "^" * max(1, min(problem.length, len(line) - location.column + 1))
    if paint is not None:
        mark = paint(mark, problem.severity)
    return [
        *entry,
        f"{location.line:>{_GUTTER}} | {line}",
        f"{'':{_GUTTER}} | {indent}{mark}  {problem.hint}",
    ]
