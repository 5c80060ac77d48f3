"""What does the operating system want of a verb that drives a run? Handlers only set flags; the loop looks at them."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_Handler = Callable[[int, FrameType | None], Any] | int | None


class Signals:
    """Flags for SIGINT, SIGTERM, SIGHUP and SIGCONT while the block runs; the handlers from before come back after it."""

    def __init__(self) -> None:
        self.interrupts = 0
        """Wishes to stop: Ctrl-C, SIGTERM."""
        self.hangup = False
        """The terminal was closed."""
        self.continued = False
        """The process was stopped and goes on, so the terminal may have been used by others."""
        self._before: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        wanted = {
            signal.SIGINT: self._interrupt,
            signal.SIGTERM: self._interrupt,
            signal.SIGHUP: self._hang_up,
            signal.SIGCONT: self._continue,
        }
        for number, handler in wanted.items():
            # Ignored on purpose by who started us (nohup): it stays so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _interrupt(self, _: int, __: FrameType | None) -> None:
        self.interrupts += 1

    def _hang_up(self, _: int, __: FrameType | None) -> None:
        self.hangup = True

    def _continue(self, _: int, __: FrameType | None) -> None:
        self.continued = True
