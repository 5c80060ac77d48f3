"""A persistent priority queue of integers: pushing and popping give new queues and leave the old ones as they were.

A leftist heap as nested tuples: O(log n) per operation, with nothing copied but the right spine. A copied binary heap
would cost O(n) per event, which a run of 10,000 steps cannot pay.
"""

from collections.abc import Iterator

Heap = tuple[int, int, "Heap", "Heap"] | None
"""None, or (rank, value, left, right)."""


def merge(one: Heap, other: Heap) -> Heap:
    """Return a queue with the values of both."""
    if one is None:
        return other
    if other is None:
        return one
    if other[1] < one[1]:
        one, other = other, one
    left, right = one[2], merge(one[3], other)
    assert right is not None  # a merge with a queue that is not empty
    if left is None:
        return (1, one[1], right, None)
    if left[0] < right[0]:
        left, right = right, left
    return (right[0] + 1, one[1], left, right)


def push(heap: Heap, value: int) -> Heap:
    """Return the queue with one more value; equal values stay apart."""
    return merge(heap, (1, value, None, None))


def pop(heap: Heap) -> tuple[int, Heap]:
    """Return the smallest value and the queue without it. Raises IndexError when the queue is empty."""
    if heap is None:
        raise IndexError("pop from an empty queue")
    return heap[1], merge(heap[2], heap[3])


def values(heap: Heap) -> Iterator[int]:
    """Yield all values in no particular order."""
    stack = [heap]
    while stack:
        node = stack.pop()
        if node is not None:
            yield node[1]
            stack += [node[2], node[3]]
