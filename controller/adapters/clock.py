"""What time it is on this machine."""

import time

_STOPS_IN_SUSPEND: int = getattr(time, "CLOCK_UPTIME_RAW", time.CLOCK_MONOTONIC)
"""Linux's CLOCK_MONOTONIC stops in suspend; macOS's goes on, and its CLOCK_UPTIME_RAW is the one that stops."""


class SystemClock:
    """Clock of the operating system."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> int:
        return time.clock_gettime_ns(_STOPS_IN_SUSPEND) // 1_000_000
