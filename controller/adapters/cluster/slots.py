"""Who may have how many places at one time, over all runs of a namespace?"""

from collections.abc import Callable, Collection, Iterable
from itertools import islice

from controller.model.attempt import AttemptKey


class SharedSlots:
    """Limits of one namespace, first come, first served, in the memory of the one process that leads.

    What it knows is derived: a new leader gives every attempt whose Job lives its places before anything starts.
    """

    def __init__(self, wake: Callable[[str], None]) -> None:
        """`wake` is told the root of a run that has come to a place since it asked."""
        self._queues: dict[str, _Queue] = {}
        self._roots: dict[AttemptKey, str] = {}
        self._keys: dict[str, dict[AttemptKey, list[str]]] = {}
        """Root -> its holders, those that wait included -> the queues that they are in."""
        self._wake = wake

    def of(self, root: str) -> "TreeSlots":
        """Return the places as the driver of one tree sees them."""
        return TreeSlots(self, root)

    def acquire(self, key: str, limit: int, holder: AttemptKey, root: str) -> bool:
        """Take or keep a place in the queue of `key`; return whether the holder is among the first `limit`."""
        queue = self._enter(key, holder, root)
        if holder not in queue.holding:
            queue.waiting.setdefault(holder)
        queue.limit_to(limit)
        self._promote(queue, holder)
        return holder in queue.holding

    def seize(self, keys: Iterable[str], holder: AttemptKey, root: str) -> None:
        """Give places to an attempt that lives, whatever the limits and whoever waits: it has them already."""
        for key in keys:
            queue = self._enter(key, holder, root)
            queue.waiting.pop(holder, None)
            queue.holding.setdefault(holder)

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:
        """Give back the places of a tree but those of `holders`, and wake the trees whose turn has come."""
        self._leave(root, [holder for holder in self._keys.get(root, ()) if holder not in holders])

    def release(self, holder: AttemptKey) -> None:
        """Give all places of a holder back."""
        root = self._roots.get(holder)
        if root is not None:
            self._leave(root, [holder])

    def _enter(self, key: str, holder: AttemptKey, root: str) -> "_Queue":
        queue = self._queues.setdefault(key, _Queue())
        root = self._roots.setdefault(holder, root)
        keys = self._keys.setdefault(root, {}).setdefault(holder, [])
        if key not in keys:
            keys.append(key)
        return queue

    def _leave(self, root: str, leaving: Collection[AttemptKey]) -> None:
        """All of them, before anybody comes after: none of them may come to the place of another."""
        left: dict[str, None] = {}
        for holder in leaving:
            del self._roots[holder]
            for key in self._keys[root].pop(holder):
                self._queues[key].forget(holder)
                left[key] = None
        if not self._keys.get(root, True):
            del self._keys[root]
        for key in left:
            queue = self._queues[key]
            self._promote(queue)
            if not queue.holding and not queue.waiting:
                del self._queues[key]

    def _promote(self, queue: "_Queue", asking: AttemptKey | None = None) -> None:
        for holder in queue.promoted():
            if holder != asking:
                self._wake(self._roots[holder])


class _Queue:
    """Who has a place of one limit, and who waits for one, both in order of arrival."""

    def __init__(self) -> None:
        self.holding: dict[AttemptKey, None] = {}
        self.waiting: dict[AttemptKey, None] = {}
        self._limit: int | None = None
        """None: nobody has asked yet."""

    def limit_to(self, limit: int) -> None:
        """Take the limit as it is now: who has a place beyond it is the first of those that wait."""
        if limit == self._limit:
            return
        self._limit = limit
        beyond = dict.fromkeys(islice(self.holding, limit, None))
        for holder in beyond:
            del self.holding[holder]
        self.waiting = {**beyond, **self.waiting}

    def forget(self, holder: AttemptKey) -> None:
        self.holding.pop(holder, None)
        self.waiting.pop(holder, None)

    def promoted(self) -> list[AttemptKey]:
        """Give the free places to those that wait longest, and return them."""
        free = 0 if self._limit is None else max(0, self._limit - len(self.holding))
        coming = list(islice(self.waiting, free))
        for holder in coming:
            del self.waiting[holder]
            self.holding[holder] = None
        return coming


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
        self._shared.retain(root, holders)
