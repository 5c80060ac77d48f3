"""How does a check say what is wrong, while positions and original spelling stay somebody else's care?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

from controller.model.document import Document, Path, Span, render_path
from controller.model.problem import Location, Problem

_CLOSE = 0.6
"""How alike two words must be, by difflib's ratio; its own default."""


class Part(NamedTuple):
    """A part of a text value."""

    text: str
    """The whole text."""
    column: int
    """Where the part begins in it, from 1."""
    length: int = 0
    """Characters; 0: to the end."""


@dataclass(frozen=True)
class Findings:
    """Collects the problems of one document. Checks speak of canonical paths; problems point into the file as written."""

    document: Document
    origins: dict[Path, Path] = field(default_factory=dict)
    """Canonical path -> path in the document, for what normalising moved or renamed; what is below moves along."""
    silent: set[Path] = field(default_factory=set)
    """Canonical paths about which enough was said; nothing at or below them is reported any more."""
    fillers: set[str] = field(default_factory=set)
    """Names that stand in for missing ones while the other checks go on; no message ever speaks of them."""
    problems: list[Problem] = field(default_factory=list)

    def origin(self, path: Path) -> Path:
        """Return where the value at a canonical path was written."""
        for length in range(len(path), -1, -1):
            if (moved := self.origins.get(path[:length])) is not None:
                return (*moved, *path[length:])
        return path

    def name(self, path: Path) -> str:
        """Return the last field name on the path, spelled as the author did."""
        return next((part for part in reversed(self.origin(path)) if isinstance(part, str)), "the document")

    def line(self, path: Path) -> int:
        """Return the line of the value at a canonical path."""
        written = self.origin(path)
        return self.document.span(written).line if written else self.document.line

    def add(
        self,
        path: Path,
        message: str,
        rule: str,
        hint: str | None = None,
        *,
        key: bool = False,
        severity: str = "error",
        part: Part | None = None,
    ) -> None:
        """Report a problem with the value at a canonical path; `key` points at its name, `part` at a part of a text.

        What is missing is reported with the path that it would have.
        """
        silent = any(path[:length] in self.silent for length in range(len(path) + 1))
        if not silent and not any(filler in message for filler in self.fillers):
            self.add_written(self.origin(path), message, rule, hint, key=key, severity=severity, part=part)

    def add_written(
        self,
        written: Path,
        message: str,
        rule: str,
        hint: str | None = None,
        *,
        key: bool = False,
        severity: str = "error",
        part: Part | None = None,
    ) -> None:
        """Report a problem with the value at a path of the document as it was written."""
        # What is said about a name has nothing to do with a value that reading refused.
        if self.document.silenced(written[:-1] if key else written):
            return
        span = self.document.span(written, key=key)
        if part is not None:
            span = _narrowed(span, part)
        location = Location(self.document.file, span.line, span.column)
        self.problems.append(Problem(location, render_path(written), message, rule, hint, span.length, severity))

    def warn(self, path: Path, message: str, rule: str, hint: str | None = None, *, key: bool = False) -> None:
        """Report something doubtful: it is shown and refuses nothing."""
        self.add(path, message, rule, hint, key=key, severity="warning")


def _narrowed(span: Span, part: Part) -> Span:
    """Return where a part of a text stands, if the text stands in the file as it is, plain or quoted."""
    quotes = span.length - len(part.text)
    if quotes not in {0, 2}:
        return span
    start = span.column + quotes // 2 + part.column - 1
    return Span(span.line, start, part.length or len(part.text) - part.column + 1)


def close_to(word: str, known: Iterable[str]) -> str | None:
    """Return the closest known word, if one is close. Case and underscores do not count: spellings differ in them."""
    # Of two spellings of one name the one that is written like `word` is meant.
    alike = sorted(known, key=lambda name: ("_" in name) == ("_" in word))
    plain = {_plain(name): name for name in alike}
    close = get_close_matches(_plain(word), plain, n=1, cutoff=_CLOSE)
    return plain[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the hint that names the closest known word, if one is close."""
    close = close_to(word, known)
    return f'did you mean "{close}"?' if close else None


def _plain(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
