"""How many runs of a namespace are active at one time, and who comes next."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import NotFound, ServerUnavailable, Throttled, VerificationFailed
from controller.wiring.cluster.operator import STALLED_RETRY_MS
from tests.unit.wiring.cluster.crew import Crew, Tree, played, root, settle


def begun(tree: Tree) -> None:
    """A move: the run is admitted and goes on."""
    known = tree.crew.caches.run(tree.key.root)
    assert known is not None
    version = str(int(known["metadata"]["resourceVersion"]) + 1)
    metadata = {**known["metadata"], "resourceVersion": version}
    tree.crew.caches.runs.put({**known, "metadata": metadata, "status": {"state": "Running"}})


def three(**settings: Any) -> Crew:
    return Crew(*(root(name, created=number) for number, name in enumerate("abc")), max_active_runs=1, **settings)


@played
async def test_no_more_begin_than_may_be_active() -> None:
    crew = three()
    crew.plays = {"a": [begun]}
    await crew.lead()
    await crew.quiet(600)
    assert crew.made == ["a"]


@played
async def test_the_next_begins_when_one_is_over() -> None:
    crew = three()
    crew.plays = {"a": [begun, settle], "b": [settle]}
    await crew.lead()
    await crew.quiet()
    crew.operator.wake(next(iter(crew.operator.trees)))
    await crew.quiet()
    assert crew.made == ["a", "b", "c"]


@played
async def test_a_namespace_does_not_wait_for_another() -> None:
    crew = Crew(root("a"), root("b", "other"), max_active_runs=1)
    await crew.lead()
    await crew.quiet()
    assert sorted(crew.made) == ["a", "b"]


@played
async def test_what_has_begun_goes_on_whatever_the_limit() -> None:
    """A new leader, perhaps with a lower limit, finds more than it would have begun."""
    crew = Crew(root("new"), *(root(name, state="Running") for name in "abc"), max_active_runs=1)
    await crew.lead()
    await crew.quiet()
    assert set("abc") <= set(crew.made)


@played
async def test_a_run_that_is_deleted_gives_its_place_away() -> None:
    crew = three()
    crew.plays = {"a": [begun, NotFound("run a is gone")]}
    await crew.lead()
    await crew.quiet()
    crew.delete("a")
    await crew.quiet()
    assert crew.made == ["a", "b"]


@played
async def test_a_run_that_is_deleted_while_it_is_to_be_tried_again_gives_its_place_away() -> None:
    crew = three()
    crew.plays = {"a": [Throttled("later", retry_after=30)]}
    await crew.lead()
    await crew.quiet()
    crew.delete("a")
    await crew.quiet(31)
    assert crew.made == ["a", "b"]


@played
async def test_a_run_that_a_person_must_mend_gives_its_place_away() -> None:
    crew = three()
    crew.plays = {"a": [VerificationFailed("damaged")] * 9, "b": [settle]}
    await crew.lead()
    await crew.quiet()
    assert crew.made == ["a", "b", "c"]
    await crew.quiet(STALLED_RETRY_MS / 1000)
    assert crew.made == ["a", "b", "c"]  # now `a` waits for a place like any other


@pytest.mark.parametrize("error", [ServerUnavailable("away"), Throttled("later", retry_after=1)])
@pytest.mark.parametrize("first", [[], [begun]], ids=["before it began", "while it runs"])
def test_a_run_that_is_tried_again_keeps_its_place(first: list[Callable[[Tree], None]], error: Exception) -> None:
    @played
    async def test() -> None:
        crew = three()
        crew.plays = {"a": [*first, error, error, begun]}
        await crew.lead()
        for _ in range(4):
            await crew.quiet(2)
            for key in list(crew.operator.trees):
                crew.operator.wake(key)
        assert set(crew.made) == {"a"}
        assert crew.plays["a"] == []

    test()


MOVES: dict[str, Any] = {
    "begins": begun,
    "more": 700,
    "away": ServerUnavailable("away"),
    "patience": Throttled("later", retry_after=2),
    "stalled": VerificationFailed("damaged"),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(sorted(MOVES)), max_size=4), min_size=2, max_size=6), st.integers(1, 2))
def test_everybody_comes_to_an_end(plays: list[list[str]], most: int) -> None:
    """However they fail on the way: nobody is forgotten, and no more are driven than may be."""

    @played
    async def test() -> None:
        crew = Crew(*(root(f"r{number}") for number in range(len(plays))), max_active_runs=most)
        for number, moves in enumerate(plays):
            # A run that has begun may go on beyond the limit, so nobody stalls after that here.
            ordered = sorted(moves, key=lambda move: move == "begins")
            crew.plays[f"r{number}"] = [MOVES[move] for move in ordered] + [settle]
        await crew.lead()
        for _ in range(len(plays) * 80):
            await crew.quiet(5)
            assert len(crew.operator.trees) <= most
            for key in list(crew.operator.trees):
                crew.operator.wake(key)
        states = [run["status"].get("state") for run in crew.caches.runs.all()]
        assert states == ["Succeeded"] * len(plays)

    test()
