"""What is due now: a descriptor, a signal, a deadline, or a word from a thread?"""

import heapq
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable
from types import FrameType

Call = Callable[[], None]

SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Reactor:
    """One thread waits for everything. Deadlines use the clock that neither jumps nor runs while the machine sleeps."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._deadlines: list[tuple[float, int, Call]] = []
        self._count = 0
        self._posted: deque[Call] = deque()
        self._seen: set[int] = set()
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        self._selector.register(self._wake, selectors.EVENT_READ, self._woken)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in SIGNALS:
            # A handler, not SIG_IGN: an ignored signal would stay ignored in every step.
            signal.signal(number, self._signalled)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    def watch(self, descriptor: int, call: Call) -> None:
        """Call whenever the descriptor is readable."""
        self._selector.register(descriptor, selectors.EVENT_READ, call)

    def forget(self, descriptor: int) -> None:
        """Stop watching."""
        self._selector.unregister(descriptor)

    def after(self, seconds: float, call: Call) -> None:
        """Call once, later. There is no cancelling: the call looks whether it still matters."""
        self._count += 1
        heapq.heappush(self._deadlines, (time.monotonic() + seconds, self._count, call))

    def post(self, call: Call) -> None:
        """Call soon; the only method that other threads may use."""
        self._posted.append(call)
        try:
            os.write(self._waker, b"\0")
        except BlockingIOError:
            return  # a full pipe wakes as well

    def take_signals(self) -> set[int]:
        """Return the signals that arrived since the last call."""
        seen, self._seen = self._seen, set()
        return seen

    def turn(self, *, wait: bool) -> None:
        """Do everything that is due; before that, if `wait`, sleep until something is."""
        timeout: float | None = 0
        if wait and not self._posted and not self._seen:
            timeout = max(0.0, self._deadlines[0][0] - time.monotonic()) if self._deadlines else None
        for key, _ in self._selector.select(timeout):
            key.data()
        while self._posted:
            self._posted.popleft()()
        while self._deadlines and self._deadlines[0][0] <= time.monotonic():
            heapq.heappop(self._deadlines)[2]()

    def _woken(self) -> None:
        try:
            os.read(self._wake, 4096)
        except BlockingIOError:
            return

    def _signalled(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature of a handler
        self._seen.add(number)
