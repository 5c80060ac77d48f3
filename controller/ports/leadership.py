"""Leadership: who drives a run tree."""

from typing import Protocol


class Leadership(Protocol):
    """At most one process drives a run tree."""

    def acquire(self, root: str) -> None:
        """Become the driver. Raises Busy when another process is."""

    def release(self, root: str) -> None:
        """Stop being the driver; not being it is fine."""

    def claimed(self, run: str) -> bool:
        """Return whether the run bears the mark of this leadership. Without it, nothing may be started or stopped for it.

        Where a lock of the machine keeps others out, every run of a tree that is driven is claimed.
        """

    def claim(self, run: str) -> None:
        """Put the mark on the run. Raises what a write of its status raises, when another leader was faster."""

    def held(self, root: str) -> bool:
        """Return whether some process (this one included) drives the tree."""
