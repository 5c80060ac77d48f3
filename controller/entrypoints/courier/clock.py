"""What time is it, and how long shall we wait? The one place of the courier that knows."""

import time


class Clock:
    """A clock that never jumps."""

    def now(self) -> float:
        """Seconds since any moment."""
        return time.monotonic()  # noqa: TID251 - an entrypoint of its own: nothing is injected into it but by tests

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: TID251 - as above
