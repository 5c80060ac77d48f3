"""Which definition files lie under a path, and what is in them?"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from controller.adapters.documents.agent_files import attach
from controller.adapters.documents.limits import LARGEST_FILE
from controller.adapters.documents.read import read, unreadable
from controller.model.document import Document

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
"""What a definition file is called."""

FOLDER_NAME = "definitions"
"""Name of the folder that holds the definitions of a project."""

_NOT_SCANNED = frozenset({"cases", "__pycache__", "node_modules"})


NEARBY = 2
"""Levels of folders below a definition that lies in no folder named `definitions`, as far as `agents/<slug>/`. Its folder
may be anything, a home directory even, so it is not searched to the bottom."""


def load_together(path: Path) -> list[Document]:
    """Return the documents of all definition files that `path` may refer to: those of its definitions folder."""
    folder = definitions_folder(path)
    return load(folder, None if folder.name == FOLDER_NAME or folder == path else NEARBY)


def load(path: Path, levels: int | None = None) -> list[Document]:
    """Return the documents of a definition file, or of all definition files in a folder and below, sorted by name.

    `levels` is how many levels of folders are entered; None: all. Folders named `cases` and hidden folders are not entered, links to folders not followed, links to files only within
    the folder. Agents carry the files that they refer to; such a file is never taken for a definition itself. What
    cannot be read becomes an unreadable document that says why.
    """
    if not path.is_dir():
        return _load_file(path, path.parent)
    loaded: dict[Path, list[Document]] = {file: _load_file(file, path) for file in _scan(path, levels)}
    referred = {
        os.path.normpath(file.parent / name)
        for file, documents in loaded.items()
        for document in documents
        for name in document.files
    }
    return [
        document
        for file, documents in loaded.items()
        if os.path.normpath(file) not in referred
        for document in documents
    ]


def files(path: Path) -> list[Path]:
    """Return the definition files that `load` reads for a path, sorted by name; those that agents refer to included."""
    return list(_scan(path, None)) if path.is_dir() else [path]


def definitions_folder(path: Path) -> Path:
    """Return the folder whose definitions belong together with `path`: the nearest one named `definitions`, else its own."""
    absolute = Path(os.path.normpath(Path.cwd() / path))
    own = absolute if absolute.is_dir() else absolute.parent
    found = next((folder for folder in (own, *own.parents) if folder.name == FOLDER_NAME), own)
    if path.is_absolute():
        return found
    return Path(os.path.relpath(found))


def renamed(document: Document, file: str) -> Document:
    """Return the document under another name of its file, for messages."""
    if file == document.file:
        return document
    problems = tuple(problem._replace(location=problem.location._replace(file=file)) for problem in document.problems)
    return replace(document, file=file, problems=problems)


def _scan(folder: Path, levels: int | None) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            if levels != 0 and not entry.name.startswith(".") and entry.name not in _NOT_SCANNED:
                yield from _scan(folder / entry.name, None if levels is None else levels - 1)
        elif not entry.name.startswith(".") and Path(entry.name).suffix in SUFFIXES and not entry.is_dir():
            yield folder / entry.name


def _load_file(file: Path, root: Path) -> list[Document]:
    name = file.as_posix()
    try:
        if not file.is_file():
            word = "is not a regular file" if file.exists() else "does not exist"
            return [unreadable(name, f"the file {word}", "Unreadable")]
        if file.is_symlink() and not file.resolve().is_relative_to(root.resolve()):
            return [unreadable(name, f"a link that leads out of {root.as_posix()}", "Unreadable")]
        size = file.stat().st_size
        if size > LARGEST_FILE:
            return [unreadable(name, f"{size:,} bytes; at most {LARGEST_FILE:,} are read", "TooLarge")]
        documents = read(name, file.read_bytes())
    except OSError as error:
        return [unreadable(name, f"cannot be read: {error.strerror}", "Unreadable")]
    return [attach(document, file.parent) for document in documents]
