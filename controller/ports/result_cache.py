"""ResultCache: outputs of earlier attempts, by what went into them."""

from typing import NamedTuple, Protocol

from controller.model.digest import Digest


class CacheEntry(NamedTuple):
    """An output that may be reused."""

    key: Digest
    output_digest: Digest
    run: str
    """Run that made it."""
    step: str
    stored_at: int
    expires_at: int


class ResultCache(Protocol):
    """Key to output. Raises StoreUnavailable."""

    def get(self, key: Digest, now: int) -> CacheEntry | None:
        """Return the entry unless it has expired; counts the hit."""

    def put(self, entry: CacheEntry) -> None:
        """Store or replace; the least recently used beyond 2,000 entries are dropped."""
