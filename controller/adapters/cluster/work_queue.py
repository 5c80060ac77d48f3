"""What is to be looked at next? Each key once, one worker at a time for a key, and no namespace before all others."""

import asyncio
import heapq
from collections import OrderedDict, deque
from typing import NamedTuple

FIRST_RETRY_MS, LONGEST_RETRY_MS = 100, 60_000
"""What fails waits twice as long each time."""


class Key(NamedTuple):
    """A run tree: its namespace, and the uid of its root."""

    namespace: str
    root: str


class WorkQueue:
    """A queue of keys without doubles. Its clock is the loop's."""

    def __init__(self) -> None:
        self._ready: OrderedDict[str, deque[Key]] = OrderedDict()
        """Namespace -> keys that are ready; namespaces take turns."""
        self._dirty: dict[Key, float] = {}
        """Keys that are to be looked at -> since when."""
        self._active: set[Key] = set()
        self._later: list[tuple[float, int, Key]] = []
        self._soonest: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._number = 0
        self._changed = asyncio.Event()
        self._stopped = False

    def add(self, key: Key) -> None:
        """Have a key looked at; once more after the present look where one goes on."""
        self._soonest.pop(key, None)
        if key in self._dirty:
            return
        self._dirty[key] = self._now()
        if key not in self._active:
            self._offer(key)

    def add_after(self, key: Key, milliseconds: int) -> None:
        """Have a key looked at later; what is due sooner stays."""
        if milliseconds <= 0:
            self.add(key)
            return
        at = self._now() + milliseconds / 1000
        if self._soonest.get(key, at + 1) <= at:
            return
        self._soonest[key] = at
        self._number += 1
        heapq.heappush(self._later, (at, self._number, key))
        self._changed.set()

    def retry(self, key: Key) -> int:
        """Have a key that failed looked at again, later each time; return the milliseconds until then."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        wait = min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS) if failures < 20 else LONGEST_RETRY_MS
        self.add_after(key, wait)
        return wait

    def forget(self, key: Key) -> None:
        """Note that a key did well."""
        self._failures.pop(key, None)

    async def get(self) -> Key:
        """Return the next key; `done` must follow. Raises CancelledError after `stop`."""
        while True:
            self._mature()
            if self._stopped:
                raise asyncio.CancelledError
            if self._ready:
                return self._take()
            self._changed.clear()
            try:
                async with asyncio.timeout_at(self._later[0][0] if self._later else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def done(self, key: Key) -> None:
        """Note that the look at a key has ended."""
        self._active.discard(key)
        if key in self._dirty:
            self._offer(key)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._ready.clear()
        self._dirty.clear()
        self._later.clear()
        self._soonest.clear()
        self._failures.clear()

    def stop(self) -> None:
        """Let every `get` end."""
        self._stopped = True
        self._changed.set()

    def __len__(self) -> int:
        return len(self._dirty)

    def oldest_ms(self) -> int:
        """Return for how long the key that waits longest has waited."""
        return int(1000 * (self._now() - min(self._dirty.values()))) if self._dirty else 0

    def _offer(self, key: Key) -> None:
        self._ready.setdefault(key.namespace, deque()).append(key)
        self._changed.set()

    def _take(self) -> Key:
        namespace, keys = next(iter(self._ready.items()))
        key = keys.popleft()
        if keys:
            self._ready.move_to_end(namespace)
        else:
            del self._ready[namespace]
        self._active.add(key)
        del self._dirty[key]
        if self._ready:
            self._changed.set()
        return key

    def _mature(self) -> None:
        now = self._now()
        while self._later and self._later[0][0] <= now:
            at, _, key = heapq.heappop(self._later)
            if self._soonest.get(key) == at:
                self.add(key)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
