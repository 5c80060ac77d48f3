"""Which requirements does no test prove? Reads the markers in the tests, without running them.

    python -m tools.requirements             the rows that nobody proves, by area
    python -m tools.requirements --proved    the rows that somebody proves, and where

Ends with 1 where a marker names an id that tests/requirements.tsv does not hold, or no plain string.
"""

import argparse
import ast
import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_RUN = frozenset({"skip", "xfail"})
"""A test that carries one of these proves nothing, whatever else it is marked with."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list: what must be true."""

    id: str
    area: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One marker argument: `place` says that it proves `id`; None stands for anything but a plain string."""

    id: str | None
    place: str


def read_rows(path: Path) -> dict[str, Row]:
    """Read the list, in its own order. A doubled id is an error, for the second row would be lost."""
    rows: dict[str, Row] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            row = Row(line["id"], line["area"], line["requirement"])
            if row.id in rows:
                raise ValueError(f"{path.name}: {row.id} stands there twice")
            rows[row.id] = row
    return rows


def mark_name(node: ast.expr) -> str | None:
    """Return `x` of `pytest.mark.x`, `pytest.mark.x(...)` and the same without `pytest.`; None of all else."""
    if isinstance(node, ast.Call):
        node = node.func
    match node:
        case ast.Attribute(attr=name, value=ast.Attribute(attr="mark") | ast.Name(id="mark")):
            return name
        case _:
            return None


def claims_in(source: str, name: str) -> Iterator[Claim]:
    """Find every requirement marker in one file: on tests, on classes, in `pytestmark`, in `pytest.param(marks=...)`."""
    unvisited: list[ast.AST] = [ast.parse(source, filename=name)]
    while unvisited:
        node = unvisited.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and any(
            mark_name(decorator) in NOT_RUN for decorator in node.decorator_list
        ):
            continue
        if isinstance(node, ast.Call) and mark_name(node) == "requirement":
            place = f"{name}:{node.lineno}"
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            ids = [argument.value if isinstance(argument, ast.Constant) else None for argument in arguments] or [None]
            yield from (Claim(id_ if isinstance(id_, str) else None, place) for id_ in ids)
        unvisited.extend(ast.iter_child_nodes(node))


def claims_under(tests: Path) -> list[Claim]:
    """Find the markers of all test files, which are those that pytest collects."""
    return [
        claim
        for path in sorted(tests.rglob("test_*.py"))
        for claim in claims_in(path.read_text(encoding="utf-8"), path.relative_to(tests.parent).as_posix())
    ]


def wrong(rows: Mapping[str, Row], claims: Sequence[Claim]) -> list[str]:
    """List the claims that cannot be counted, each with its place."""
    return [
        f"{claim.place}: " + ("not a plain string" if claim.id is None else f"no requirement is called {claim.id}")
        for claim in claims
        if claim.id not in rows
    ]


def report(rows: Mapping[str, Row], claims: Sequence[Claim], *, proved: bool) -> Iterator[str]:
    """Write the list of unproved (or proved) rows by area, each area under its count, the sum last."""
    places: dict[str | None, list[str]] = defaultdict(list)
    for claim in claims:
        places[claim.id].append(claim.place)
    areas: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        areas[row.area].append(row)
    for area, members in areas.items():
        yield f"{area}: {sum(row.id in places for row in members)} of {len(members)} proved"
        for row in members:
            if (row.id in places) == proved:
                yield f"  {row.id}  {row.text}"
                yield from (f"           {place}" for place in places.get(row.id, ()))
        yield ""
    yield f"all: {sum(row in places for row in rows)} of {len(rows)} proved"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; 1 where a marker is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.requirements", description="What does no test prove?")
    parser.add_argument("--proved", action="store_true", help="list the proved rows, and where, instead")
    parser.add_argument("--tests", type=Path, default=ROOT / "tests", help="folder with the tests and requirements.tsv")
    options = parser.parse_args(arguments)
    rows = read_rows(options.tests / "requirements.tsv")
    claims = claims_under(options.tests)
    for line in report(rows, claims, proved=options.proved):
        print(line)
    problems = wrong(rows, claims)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
