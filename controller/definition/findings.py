"""How does a check say what is wrong, while positions and original spelling stay somebody else's care?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from controller.model.document import Document, Path, render_path
from controller.model.problem import Location, Problem


@dataclass(frozen=True)
class Findings:
    """Collects the problems of one document. Checks speak of canonical paths; problems point into the file as written."""

    document: Document
    origins: Mapping[Path, Path] = field(default_factory=dict)
    """Canonical path -> path in the document, for what normalising moved or renamed; what is below moves along."""
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

    def add(
        self,
        path: Path,
        message: str,
        rule: str,
        hint: str | None = None,
        *,
        key: bool = False,
        severity: str = "error",
        offset: int = 0,
    ) -> None:
        """Report a problem with the value at a canonical path; `key` points at its name instead.

        `offset` is how many characters into a one-line value the mistake begins.
        """
        self.add_written(self.origin(path), message, rule, hint, key=key, severity=severity, offset=offset)

    def add_written(
        self,
        written: Path,
        message: str,
        rule: str,
        hint: str | None = None,
        *,
        key: bool = False,
        severity: str = "error",
        offset: int = 0,
    ) -> None:
        """Report a problem with the value at a path of the document as it was written."""
        # What is said about a name has nothing to do with a value that reading refused.
        if self.document.silenced(written[:-1] if key else written):
            return
        span = self.document.span(written, key=key)
        location = Location(self.document.file, span.line, span.column + min(offset, max(span.length - 1, 0)))
        length = max(span.length - offset, 0)
        self.problems.append(Problem(location, render_path(written), message, rule, hint, length, severity))

    def warn(self, path: Path, message: str, rule: str, hint: str | None = None, *, key: bool = False) -> None:
        """Report something doubtful: it is shown and refuses nothing."""
        self.add(path, message, rule, hint, key=key, severity="warning")


def close_to(word: str, known: Iterable[str]) -> str | None:
    """Return the closest known word, if one is close. Case and underscores do not count: spellings differ in them."""
    plain = {_plain(name): name for name in known}
    close = get_close_matches(_plain(word), plain, n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the hint that names the closest known word, if one is close."""
    close = close_to(word, known)
    return f'did you mean "{close}"?' if close else None


def _plain(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()
