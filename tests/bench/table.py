"""How are figures shown: to people as lines, to programs as JSON, to readers of the documentation as Markdown?"""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from tests.bench.figures import Figure, Growth, Measured

_HOW = (
    "Times hang on the machine and on what else it does, so the limits that matter are ratios: two programs that take"
    " turns in one run, or one program with more and with less to do. Of several rounds the best counts, because"
    " everything else that goes on can only add to a time."
)
_SHORT_MS = 20
_MARKS = {True: "met", False: "MISSED", None: ""}


def lines(measured: Measured) -> Iterator[str]:
    """Yield the result of one measure as a table for people."""
    yield measured.title
    for figure in measured.figures:
        left = f"  {figure.name:<34} {amount(figure):>12}  {limit(figure):<14} {_MARKS[figure.met]:<6}"
        yield f"{left}  {figure.note}".rstrip()
    for growth in measured.growths:
        bound = f"at most {growth.most:g} x" if growth.most is not None else ""
        yield f"  {f'{growth.name}: cost of a {growth.of}':<34} {growth.ratio:>10.2f} x  {bound:<14} {_MARKS[growth.met]}"
        yield f"    {costs(growth)}"
    for reason in measured.missing:
        yield f"  not measured: {reason}"


def amount(figure: Figure) -> str:
    """Return a value with its unit."""
    digits = 0 if figure.unit in {"", "MB", "KiB"} else 2
    if figure.unit == "ms":
        digits = 1 if figure.value < _SHORT_MS else 0
    return f"{figure.value:,.{digits}f} {figure.unit}".rstrip()


def limit(figure: Figure) -> str:
    """Return what the value may be."""
    if figure.most is None:
        return ""
    return f"{'below' if figure.below else 'at most'} {figure.most:g} {figure.unit}".rstrip()


def costs(growth: Growth) -> str:
    """Return what one unit costs at each size."""
    return ", ".join(f"{cost:,.0f} us at {count:,}" for count, cost in sorted(growth.costs.items()))


def machine() -> str:
    """Say in general words on what was measured."""
    cores = os.cpu_count() or 1
    python = platform.python_version()
    return f"{cores} cores, {platform.system()} {platform.machine()}, Python {python}"


def as_json(results: Sequence[Measured]) -> str:
    """Return everything as one JSON document."""
    document = {
        "measuredAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "loadAtEnd": round(os.getloadavg()[0], 2),
        "missed": [f"{one.title}: {name}" for one in results for name in one.missed],
        "measures": [_facts(one) for one in results],
    }
    return json.dumps(document, indent=2)


def _facts(measured: Measured) -> dict[str, object]:
    return {
        "title": measured.title,
        "how": measured.how,
        "figures": [
            {
                "name": figure.name,
                "value": round(figure.value, 4),
                "unit": figure.unit,
                "limit": figure.most,
                "met": figure.met,
                "note": figure.note or None,
            }
            for figure in measured.figures
        ],
        "growth": [
            {
                "name": growth.name,
                "of": growth.of,
                "microseconds": {str(count): round(cost, 1) for count, cost in sorted(growth.costs.items())},
                "ratio": round(growth.ratio, 3),
                "limit": growth.most,
                "met": growth.met,
            }
            for growth in measured.growths
        ],
        "notMeasured": list(measured.missing),
    }


def as_markdown(results: Sequence[Measured]) -> str:
    """Return the page of the documentation."""
    today = datetime.now(UTC).date().isoformat()
    missed = [f"{one.title}: {name}" for one in results for name in one.missed]
    verdict = "Every limit was met." if not missed else "Missed: " + "; ".join(missed) + "."
    origin = (
        f"Measured on {today} with `make bench` ({machine()}; load average at the end {os.getloadavg()[0]:.1f}). This page"
        " is written by `python -m tests.bench --update-docs`; `-o json` prints the same for programs."
    )
    parts = ["# Performance", origin, verdict, _HOW]
    for one in results:
        parts += [f"## {one.title}", one.how, _table(one)]
        parts += [f"Not measured: {reason}" for reason in one.missing]
    return "\n\n".join(parts) + "\n"


def _table(measured: Measured) -> str:
    rows = ["| What | Measured | Limit | |", "| --- | ---: | --- | --- |"]
    for figure in measured.figures:
        mark = " ".join(filter(None, [_MARKS[figure.met], f"({figure.note})" if figure.note else ""]))
        rows.append(f"| {figure.name} | {amount(figure)} | {limit(figure)} | {mark} |")
    for growth in measured.growths:
        bound = f"at most {growth.most:g} x" if growth.most is not None else ""
        name = f"{growth.name}: cost of a {growth.of}, {costs(growth)}"
        rows.append(f"| {name} | {growth.ratio:.2f} x | {bound} | {_MARKS[growth.met]} |")
    return "\n".join(rows)
