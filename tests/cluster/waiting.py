"""How does one wait for another process? Look again until it is so, up to a deadline, never for a fixed time."""

import threading
import time
from collections.abc import Callable


class NeverCame(AssertionError):
    """What was waited for did not come in time."""


def until(holds: Callable[[], object], what: str, seconds: float = 30.0, pause: float = 0.1) -> None:
    """Return as soon as it holds; look every `pause` seconds, and give up after `seconds`."""
    deadline, resting = time.monotonic() + seconds, threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            raise NeverCame(f"never within {seconds:.0f} s: {what}")
        resting.wait(pause)
