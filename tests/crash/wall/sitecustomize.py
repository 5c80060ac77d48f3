"""A wall clock that a test sets: Python imports this module before any program, and the supervisor is led through it too.

`WALL_CLOCK` names a file with the milliseconds by which the clock is wrong. No other clock is touched.
"""

import os
import runpy
import sys
import time

_REAL = time.time_ns


def _shifted() -> int:
    with open(os.environ["WALL_CLOCK"], encoding="ascii") as file:  # noqa: PTH123 - runs before and beside everything
        return _REAL() + int(file.read() or 0) * 1_000_000


time.time_ns = _shifted
time.time = lambda: _shifted() / 1e9

if __name__ == "__main__":
    # As the supervisor's interpreter: what was to be run comes after our own name.
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    sys.executable = os.environ["WALL_PYTHON"]
