"""What did the program leave that may be handed over?

The checks and limits are those of the local runner (`adapters/process/results.py`), word for word: a test holds the two
together. They are written down twice because that one lives among the models, which cost a pod 200 ms.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from controller.entrypoints.courier.folders import FOLDER, below, opened

LARGEST_OUTPUT = 16 << 20
LARGEST_RECEIPT = 1 << 20
MOST_ARTIFACTS = 10_000
LARGEST_ARTIFACT = 16 << 30
DEEPEST = 32


class Left(NamedTuple):
    """What lies below `artifacts/`, and what is wrong with what was left."""

    artifacts: list[tuple[str, int]]
    """Paths and sizes."""
    problems: list[str]


@contextmanager
def document(step: int, name: str, most: int, problems: list[str]) -> Iterator[tuple[int, int] | None]:
    """Open `output.json` or `receipt.json`; yield its descriptor and size, or None where it cannot be taken."""
    try:
        state = os.lstat(name, dir_fd=step)
    except FileNotFoundError:
        yield None
        return
    if not stat.S_ISREG(state.st_mode):
        problems.append(f"{name} is not a regular file")
        yield None
        return
    if state.st_size > most:
        problems.append(f"{name} has {state.st_size} bytes; at most {most} are taken")
        yield None
        return
    with opened(step, name) as (descriptor, size):
        yield descriptor, size


def collect(step: int) -> Left:
    """Look at everything below `artifacts/` without opening a file."""
    found = Left([], [])
    try:
        mode = os.lstat("artifacts", dir_fd=step).st_mode
    except FileNotFoundError:
        return found
    if stat.S_ISDIR(mode):
        _enter(step, "artifacts", "", found)
    else:
        found.problems.append("artifacts is not a folder")
    return found


@contextmanager
def artifact(step: int, name: str) -> Iterator[tuple[int, int]]:
    """Open an artifact."""
    *folders, last = name.split("/")
    with below(step, ["artifacts", *folders]) as folder, opened(folder, last) as found:
        yield found


def unreadable(name: str, error: OSError, problems: list[str]) -> None:
    """Say that a file could not be read."""
    problems.append(f"{name} could not be read: {error.strerror or error}")


def _enter(parent: int, folder_name: str, prefix: str, found: Left) -> None:
    try:
        folder = os.open(folder_name, FOLDER, dir_fd=parent)
    except OSError as error:
        unreadable(f"artifacts/{prefix}".rstrip("/"), error, found.problems)
        return
    try:
        _walk(folder, prefix, found, lambda name: _enter(folder, name, f"{prefix}{name}/", found))
    finally:
        os.close(folder)


def _walk(folder: int, prefix: str, found: Left, enter: Callable[[str], None]) -> None:
    problems = found.problems
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        name = prefix + entry.name
        # Also false for names that are not UTF-8: they hold surrogates.
        if not name.isprintable():
            problems.append(f"artifact {name!r}: the name is not printable UTF-8 text")
        elif entry.is_dir(follow_symlinks=False):
            if name.count("/") + 1 >= DEEPEST:
                problems.append(f"artifact {name}: folders are nested deeper than {DEEPEST}")
            else:
                enter(entry.name)
        elif not entry.is_file(follow_symlinks=False):
            kind = "a symbolic link" if entry.is_symlink() else "neither file nor folder"
            problems.append(f"artifact {name} is {kind}")
        elif (size := entry.stat(follow_symlinks=False).st_size) > LARGEST_ARTIFACT:
            problems.append(f"artifact {name} has {size} bytes; at most {LARGEST_ARTIFACT} are taken")
        elif len(found.artifacts) >= MOST_ARTIFACTS:
            problems.append(f"more than {MOST_ARTIFACTS} artifacts")
            return
        else:
            found.artifacts.append((name, size))
