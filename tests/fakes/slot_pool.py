"""Queues for limits, in memory."""

from collections.abc import Callable, Collection

from controller.model.attempt import AttemptKey
from tests.fakes.disk import Disk


class InMemorySlotPool:
    def __init__(self, disk: Disk, alive: Callable[[str], bool] = lambda _: True) -> None:
        self._disk = disk
        self._alive = alive

    def acquire(self, key: str, limit: int, holder: AttemptKey) -> bool:
        queue = self._disk.places.setdefault(key, [])
        if holder not in queue:
            self._disk.commit()
            queue.append(holder)
        if queue.index(holder) >= limit:
            queue[:] = [other for other in queue if self._alive(self._root(other.run))]
        return queue.index(holder) < limit

    def release(self, holder: AttemptKey) -> None:
        for queue in self._disk.places.values():
            if holder in queue:
                self._disk.commit()
                queue.remove(holder)

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:
        for queue in self._disk.places.values():
            left = [one for one in queue if one in holders or self._root(one.run) != root]
            if left != queue:
                self._disk.commit()
                queue[:] = left

    def _root(self, run: str) -> str:
        spec = self._disk.runs.get(run)
        return spec.root if spec else run
