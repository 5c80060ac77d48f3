"""Where are the sealed records of a run? In immutable ConfigMaps that it owns, found again by the digests of their ends."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from controller.adapters.cluster import fiber, merging
from controller.adapters.cluster.ledger_store import Ends, Sealed, Unsealed
from controller.adapters.cluster.merging import Merger
from controller.adapters.cluster.names import KIND, RUN_UID, Mark, label_value
from controller.adapters.cluster.run_object import key_uid
from controller.adapters.cluster.shard_object import LAST, MERGED, SHARD, number, shard_object
from controller.adapters.cluster.unsealing import joined, legible
from controller.errors import AlreadyExists
from controller.machine.shard import seal
from controller.model.digest import Digest

Json = dict[str, Any]

GROUP = 16
"""Shards that become one: a run of 10,000 steps leaves about 60 objects."""


class ConfigMaps(merging.ConfigMaps, Protocol):
    """ConfigMaps of one namespace."""

    async def list(self, labels: str) -> Sequence[Json]:
        """Return those with these labels."""


class ConfigMapShards:
    """Implements the ledger's shards for one tree."""

    def __init__(
        self,
        maps: ConfigMaps,
        owner_of: Callable[[str], Json],
        mark: Callable[[], Mark],
        merger: Merger | None = None,
    ) -> None:
        """`owner_of` gives the object of a run by the uid that the engine knows. Without a merger nothing is merged."""
        self._maps = maps
        self._owner_of = owner_of
        self._mark = mark
        self._merger = merger
        self._small: dict[str, list[Json]] = {}
        """Run -> its last shards, as long as they are too few to be merged."""

    def seal(self, run: str, first: int, records: Sequence[bytes], contents: dict[Digest, str], ends: Ends) -> None:
        # Those before this one are referred to by a status that was written; this one is not yet.
        self._merge(run)
        body = shard_object(self._owner_of(run), seal(first, records), contents, ends, self._mark())
        # Where it is there already: it is named by its content, its write came to its end, and that of the status did not.
        with suppress(AlreadyExists):
            fiber.wait(self._maps.create(body))
        self._small.setdefault(run, []).append(body)

    def read(self, run: str, sealed: Sealed) -> Unsealed:
        owner = self._owner_of(run)
        selector = f"{KIND}={SHARD},{RUN_UID}={label_value(key_uid(owner))}"
        listed = fiber.wait(self._maps.list(selector))
        found = joined(listed, run, sealed)
        if found.damage is not None:
            # Nothing is merged or swept: a person has to see what is there.
            return Unsealed(found.records, found.contents, found.damage)
        self._small[run] = [one for one in found.used if MERGED not in one["metadata"]["annotations"]]
        used = {one["metadata"]["name"] for one in found.used}
        others = [one for one in listed if one["metadata"]["name"] not in used and legible(one)]
        litter = [one for one in others if number(one, LAST) <= sealed.sequence]
        if litter and self._merger is not None:
            self._merger.sweep(self._maps, litter)
        self._merge(run)
        return Unsealed(found.records, found.contents)

    def _merge(self, run: str) -> None:
        small = self._small.get(run, [])
        while len(small) >= GROUP and self._merger is not None:
            self._merger.merge(self._maps, small[:GROUP])
            del small[:GROUP]
