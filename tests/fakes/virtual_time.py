"""An event loop whose time passes only while nobody has anything to do: an hour of waiting takes no time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Leaping(selectors.DefaultSelector):
    """Does not wait: it moves the clock to where the wait would have ended."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("everything waits for something that can never come")
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code that waits for timers and for its own tasks, not for sockets or threads."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


class LoopClock:
    """The Clock port on the time of the running loop. `rate`: how fast this clock goes, as no two do alike."""

    def __init__(self, rate: float = 1.0) -> None:
        self._rate = rate

    def now(self) -> int:
        return 1_764_590_400_000 + self.monotonic()

    def monotonic(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000 * self._rate)
