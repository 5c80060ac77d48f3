"""The machine is suspended: the time of an attempt stands still with it."""

import subprocess
import sys
import time
from pathlib import Path

from controller.adapters import clock

STOPS_IN_SUSPEND = {"clock_gettime(CLOCK_MONOTONIC)", "mach_absolute_time()"}
"""Linux and macOS; CLOCK_BOOTTIME and mach_continuous_time() would go on (clock_gettime(2), `mach_time.h`)."""

REACTOR = """
import time
now = 100.0
time.monotonic = lambda: now
from controller.adapters.process.supervisor.reactor import Reactor
reactor, fired = Reactor(), []
reactor.after(10, lambda: fired.append(True))
# An hour of sleep: all other clocks have gone on.
wall, running = time.time_ns, time.clock_gettime
time.time_ns = lambda: wall() + 3600 * 10**9
time.clock_gettime = lambda number: running(number) + 3600
reactor.turn(wait=False)
assert not fired
now += 10
reactor.turn(wait=False)
assert fired
"""


def test_deadlines_of_attempts_stand_still() -> None:
    """In a process of its own, for the reactor takes signals over."""
    done = subprocess.run([sys.executable, "-c", REACTOR], cwd=Path(__file__).parents[3], check=False)
    assert done.returncode == 0


def test_the_clocks_are_those_that_stop() -> None:
    assert time.get_clock_info("monotonic").implementation in STOPS_IN_SUSPEND
    wanted = time.CLOCK_MONOTONIC if sys.platform.startswith("linux") else time.CLOCK_UPTIME_RAW  # type: ignore[attr-defined,unused-ignore]
    assert wanted == clock._STOPS_IN_SUSPEND
