"""Leadership: who drives a run tree."""

from typing import Protocol


class Leadership(Protocol):
    """At most one process drives a run tree."""

    def acquire(self, root: str) -> None:
        """Become the driver. Raises Busy when another process is."""

    def release(self, root: str) -> None:
        """Stop being the driver; not being it is fine."""

    def held(self, root: str) -> bool:
        """Return whether some process (this one included) drives the tree."""
