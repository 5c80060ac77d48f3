"""How many blobs may be under way at one time, and of one namespace?"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from controller.adapters.results_service.limits import Limits
from controller.errors import Throttled


class Gate:
    """Counts transfers. Nobody waits here: who comes too early is told when to come back, and holds no place meanwhile."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._of: Counter[str] = Counter()

    @property
    def inside(self) -> int:
        """Transfers that are under way."""
        return self._of.total()

    @contextmanager
    def entered(self, namespace: str) -> Iterator[None]:
        """Raises Throttled."""
        if self.inside >= self._limits.transfers or self._of[namespace] >= self._limits.transfers_of_namespace:
            raise Throttled("as many blobs are under way as may be", retry_after=1)
        self._of[namespace] += 1
        try:
            yield
        finally:
            self._of[namespace] -= 1
            if not self._of[namespace]:
                del self._of[namespace]
