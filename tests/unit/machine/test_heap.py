"""The persistent queue gives what a sorted list gives, and leaves what it was made from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.machine.heap import Heap, merge, pop, push, values


def heap_of(numbers: list[int]) -> Heap:
    heap: Heap = None
    for number in numbers:
        heap = push(heap, number)
    return heap


def drained(heap: Heap) -> list[int]:
    found = []
    while heap is not None:
        value, heap = pop(heap)
        found.append(value)
    return found


def spine(heap: Heap) -> int:
    return 0 if heap is None else 1 + spine(heap[3])


def leftist(heap: Heap) -> bool:
    """The shorter way out is on the right, and every node knows how long it is."""
    if heap is None:
        return True
    rank, _, left, right = heap
    return rank == 1 + spine(right) and spine(left) >= spine(right) and leftist(left) and leftist(right)


@given(st.lists(st.integers()))
def test_it_sorts(numbers: list[int]) -> None:
    heap = heap_of(numbers)
    assert leftist(heap)
    assert drained(heap) == sorted(numbers)
    assert sorted(values(heap)) == sorted(numbers)


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_two_become_one(left: list[int], right: list[int]) -> None:
    one, other = heap_of(left), heap_of(right)
    both = merge(one, other)
    assert leftist(both)
    assert drained(both) == sorted(left + right)
    assert (drained(one), drained(other)) == (sorted(left), sorted(right))


def test_the_way_out_is_short_however_it_was_filled() -> None:
    for numbers in (range(1024), range(1024, 0, -1), [1] * 1024):
        assert spine(heap_of(list(numbers))) <= 10


def test_nothing_comes_out_of_an_empty_one() -> None:
    with pytest.raises(IndexError, match=r"^pop from an empty queue$"):
        pop(None)
