"""The semantic digest: what a run came to, and nothing else."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.engine.events import Hit, Skip
from controller.engine.semantic import semantic_content, semantic_digest
from controller.model.digest import digest_record
from controller.model.graph import Graph
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, Each, graph
from tests.unit.engine.plays import _happen
from tests.unit.engine.random_graphs import graphs
from tests.unit.engine.world import World

ENDS = st.sampled_from(["ok", "ok receipt", "exit 1", "exit 64", "Disrupted", "Lost", "Timeout"])
OUTCOMES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "a[0]", "b[1]", "d", "e", "undo a", "z"]), st.lists(ENDS, min_size=1, max_size=3)
)


@settings(max_examples=40, deadline=None, database=None)
@given(graphs(orderly=True), OUTCOMES, st.sets(st.sampled_from("abcdef")), st.integers())
def test_it_does_not_depend_on_the_order_of_finishing(drawn: Graph, ends: Any, skipped: set[str], seed: int) -> None:
    ends = {name: [*words, "exit 1"] if name[-1] != "]" else words for name, words in ends.items()}
    prepare = {name: Skip("ConditionFalse") for name in skipped}
    plain, shuffled = World(drawn, prepare=prepare), World(drawn, prepare=prepare)
    plain.play(ends)
    shuffled.play(ends, order=Random(seed))
    assert plain.state.run.settled
    assert semantic_content(shuffled.state) == semantic_content(plain.state)


@settings(max_examples=40, deadline=None, database=None)
@given(graphs(orderly=True), OUTCOMES, st.integers(0, 60), st.integers(0, 9), st.integers())
def test_it_is_the_same_after_a_crash_anywhere(drawn: Graph, ends: Any, turns: int, lost: int, seed: int) -> None:
    plain, crashed = World(drawn), World(drawn)
    plain.play(ends)
    for _ in range(turns):
        crashed.moves(ends, None)
    crashed.crash(lost)
    crashed.play(ends, order=Random(seed))
    assert semantic_content(crashed.state) == semantic_content(plain.state)


def test_what_it_covers() -> None:
    each: Each = {
        "a": {"retry": THREE, "gate": GATE},
        "b": {"foreach": True},
        "c": {"child": True},
    }
    world = World(
        graph("a b<-a c d e f<-e", each, finalizers="z", outputs=True),
        prepare={"d": Skip("ConditionFalse"), "f": Hit(digest("old"), digest("input"), {"run": "OLD"})},
    )
    for words in ("start", "a exit 1", "+2s", "a Disrupted", "a ok", "modify a", "a ok receipt", "approve a"):
        _happen(world, words)
    for words in ("b[0] ok", "b[1] ok", "c Succeeded run", "e ok", "z ok", "undo", "undo a ok", "z ok"):
        _happen(world, words)
    assert semantic_content(world.state) == {
        "definition": world.graph.digest,
        "parameters": digest("parameters"),
        "verdict": "RolledBack",
        "reason": "",
        "outputs": None,
        "steps": {
            "a": {
                "state": "RolledBack",
                "how": "ran",
                "attempts": ["Failed", "Succeeded", "Succeeded"],
                "input": digest("input", "a"),
                "output": digest("output", "a"),
                "gates": ["modify", "approve"],
                "undo": "Done",
            },
            "b": {
                "state": "Succeeded",
                "how": "expanded",
                "input": digest("items", "b"),
                "output": digest("list", world.unit("b")),
                "instances": [
                    {
                        "state": "Succeeded",
                        "how": "ran",
                        "attempts": ["Succeeded"],
                        "input": digest("input", f"b[{one}]"),
                        "output": digest("output", f"b[{one}]"),
                    }
                    for one in range(2)
                ],
            },
            "c": {
                "state": "RolledBack",
                "how": "child",
                "attempts": ["Succeeded"],
                "input": digest("input", "c"),
                "output": digest("output", "c"),
                "child": digest("child", "c"),
                "undo": "Done",
            },
            "d": {"state": "Skipped", "how": "skipped", "reason": "ConditionFalse"},
            "e": {
                "state": "Succeeded",
                "how": "ran",
                "attempts": ["Succeeded"],
                "input": digest("input", "e"),
                "output": digest("output", "e"),
            },
            "f": {"state": "Succeeded", "how": "cache", "input": digest("input"), "output": digest("old")},
            "z": {
                "state": "Succeeded",
                "how": "ran",
                "attempts": ["Succeeded", "Succeeded"],
                "input": digest("input", "z"),
                "output": digest("output", "z"),
            },
        },
    }
    assert semantic_digest(world.state) == digest_record(semantic_content(world.state))


def test_outputs_of_the_run_are_covered() -> None:
    world = World(graph("a", outputs=True))
    world.play()
    assert semantic_content(world.state)["outputs"] == digest("outputs")


@pytest.mark.parametrize(
    ("script", "steps"),
    {
        "start": {},
        "start; a exit 1": {"a": "Failed"},
        "start; a Disrupted; a exit 1": {"a": "Failed"},
    }.items(),
)
def test_what_has_not_begun_is_not_in_it(script: str, steps: dict[str, str]) -> None:
    world = World(graph("a b<-a"))
    for words in script.split("; "):
        _happen(world, words)
    found = semantic_content(world.state)["steps"]
    assert {name: known["state"] for name, known in found.items() if known["state"] != "Running"} == steps


def test_the_word_for_a_failure_does_not_depend_on_which_step_failed_last() -> None:
    found = set()
    for order in (("a Lost", "b exit 1"), ("b exit 1", "a Lost")):
        world = World(graph("a b", {"a": {"at_most_once": True}}))
        world.tell()
        for words in order:
            _happen(world, words)
        found.add(semantic_digest(world.state))
        assert world.state.reason == "OutcomeUnknown"
    assert len(found) == 1
