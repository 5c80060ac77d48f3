"""What did an ended attempt leave behind that may be published?"""

import os
import stat

from controller.model.attempt import Collected, CollectedArtifact

LARGEST_OUTPUT = 16 << 20
"""Bytes of `output.json`: it is held in memory and passed on to later steps; more belongs into an artifact."""

LARGEST_RECEIPT = 1 << 20
"""Bytes of `receipt.json`."""

MOST_ARTIFACTS = 10_000
LARGEST_ARTIFACT = 16 << 30
"""Bytes of one artifact."""

DEEPEST = 32
"""Levels of folders below `artifacts/`."""


def collect_results(directory: str, problems: tuple[str, ...] = ()) -> Collected:
    """Read what lies in an attempt's directory; whatever must not be published becomes a problem. Raises OSError."""
    found = list(problems)
    output = _read(directory, "output.json", LARGEST_OUTPUT, found)
    receipt = _read(directory, "receipt.json", LARGEST_RECEIPT, found)
    artifacts: list[CollectedArtifact] = []
    top = directory + "/artifacts"
    try:
        mode = os.lstat(top).st_mode
    except FileNotFoundError:
        return Collected(output, receipt, (), tuple(found))
    if stat.S_ISDIR(mode):
        _walk(top, "", artifacts, found)
    else:
        found.append("artifacts is not a folder")
    return Collected(output, receipt, tuple(artifacts), tuple(found))


def _read(directory: str, name: str, most: int, problems: list[str]) -> bytes | None:
    path = f"{directory}/{name}"
    try:
        state = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(state.st_mode):
        problems.append(f"{name} is not a regular file")
        return None
    if state.st_size > most:
        problems.append(f"{name} has {state.st_size} bytes; at most {most} are taken")
        return None
    # Between the look and the opening, a process that left its group may have put a link or a pipe there.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        return file.read(most)


def _walk(folder: str, prefix: str, artifacts: list[CollectedArtifact], problems: list[str]) -> None:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        name = prefix + entry.name
        # Also false for names that are not UTF-8: they hold surrogates.
        if not name.isprintable():
            problems.append(f"artifact {name!r}: the name is not printable UTF-8 text")
        elif entry.is_dir(follow_symlinks=False):
            if name.count("/") + 1 >= DEEPEST:
                problems.append(f"artifact {name}: folders are nested deeper than {DEEPEST}")
            else:
                _walk(entry.path, name + "/", artifacts, problems)
        elif not entry.is_file(follow_symlinks=False):
            kind = "a symbolic link" if entry.is_symlink() else "neither file nor folder"
            problems.append(f"artifact {name} is {kind}")
        elif (size := entry.stat(follow_symlinks=False).st_size) > LARGEST_ARTIFACT:
            problems.append(f"artifact {name} has {size} bytes; at most {LARGEST_ARTIFACT} are taken")
        elif len(artifacts) >= MOST_ARTIFACTS:
            problems.append(f"more than {MOST_ARTIFACTS} artifacts")
            return
        else:
            artifacts.append(CollectedArtifact(name, entry.path, size))
