"""Who drives, in memory: one dict of holders is a machine, each `InMemoryLeadership` over it a process."""

from controller.errors import Busy


class InMemoryLeadership:
    def __init__(self, holders: dict[str, "InMemoryLeadership"]) -> None:
        self._holders = holders

    def acquire(self, root: str) -> None:
        if self._holders.setdefault(root, self) is not self:
            raise Busy(f"run {root} is driven by another process")

    def release(self, root: str) -> None:
        if self._holders.get(root) is self:
            del self._holders[root]

    def claimed(self, run: str) -> bool:
        return self in self._holders.values()

    def claim(self, run: str) -> None:
        pass  # whoever holds the tree holds its runs

    def held(self, root: str) -> bool:
        return root in self._holders

    def crash(self) -> None:
        """End this process: the machine gives its trees back."""
        for root in [root for root, holder in self._holders.items() if holder is self]:
            del self._holders[root]
