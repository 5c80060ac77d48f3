"""Which files beside an agent's file belong to the agent, and what is in them?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from controller.model.document import Document, render_path
from controller.model.document import Path as DocumentPath
from controller.model.problem import Problem

LARGEST_AGENT_FILE = 16 * 1024 * 1024
"""Bytes of one file. It is copied into the snapshot of every run; larger things belong into an artifact or an image."""

MOST_AGENT_FILES = 1000
"""Files of one pattern."""

_PROCESS: DocumentPath = ("spec", "process")


class _Refused(Exception):
    """Why a file cannot belong to the agent."""


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
        try:
            for file in _matches(folder, pattern, single=path[2] == "argv"):
                files[file.relative_to(folder).as_posix()] = _content(file, folder)
        except _Refused as refused:
            span = document.span(path)
            problems.append(
                Problem(
                    document.location(path),
                    render_path(path),
                    f'"{pattern}": {refused}',
                    "AgentFile",
                    f"paths are relative to the folder of {Path(document.file).name}",
                    span.length,
                )
            )
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


def _matches(folder: Path, pattern: str, *, single: bool) -> list[Path]:
    parts = Path(pattern).parts
    if not parts or Path(pattern).is_absolute() or ".." in parts:
        raise _Refused("the path leads out of the agent's folder")
    if single:
        return [folder / pattern]
    found = sorted(file for file in folder.glob(pattern) if not file.is_dir() and "__pycache__" not in file.parts)
    if not found:
        raise _Refused("no such file")
    if len(found) > MOST_AGENT_FILES:
        raise _Refused(f"more than {MOST_AGENT_FILES} files")
    return found


def _content(file: Path, folder: Path) -> bytes:
    try:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise _Refused("a link that leads out of the agent's folder")
        if not file.exists():
            raise _Refused("no such file")
        if not file.is_file():
            raise _Refused("not a regular file")
        if file.stat().st_size > LARGEST_AGENT_FILE:
            raise _Refused(f"larger than {LARGEST_AGENT_FILE:,} bytes")
        return file.read_bytes()
    except OSError as error:
        raise _Refused(f"cannot be read: {error.strerror}") from error
