"""What is to be looked at next? Each key once, one worker at a time for a key, and no namespace before all others."""

import asyncio
import heapq
from collections import OrderedDict, deque
from typing import NamedTuple

FIRST_RETRY_MS, LONGEST_RETRY_MS = 100, 60_000
"""What fails waits twice as long each time."""

MOST_OF_NAMESPACE = 32
"""Keys of one namespace that are looked at at one time: with more workers than that, one in which every look hangs (an
admission webhook that does not answer) leaves some for all others."""

_EARLY_S = 0.001
"""By how much a timer of the loop may ring too early."""


class Key(NamedTuple):
    """A run tree: its namespace, and the uid of its root."""

    namespace: str
    root: str


class WorkQueue:
    """A queue of keys without doubles. Its clock is the loop's."""

    def __init__(self, most: int = MOST_OF_NAMESPACE) -> None:
        """`most` keys of one namespace are looked at at one time."""
        self._most = most
        self._looks: dict[str, int] = {}
        """Namespace -> how many of its keys are looked at now."""
        self._held: dict[str, deque[Key]] = {}
        """Keys that are ready, of namespaces of which as many are looked at as may be."""
        self._ready: OrderedDict[str, deque[Key]] = OrderedDict()
        """Namespace -> keys that are ready; namespaces take turns."""
        self._dirty: dict[Key, float] = {}
        """Keys that are to be looked at -> since when."""
        self._active: set[Key] = set()
        self._later: list[tuple[float, int, Key]] = []
        self._soonest: dict[Key, float] = {}
        self._failures: dict[Key, int] = {}
        self._number = 0
        self._idle: deque[asyncio.Future[None]] = deque()
        """Workers that wait. Each key wakes one of them: to wake all cost more than a turn."""
        self._alarm: asyncio.TimerHandle | None = None
        """Rings when the first of `_later` is due."""
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
        if self._later[0][1] == self._number:
            self._set_alarm()

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
        while not self._ready and not self._stopped:
            turn = asyncio.get_running_loop().create_future()
            self._idle.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake_one()  # what it was woken for is another one's
                raise
        if self._stopped:
            raise asyncio.CancelledError
        return self._take()

    def done(self, key: Key) -> None:
        """Note that the look at a key has ended."""
        if key in self._active:
            self._active.discard(key)
            self._ended(key.namespace)
        if key in self._dirty:
            self._offer(key)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._ready.clear()
        self._held.clear()
        self._dirty.clear()
        self._later.clear()
        self._soonest.clear()
        self._failures.clear()
        self._set_alarm()

    def stop(self) -> None:
        """Let every `get` end."""
        self._stopped = True
        while self._idle:
            self._wake_one()

    def __len__(self) -> int:
        return len(self._dirty)

    def oldest_ms(self) -> int:
        """Return for how long the key that waits longest has waited."""
        return int(1000 * (self._now() - min(self._dirty.values()))) if self._dirty else 0

    def _offer(self, key: Key) -> None:
        if self._looks.get(key.namespace, 0) >= self._most:
            self._held.setdefault(key.namespace, deque()).append(key)
            return
        self._ready.setdefault(key.namespace, deque()).append(key)
        self._wake_one()

    def _take(self) -> Key:
        namespace, keys = next(iter(self._ready.items()))
        key = keys.popleft()
        looks = self._looks[namespace] = self._looks.get(namespace, 0) + 1
        if keys and looks < self._most:
            self._ready.move_to_end(namespace)
        else:
            del self._ready[namespace]
        if keys and looks >= self._most:
            self._held[namespace] = keys
        self._active.add(key)
        del self._dirty[key]
        return key

    def _ended(self, namespace: str) -> None:
        """A key of a namespace is not looked at any more: those that were held back have their turn again."""
        looks = self._looks[namespace] - 1
        if looks:
            self._looks[namespace] = looks
        else:
            del self._looks[namespace]
        keys = self._held.pop(namespace, None)
        if keys:
            self._ready[namespace] = keys
            self._wake_one()

    def _wake_one(self) -> None:
        while self._idle:
            turn = self._idle.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._later:
            self._alarm = asyncio.get_running_loop().call_at(self._later[0][0], self._mature)

    def _mature(self) -> None:
        """Offer what is due. The loop's clock may be a little early."""
        now = self._now() + _EARLY_S
        while self._later and self._later[0][0] <= now:
            at, _, key = heapq.heappop(self._later)
            if self._soonest.get(key) == at:
                self.add(key)
        self._set_alarm()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
