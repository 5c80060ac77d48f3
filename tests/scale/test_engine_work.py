"""Cost per event hangs on the step and its neighbours, never on the size of the run. Work is counted, not timed."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from controller.engine.evolve import evolve
from controller.model.graph import Graph
from tests.unit.engine.graphs import chain, graph
from tests.unit.engine.world import World

SMALL, LARGE = 1_000, 10_000
WINDOW = 100
"""Steps in the middle of the run that are looked at."""
MOST = 1.3
"""How much more one record may cost in the large run."""


class Work:
    """Calls of Python and C functions."""

    calls = 0

    def count(self, _: FrameType, event: str, __: object) -> None:
        if event in ("call", "c_call"):
            self.calls += 1


@contextmanager
def counted() -> Iterator[Work]:
    work = Work()
    sys.setprofile(work.count)
    try:
        yield work
    finally:
        sys.setprofile(None)


def layered(count: int) -> Graph:
    """Return layers of twenty steps, each of which waits for three of the layer before."""
    words = []
    for number in range(count):
        layer = number // 20
        needs = {f"s{(layer - 1) * 20 + (number * 7 + one * 13) % 20}" for one in range(3)} if layer else set()
        words.append(f"s{number}" + ("<-" + ",".join(sorted(needs)) if needs else ""))
    return graph(" ".join(words), max_parallel=10)


def wide(count: int) -> Graph:
    return graph("a b<-a", {"a": {"foreach": True}}, max_parallel=10)


def phased(count: int) -> Graph:
    return graph(";".join(f"p{one}: a{one} b{one}<-a{one}" for one in range(count // 2)))


SHAPES = {"chain": chain, "layers": layered, "foreach": wide, "phases": phased}


def per_record(of: Graph, count: int) -> tuple[float, float]:
    """Return the calls per record of playing, and of folding, in the middle of the run."""
    world = World(of, lists={"a": count}, watched=False)
    while len(world.over) < count // 2:
        world.moves({}, None)
    before = world.state
    first = len(world.links)
    with counted() as played:
        for _ in range(WINDOW):
            world.moves({}, None)
    links = world.links[first:]
    assert len(links) >= WINDOW
    with counted() as folded:
        for link in links:
            before = evolve(before, link.record)
    return played.calls / len(links), folded.calls / len(links)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_cost_per_record(shape: Callable[[int], Graph]) -> None:
    small, large = per_record(shape(SMALL), SMALL), per_record(shape(LARGE), LARGE)
    assert large[0] / small[0] <= MOST, (small, large)
    assert large[1] / small[1] <= MOST, (small, large)


def test_ten_thousand_instances() -> None:
    world = World(graph("a b<-a", {"a": {"foreach": True}}, max_parallel=1000), lists={"a": 10_000}, watched=False)
    world.tell()
    assert len(world.state.holding) == 1000
    for number in range(10_000):
        world.end(f"a[{number}]")
    assert world.known("a").state == "Succeeded"
    assert world.known("b").state == "Running"
