"""Places in the memory of the leader: what every pool promises, and who is woken when a place is free."""

from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.slots import SharedSlots
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from tests.contract import test_slot_pool as contract
from tests.contract.machine import Machine

TREES = {"child": "root"}
"""Run -> root, where they differ."""


class TreesTogether:
    """A SlotPool that sends each holder to the pool of its own tree."""

    def __init__(self, shared: SharedSlots) -> None:
        self._shared = shared

    def acquire(self, key: str, limit: int, holder: AttemptKey) -> bool:
        return self._shared.of(TREES.get(holder.run, holder.run)).acquire(key, limit, holder)

    def release(self, holder: AttemptKey) -> None:
        self._shared.of(TREES.get(holder.run, holder.run)).release(holder)

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:
        self._shared.of(root).retain(root, holders)


class Leader:
    """The one process that knows all places, in the form of a machine of the contract."""

    def __init__(self) -> None:
        shared = SharedSlots(lambda _: None)
        self.stores = SimpleNamespace(
            slots=TreesTogether(shared),
            objects=SimpleNamespace(create_run=lambda _: True),
            ledger=SimpleNamespace(flush=lambda: None),
        )

    def another(self) -> SimpleNamespace:
        return self.stores


@pytest.mark.parametrize(
    "promise",
    [
        contract.test_first_come_first_served,
        contract.test_asking_again_keeps_the_place,
        contract.test_limits_do_not_mix,
        contract.test_releasing_nothing_is_fine,
        contract.test_do_and_undo_and_attempts_are_different_holders,
        contract.test_a_changed_limit_holds_at_once,
        contract.test_the_queue_spans_processes_and_runs,
        contract.test_a_driver_that_comes_back_in_time_keeps_its_places,
        contract.test_a_tree_keeps_only_the_places_of_what_still_runs,
    ],
)
def test_promises_of_every_pool(promise: Callable[[Machine], None]) -> None:
    """All but that places of trees nobody drives are given back: here the leader drives all of them."""
    promise(cast("Machine", Leader()))


def holder(number: int, run: str = "a") -> AttemptKey:
    return AttemptKey(run, f"load[{number}]", Role.DO, 1)


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def shared(woken: list[str]) -> SharedSlots:
    return SharedSlots(woken.append)


def test_who_comes_to_a_place_is_woken_and_nobody_else(shared: SharedSlots, woken: list[str]) -> None:
    for root in ("a", "b", "c"):
        shared.of(root).acquire("k", 1, holder(1, root))
    shared.of("a").release(holder(1, "a"))
    assert woken == ["b"]
    assert shared.of("b").acquire("k", 1, holder(1, "b"))
    assert not shared.of("c").acquire("k", 1, holder(1, "c"))


def test_who_leaves_the_line_moves_nobody_to_a_place(shared: SharedSlots, woken: list[str]) -> None:
    for root in ("a", "b", "c"):
        shared.of(root).acquire("k", 1, holder(1, root))
    shared.of("b").release(holder(1, "b"))
    assert woken == []


def test_a_holder_gives_all_its_places_back(shared: SharedSlots, woken: list[str]) -> None:
    for key in ("agent/one", "agent/two"):
        shared.of("a").acquire(key, 1, holder(1, "a"))
    shared.of("b").acquire("agent/one", 1, holder(1, "b"))
    shared.of("c").acquire("agent/two", 1, holder(1, "c"))
    shared.of("a").release(holder(1, "a"))
    assert sorted(woken) == ["b", "c"]


def test_a_tree_that_keeps_nothing_wakes_as_many_as_it_leaves_places(shared: SharedSlots, woken: list[str]) -> None:
    for number in range(2):
        shared.of("a").acquire("k", 2, holder(number, "a"))
    for root in ("b", "c", "d"):
        shared.of(root).acquire("k", 2, holder(1, root))
    shared.of("a").retain("a", set())
    assert woken == ["b", "c"]


def test_a_limit_nobody_asks_for_any_more_is_forgotten(shared: SharedSlots) -> None:
    shared.of("a").acquire("k", 5, holder(1))
    shared.of("a").release(holder(1))
    assert (shared._queues, shared._roots, shared._keys) == ({}, {}, {})


def test_what_lives_has_its_places_beyond_the_limit_and_before_whoever_waits(
    shared: SharedSlots, woken: list[str]
) -> None:
    for root in ("a", "b", "c"):
        shared.seize(["k", "other"], holder(1, root), root)
    assert not shared.of("d").acquire("k", 1, holder(1, "d"))
    for root in ("a", "b"):
        shared.release(holder(1, root))
    assert woken == ["b", "c"]
    assert not shared.of("d").acquire("k", 1, holder(1, "d"))
    shared.release(holder(1, "c"))
    assert woken == ["b", "c", "d"]
    assert shared.of("d").acquire("k", 1, holder(1, "d"))
    assert list(shared._queues) == ["k"]


def test_who_waits_and_is_found_alive_has_its_place(shared: SharedSlots) -> None:
    assert shared.of("a").acquire("k", 1, holder(1, "a"))
    assert not shared.of("b").acquire("k", 1, holder(1, "b"))
    shared.seize(["k"], holder(1, "b"), "b's label")
    assert shared.of("b").acquire("k", 1, holder(1, "b"))
    shared.release(holder(1, "a"))
    assert not shared.of("c").acquire("k", 1, holder(1, "c"))
    shared.of("b").retain("b", ())
    assert shared.of("c").acquire("k", 1, holder(1, "c"))


def test_a_limit_that_is_raised_lets_in_those_that_wait_longest(shared: SharedSlots, woken: list[str]) -> None:
    for root in ("a", "b", "c", "d"):
        shared.of(root).acquire("k", 1, holder(1, root))
    assert not shared.of("d").acquire("k", 3, holder(1, "d"))
    assert woken == ["b", "c"]


def test_of_a_tree_that_leaves_nobody_comes_to_the_place_of_another(shared: SharedSlots, woken: list[str]) -> None:
    for number in range(3):
        shared.of("a").acquire("k", 1, holder(number, "a"))
    shared.of("b").acquire("k", 1, holder(1, "b"))
    shared.of("a").retain("a", ())
    assert woken == ["b"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=60), st.integers(1, 3))
def test_whoever_has_a_place_was_woken_or_was_told_at_once(steps: list[tuple[bool, int]], limit: int) -> None:
    """Nobody has to ask again and again: a waiting tree that comes to a place hears of it, exactly once."""
    told: set[str] = set()
    line: list[str] = []

    def wake(root: str) -> None:
        assert root not in told, "woken for a place that it has"
        told.add(root)

    shared = SharedSlots(wake)
    for takes, number in steps:
        root = f"tree-{number}"
        if takes:
            if root not in line:
                line.append(root)
            has = shared.of(root).acquire("k", limit, holder(1, root))
            assert has is (root in line[:limit])
            if has:
                told.add(root)
        elif root in line:
            line.remove(root)
            told.discard(root)
            shared.of(root).release(holder(1, root))
        assert told == set(line[:limit])
