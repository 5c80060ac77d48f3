"""How is a folder entered whose content somebody else wrote? By descriptors, name by name, and never through a link.

A path like `/libretto/step/output.json` would follow a link in any of its folders; the program may have put one there.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# Without O_NONBLOCK a pipe without a writer would hold us for ever.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

CHUNK = 256 * 1024
"""Bytes that are read at a time: large enough to be fast, small beside the interpreter itself."""


@contextmanager
def entered(path: str) -> Iterator[int]:
    """Open a folder whose own path is ours but for the last name."""
    folder = os.open(path, FOLDER)
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def below(top: int, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
    """Open the folder that lies so many names below another one. With `make`, those that are missing are made."""
    folder = os.dup(top)
    try:
        for name in parts:
            if make:
                _make(folder, name)
            inner = os.open(name, FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _make(folder: int, name: str) -> None:
    try:
        # The pod is the border, not the user: the program may run as any. The mask is zero (`__main__.py`).
        os.mkdir(name, 0o777, dir_fd=folder)
    except FileExistsError:
        return


@contextmanager
def opened(folder: int, name: str) -> Iterator[tuple[int, int]]:
    """Open a regular file for reading; yield its descriptor and size. Raises OSError, also for what is none."""
    descriptor = os.open(name, FILE, dir_fd=folder)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise OSError(f"{name} is not a regular file")
        yield descriptor, state.st_size
    finally:
        os.close(descriptor)


@contextmanager
def written(folder: int, name: str, mode: int) -> Iterator[int]:
    """Make a file that appears under its name when it is whole, in place of whatever has the name."""
    part = f".{name[:100]}.part"
    # What an interrupted courier left: this one starts anew.
    discard(folder, part)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        yield descriptor
        os.fchmod(descriptor, mode)
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        os.close(descriptor)
        discard(folder, part)


def discard(folder: int, name: str) -> None:
    """Remove a file, if there is one."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def chunks(descriptor: int) -> Iterator[bytes]:
    """Yield the content of a file from its beginning."""
    position = 0
    while chunk := os.pread(descriptor, CHUNK, position):
        position += len(chunk)
        yield chunk
