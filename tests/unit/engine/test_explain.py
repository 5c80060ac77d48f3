"""What stands in a step's way, and what it waits for in the end."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.engine.explain import chains, obstacles
from controller.engine.outlook import failed, released
from controller.engine.units import unit_name
from controller.model.states import Verb
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.world import World


def told(world: World, name: str) -> list[str]:
    """Obstacles as words: their kind and what they name."""
    return [_words(world, one) for one in obstacles(world.state, world.unit(name), world.now)]


def _words(world: World, one: Any) -> str:
    found = [type(one).__name__]
    for field, value in one._asdict().items():
        match field:
            case "unit":
                found.append(unit_name(world.graph, value))
            case "units" | "holders":
                found.append(",".join(unit_name(world.graph, unit) for unit in value))
            case "behind":
                found.append(",".join(world.graph.phases[phase].id for phase in value))
            case "phase":
                found.append(world.graph.phases[value].id if value >= 0 else "run")
            case "at":
                found.append(f"in {value - world.now}")
            case _:
                found.append(str(value))
    return " ".join(found)


def ways(world: World, name: str) -> list[str]:
    return [" ".join(unit_name(world.graph, unit) for unit in way) for way in chains(world.state, world.unit(name))]


def begun(text: str, *args: Any, **more: Any) -> World:
    world = World(graph(text, *args, **more))
    world.tell()
    return world


def failed_at_first() -> World:
    world = begun("a b<-a c<-b d")
    world.end("a", "exit 1")
    world.end("d")
    return world


def waiting_for_retry() -> World:
    world = begun("a b<-a", {"a": {"retry": THREE}})
    world.end("a", "exit 1")
    return world


def paused() -> World:
    world = World(graph("a b<-a"))
    world.command(Verb.SUSPEND)
    return world


def gated() -> World:
    world = begun("a b<-a", {"a": {"gate": GATE}})
    world.end("a")
    return world


def aborted() -> World:
    world = begun("a b<-a")
    world.command(Verb.ABORT)
    world.end("a", "Interrupted")
    return world


def fast() -> World:
    world = begun("a b c<-b d", fail_fast=True, max_parallel=2)
    world.end("a", "exit 1")
    return world


def skipped() -> World:
    world = begun("a b<-a c<-a,b", {"a": {"retry": THREE._replace(allow_skip=True)}})
    for _ in range(3):
        world.end("a", "exit 1")
        world.later(10_000)
    world.command(Verb.SKIP)
    return world


def expanded() -> World:
    return begun("a b<-a", {"b": {"foreach": True}})


TABLE: dict[str, tuple[Callable[[], World], str, list[str]]] = {
    "it waits for a step that failed": (failed_at_first, "b", ["Dependency a Failed"]),
    "a step between is a mere waiter": (failed_at_first, "c", ["Dependency b Pending"]),
    "of several dependencies only those that are open": (skipped, "c", ["Dependency b Running"]),
    "its next attempt has a time": (waiting_for_retry, "a", ["RetryTime in 2000 2"]),
    "who waits for it waits for that": (waiting_for_retry, "b", ["Dependency a Pending"]),
    "a checkpoint holds it": (gated, "b", ["Dependency a AwaitingApproval"]),
    "a paused run that has not begun": (paused, "a", ["NotStarted", "Suspended"]),
    "the run was aborted around it": (aborted, "b", ["Dependency a Aborted", "Ending Aborted"]),
    "fail fast": (fast, "d", ["Ending FailFast"]),
    "the run's places are taken": (lambda: begun("a b c", max_parallel=2), "c", ["NoSlot run 2 a,b"]),
    "the phase's places are taken": (
        lambda: begun("p: a b", phases={"p": {"max_parallel": 1}}),
        "b",
        ["NoSlot p 1 a"],
    ),
    "its phase comes later": (lambda: begun("p: a b; q: c"), "c", ["Barrier q p a,b"]),
    "its phase and a dependency": (lambda: begun("p: a b; q: c<-a"), "c", ["Dependency a Running", "Barrier q p a,b"]),
    "phases side by side do not wait for each other": (lambda: begun("p: a || q: b; r: c"), "c", ["Barrier r p,q a,b"]),
    "finally steps come last": (lambda: begun("a", finalizers="z"), "z", ["Unfinished"]),
    "an instance of a step that has not begun": (expanded, "b[0]", ["WholeStep b"]),
    "what runs has nothing in its way": (failed_at_first, "a", []),
}


@pytest.mark.parametrize(("play", "step", "expected"), TABLE.values(), ids=TABLE)
def test_obstacles(play: Callable[[], World], step: str, expected: list[str]) -> None:
    assert told(play(), step) == expected


ENDS: dict[str, tuple[Callable[[], World], str, list[str]]] = {
    "through a step that merely waits": (failed_at_first, "c", ["b a"]),
    "directly": (failed_at_first, "b", ["a"]),
    "the shortest way counts": (lambda: begun("a b<-a c<-a,b"), "c", ["a"]),
    "several ends": (lambda: begun("a b c<-a,b d<-c"), "d", ["c a", "c b"]),
    "over a barrier": (lambda: begun("p: a b<-a; q: c"), "c", ["a"]),
    "a step that waits for its retry is an end": (waiting_for_retry, "b", ["a"]),
    "what runs waits for nothing": (lambda: begun("a b"), "a", []),
}


@pytest.mark.parametrize(("play", "step", "expected"), ENDS.values(), ids=ENDS)
def test_chains(play: Callable[[], World], step: str, expected: list[str]) -> None:
    assert ways(play(), step) == expected


def test_chains_of_a_wide_graph_are_bounded() -> None:
    world = begun(" ".join(f"s{one}" for one in range(100)) + " last<-" + ",".join(f"s{one}" for one in range(100)))
    assert len(ways(world, "last")) == 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b<-a c<-b d", ["b", "c"]),
        ("p: a b; q: c", ["c"]),
        ("p: a || q: b; r: c d<-c", ["c", "d"]),
        ("a", []),
    ],
)
def test_what_a_checkpoint_holds_back(text: str, expected: list[str]) -> None:
    world = begun(text, {"a": {"gate": GATE}})
    world.end("a")
    assert [unit_name(world.graph, unit) for unit in released(world.state, world.unit("a"))] == expected


def test_the_last_failure_comes_first() -> None:
    world = begun("a b c")
    world.end("b", "exit 1")
    world.end("a", "exit 1")
    assert [unit_name(world.graph, unit) for unit in failed(world.state)] == ["a", "b"]
