"""Cached outputs in memory."""

from functools import partial

from controller.model.digest import Digest
from controller.ports.result_cache import CacheEntry
from tests.fakes.disk import Disk

MOST_ENTRIES = 2000


class InMemoryResultCache:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def get(self, key: Digest, now: int) -> CacheEntry | None:
        entry, _ = self._disk.cache.get(key, (None, 0))
        if entry is None or entry.expires_at <= now:
            return None
        self._use(entry)
        return entry

    def put(self, entry: CacheEntry) -> None:
        self._use(entry)
        cache = self._disk.cache
        if len(cache) > MOST_ENTRIES:
            oldest = min(cache, key=lambda key: cache[key][1])
            self._disk.change(partial(cache.__setitem__, oldest, cache.pop(oldest)))

    def _use(self, entry: CacheEntry) -> None:
        """Make the entry the most recently used."""
        cache = self._disk.cache
        known = cache.get(entry.key)
        self._disk.change(
            partial(cache.__setitem__, entry.key, known) if known else partial(cache.pop, entry.key, None)
        )
        self._disk.uses += 1
        cache[entry.key] = (entry, self._disk.uses)
