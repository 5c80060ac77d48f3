"""Who may have how many places at one time, over all runs of a namespace?"""

from collections.abc import Callable, Collection
from itertools import islice

from controller.model.attempt import AttemptKey


class SharedSlots:
    """Limits of one namespace, first come, first served, in the memory of the one process that leads.

    A new leader finds the attempts that run and takes their places before anything starts.
    """

    def __init__(self, wake: Callable[[str], None]) -> None:
        """`wake` is told the root of a run that has come to a place since it asked."""
        self._queues: dict[str, dict[AttemptKey, str]] = {}
        self._limits: dict[str, int] = {}
        self._wake = wake

    def of(self, root: str) -> "TreeSlots":
        """Return the places as the driver of one tree sees them."""
        return TreeSlots(self, root)

    def acquire(self, key: str, limit: int, holder: AttemptKey, root: str) -> bool:
        """Take or keep a place in the queue of `key`; return whether the holder is among the first `limit`."""
        queue = self._queues.setdefault(key, {})
        queue.setdefault(holder, root)
        self._limits[key] = limit
        return holder in islice(queue, limit)

    def drop(self, unwanted: Callable[[AttemptKey, str], bool]) -> None:
        """Give places back, and wake the trees whose turn has come."""
        for key, queue in list(self._queues.items()):
            leaving = [holder for holder, root in queue.items() if unwanted(holder, root)]
            if leaving:
                self._leave(key, queue, leaving)

    def release(self, holder: AttemptKey) -> None:
        """Give all places of a holder back."""
        for key, queue in list(self._queues.items()):
            if holder in queue:
                self._leave(key, queue, [holder])

    def _leave(self, key: str, queue: dict[AttemptKey, str], leaving: Collection[AttemptKey]) -> None:
        limit = self._limits[key]
        before = set(islice(queue, limit))
        for holder in leaving:
            del queue[holder]
        for holder in islice(queue, limit):
            if holder not in before:
                self._wake(queue[holder])
        if not queue:
            del self._queues[key], self._limits[key]


class TreeSlots:
    """Implements SlotPool for one tree."""

    def __init__(self, shared: SharedSlots, root: str) -> None:
        self._shared = shared
        self._root = root

    def acquire(self, key: str, limit: int, holder: AttemptKey) -> bool:
        return self._shared.acquire(key, limit, holder, self._root)

    def release(self, holder: AttemptKey) -> None:
        self._shared.release(holder)

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:
        self._shared.drop(lambda holder, owner: owner == root and holder not in holders)
