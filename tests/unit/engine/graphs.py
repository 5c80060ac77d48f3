"""Graphs in one line: `graph("a b<-a c<-a,b")`, `graph("build: a b<-a; left: c || right: d")`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from controller.model.graph import Graph, GraphGate, GraphPhase, GraphStep, RetryPolicy

DIGEST = "blake3:" + "d" * 64

GATE = GraphGate("sure?")
OPTIONAL = GraphGate("any objections?", required=False, timeout_ms=60_000)
THREE = RetryPolicy(max_attempts=3)
"""Waits 2 s, then 4 s."""

Each = Mapping[str, Mapping[str, Any]]
NOTHING: Each = MappingProxyType({})


def graph(text: str, each: Each = NOTHING, *, finalizers: str = "", phases: Each = NOTHING, **run: Any) -> Graph:
    """Return the graph that `text` draws.

    Words are steps in FIFO order, `b<-a,c` waits for both. With phases the text is `phase: steps; phase: steps`, and
    `||` instead of `;` puts phases into one entry. `each` gives members of steps by id (`*` for all), `phases` those of
    phases, `run` those of the graph. Everything may run at once unless `max_parallel` says less.
    """
    drawn: list[tuple[str, int]] = []
    described: list[tuple[str, int]] = []
    entries: list[tuple[int, ...]] = []
    for entry in text.split(";") if ":" in text else []:
        members = entry.split("||")
        entries.append(tuple(range(len(described), len(described) + len(members))))
        for member in members:
            name, _, words = member.partition(":")
            drawn += [(word, len(described)) for word in words.split()]
            described.append((name.strip(), len(entries) - 1))
    if not entries:
        drawn = [(word, -1) for word in text.split()]
    ordinary = len(drawn)
    drawn += [(word, -1) for word in finalizers.split()]
    steps = _steps(drawn, ordinary, each)
    steps_of: list[list[int]] = [[] for _ in described]
    for index, (_, phase) in enumerate(drawn):
        if phase >= 0:
            steps_of[phase].append(index)
    return Graph(
        digest=DIGEST,
        name="play",
        version="1.0.0",
        steps=steps,
        by_id={step.id: step.index for step in steps},
        ordinary=ordinary,
        phases=tuple(
            GraphPhase(name, entry, steps=tuple(steps_of[number]), **phases.get(name, {}))
            for number, (name, entry) in enumerate(described)
        ),
        entries=tuple(entries),
        **{"max_parallel": 1000, **run},
    )


def _steps(drawn: list[tuple[str, int]], ordinary: int, each: Each) -> tuple[GraphStep, ...]:
    names = [word.partition("<-")[0] for word, _ in drawn]
    place = {name: index for index, name in enumerate(names)}
    needs = [tuple(sorted(place[one] for one in word.partition("<-")[2].split(",") if one)) for word, _ in drawn]
    successors: list[list[int]] = [[] for _ in names]
    for index, needed in enumerate(needs):
        for one in needed:
            successors[one].append(index)
    assert set(each) <= {*names, "*"}, each
    return tuple(
        GraphStep(
            id=name,
            index=index,
            needs=len(needs[index]),
            dependencies=needs[index],
            successors=tuple(successors[index]),
            phase=drawn[index][1],
            finalizer=index >= ordinary,
            **{**each.get("*", {}), **each.get(name, {})},
        )
        for index, name in enumerate(names)
    )


def chain(count: int) -> Graph:
    """Return steps that wait for each other in a row."""
    return graph(" ".join(f"s{one}<-s{one - 1}" if one else "s0" for one in range(count)))
