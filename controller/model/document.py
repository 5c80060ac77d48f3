"""What was read from a file, and where each part of it stands in the text."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from controller.model.problem import Location, Problem

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a document to a value in it."""


class Span(NamedTuple):
    """A stretch of one line; line and column count from 1, as editors do."""

    line: int
    column: int
    length: int
    """Characters; 0 for what covers several lines."""


class Positions(NamedTuple):
    """Where the values and the keys of a document stand."""

    values: Mapping[Path, Span]
    keys: Mapping[Path, Span]
    """By the path of the value that the key names."""


LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What the YAML parser counts as the end of a line; the same for all files."""


def split_lines(text: str) -> list[str]:
    """Return the lines of a text."""
    return LINE_BREAK.split(text)


def place(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of the character at `offset`."""
    lines = split_lines(text[:offset])
    return len(lines), len(lines[-1]) + 1


def no_positions() -> Positions:
    """Return the positions of a document that was never text."""
    return Positions({}, {})


@dataclass(frozen=True, eq=False)
class Document:
    """One document of a file. Its positions are found when first asked for: most files never have a problem."""

    file: str
    """Name as the user gave it, for messages."""
    data: Any
    """Plain JSON value; None when the file could not be read at all."""
    text: str = ""
    """The whole file, for excerpts."""
    index: int = 0
    """Which document of its file, from 0."""
    problems: tuple[Problem, ...] = ()
    """What reading found."""
    refused: frozenset[Path] = frozenset()
    """Paths whose values reading refused: checks say nothing more about them."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """For agents: the files beside the agent's file that it refers to, by relative path."""
    line: int = 1
    """Line in which it begins."""
    locate: Callable[[], Positions] = field(default=no_positions, repr=False)
    _found: list[Positions] = field(default_factory=list, repr=False)

    @property
    def readable(self) -> bool:
        """Whether there is a document to check; false when the text as a whole is broken."""
        return () not in self.refused

    @property
    def positions(self) -> Positions:
        """Where everything stands."""
        if not self._found:
            self._found.append(self.locate())
        return self._found[0]

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Return where the value at `path` stands, or its key; for what is not there, the nearest thing around it."""
        positions = self.positions
        if key and (found := positions.keys.get(path)):
            return found
        if found := positions.values.get(path):
            return found
        for parent in _parents(path):
            found = positions.keys.get(parent) or positions.values.get(parent)
            if found:
                return found
        return Span(1, 1, 0)

    def location(self, path: Path) -> Location:
        """Return where the value at `path` stands, for a message."""
        span = self.span(path)
        return Location(self.file, span.line, span.column)

    def silenced(self, path: Path) -> bool:
        """Whether reading has refused the value at `path`, or one around it."""
        return any(path[:length] in self.refused for length in range(len(path) + 1))


def render_path(path: Path) -> str:
    """Return the path as people write it: `spec.steps[2].dependsOn[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.replace("_", "a").replace("-", "a").isalnum():
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _parents(path: Path) -> Iterator[Path]:
    for length in range(len(path) - 1, -1, -1):
        yield path[:length]
