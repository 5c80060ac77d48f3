"""Which files beside an agent's file belong to the agent, and what is in them?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from controller.model.document import Document, render_path
from controller.model.document import Path as DocumentPath
from controller.model.problem import Problem

LARGEST_AGENT_FILE = 16 * 1024 * 1024
"""Bytes of one file. It is copied into the snapshot of every run; larger things belong into an artifact or an image."""

MOST_AGENT_FILES = 1000
"""Files of one pattern."""

_PROCESS: DocumentPath = ("spec", "process")


class _Refused(NamedTuple):
    """Why a file cannot belong to the agent."""

    reason: str


def attach(document: Document, folder: Path) -> Document:
    """Return an agent's document with the files that it refers to, or with the problems of those that are not right.

    Elements of `process.argv` that begin with `./` name one file each; `process.files` are globs. All must be regular
    files inside the agent's folder.
    """
    process = _process(document.data)
    if process is None:
        return document
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for path, pattern in _references(process):
        found = _contents(folder, pattern, single=path[2] == "argv")
        if isinstance(found, _Refused):
            hint = f"paths are relative to the folder of {Path(document.file).name}"
            message = f'"{pattern}": {found.reason}'
            length = document.span(path).length
            problems.append(Problem(document.location(path), render_path(path), message, "AgentFile", hint, length))
        else:
            files.update(found)
    return replace(document, files=files, problems=(*document.problems, *problems))


def _process(data: Any) -> dict[str, Any] | None:
    match data:
        case {"kind": "Agent", "spec": {"process": dict() as process}}:
            return process
        case _:
            return None


def _references(process: dict[str, Any]) -> Iterator[tuple[DocumentPath, str]]:
    for field in ("argv", "files"):
        listed = process.get(field)
        if isinstance(listed, list):
            for index, item in enumerate(listed):
                if isinstance(item, str) and (field == "files" or item.startswith("./")):
                    yield (*_PROCESS, field, index), item


def _contents(folder: Path, pattern: str, *, single: bool) -> dict[str, bytes] | _Refused:
    matches = _matches(folder, pattern, single=single)
    if isinstance(matches, _Refused):
        return matches
    contents = {}
    for file in matches:
        content = _content(file, folder)
        if isinstance(content, _Refused):
            return content
        contents[file.relative_to(folder).as_posix()] = content
    return contents


def _matches(folder: Path, pattern: str, *, single: bool) -> list[Path] | _Refused:
    parts = Path(pattern).parts
    if not parts or Path(pattern).is_absolute() or ".." in parts:
        return _Refused("the path leads out of the agent's folder")
    if single:
        return [folder / pattern]
    try:
        found = sorted(file for file in folder.glob(pattern) if not file.is_dir() and "__pycache__" not in file.parts)
    except (OSError, ValueError) as error:
        return _Refused(f"cannot be searched for: {error}")
    if not found:
        return _Refused("no such file")
    if len(found) > MOST_AGENT_FILES:
        return _Refused(f"more than {MOST_AGENT_FILES} files")
    return found


def _content(file: Path, folder: Path) -> bytes | _Refused:
    try:
        if not file.resolve().is_relative_to(folder.resolve()):
            return _Refused("a link that leads out of the agent's folder")
        if not file.exists():
            return _Refused("no such file")
        if not file.is_file():
            return _Refused("not a regular file")
        if file.stat().st_size > LARGEST_AGENT_FILE:
            return _Refused(f"larger than {LARGEST_AGENT_FILE:,} bytes")
        return file.read_bytes()
    except (OSError, ValueError) as error:
        return _Refused(f"cannot be read: {error}")
