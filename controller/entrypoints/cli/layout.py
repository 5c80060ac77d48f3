"""How do tables, labelled facts and trees look on a screen?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Rows = Sequence[Sequence[str]]


def table(heads: Sequence[str], rows: Rows) -> list[str]:
    """Return a table with its columns aligned to the left; the last one takes what it needs."""
    widths = [max(len(line[column]) for line in (heads, *rows)) for column in range(len(heads))]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (heads, *rows)
    ]


def facts(pairs: Iterable[tuple[str, str]], indent: int = 2) -> list[str]:
    """Return lines of `label  value`, values aligned; a label that is empty continues the one before."""
    shown = [(label, value) for label, value in pairs if value]
    width = max((len(label) for label, _ in shown), default=0)
    return [f"{'':{indent}}{label:<{width}}  {value}" for label, value in shown]


class Branch(NamedTuple):
    """A line with what hangs below it."""

    text: str
    below: Sequence["Branch"] = ()
    facts: Mapping[str, Any] = {}
    """What programs are told instead of the line."""


def drawn(branches: Sequence[Branch], above: str = "") -> Iterator[str]:
    """Yield the lines of a tree."""
    for number, branch in enumerate(branches):
        last = number == len(branches) - 1
        yield f"{above}{'└─ ' if last else '├─ '}{branch.text}"
        yield from drawn(branch.below, above + ("   " if last else "│  "))
