"""The page of all states: what may follow what, drawn from the transition tables of the engine."""

from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from typing import TypeVar

from controller.engine.transitions import FACTS, GATE, RUN, STEP, UNDO
from controller.machine.table import Table

PAGE = "docs/spec/states.md"

S = TypeVar("S", bound=StrEnum)

INTRODUCTION = """# States

Generated from `controller/engine/transitions.py` by `make generate`; do not edit. A state changes by a record of the ledger
and in no other way: each arrow bears the kinds of records that take it, and what has no arrow is refused. What the kinds
mean stands in [ledger.md](ledger.md), what follows for people in [run.md](run.md).
"""


def states_page() -> dict[str, str]:
    """Return the page."""
    parts = [
        INTRODUCTION,
        *_part("Run", RUN),
        *_part("Step and instance", STEP),
        *_part("Checkpoint", GATE),
        *_part("Undo of a step", UNDO),
        "## Facts\n",
        "Records that move none of these: " + ", ".join(f"`{kind}`" for kind in sorted(FACTS)) + ".\n",
    ]
    return {PAGE: "\n".join(parts)}


def _part(title: str, table: Table[S]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "\n".join(["```mermaid", "stateDiagram-v2", *_arrows(table), "```\n"])
    yield "\n".join(["| From | Record | To |", "| --- | --- | --- |", *_rows(table)]) + "\n"


def _arrows(table: Table[S]) -> Iterator[str]:
    yield f"    [*] --> {next(iter(table.rows))}"
    kinds: dict[tuple[S, S], list[str]] = defaultdict(list)
    for source, kind, target in table.edges():
        kinds[source, target].append(kind)
    for (source, target), names in kinds.items():
        yield f"    {source} --> {target}: {', '.join(names)}"
    for state, row in table.rows.items():
        if not row:
            yield f"    {state} --> [*]"


def _rows(table: Table[S]) -> Iterator[str]:
    for state, row in table.rows.items():
        if not row:
            yield f"| {state} | – | – |"
        for kind, target in row.items():
            yield f"| {state} | {kind} | {target} |"
