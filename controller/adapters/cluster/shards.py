"""Where are the sealed records of a run? In immutable ConfigMaps that it owns, found again by the digests of their ends."""

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson

from controller.adapters.cluster import fiber
from controller.adapters.cluster.ledger_store import Ends, Sealed
from controller.adapters.cluster.names import (
    KIND,
    RUN_UID,
    Mark,
    label_value,
    managed_labels,
    owner_reference,
    shard_name,
)
from controller.adapters.cluster.run_object import key_uid
from controller.errors import AlreadyExists, LedgerInconsistent, VerificationFailed
from controller.machine.shard import Shard, seal, unseal
from controller.model.digest import Digest
from controller.model.record import GENESIS

Json = dict[str, Any]

SHARD = "shard"
"""Value of the kind label."""

FIRST, LAST, BEFORE, HEAD, DIGEST = (f"libretto.dev/{word}" for word in ("first", "last", "before", "head", "digest"))
"""Annotations: sequence numbers of the first and last record, digest of the record before the first, digest of the last
record, digest of the joined records."""


class ConfigMaps(Protocol):
    """ConfigMaps of one namespace."""

    async def create(self, body: Json) -> Json:
        """Raises AlreadyExists."""

    async def list(self, labels: str) -> Sequence[Json]:
        """Return those with these labels."""


class ConfigMapShards:
    """Implements the ledger's shards for one tree."""

    def __init__(self, maps: ConfigMaps, owner_of: Callable[[str], Json], mark: Callable[[], Mark]) -> None:
        """`owner_of` gives the object of a run by the uid that the engine knows."""
        self._maps = maps
        self._owner_of = owner_of
        self._mark = mark

    def seal(self, run: str, first: int, records: Sequence[bytes], contents: dict[Digest, str], ends: Ends) -> None:
        body = shard_object(self._owner_of(run), seal(first, records), contents, ends, self._mark())
        try:
            fiber.wait(self._maps.create(body))
        except AlreadyExists:
            # Named by its content: the write before this one came to its end, and the one of the status did not.
            return

    def read(self, run: str, sealed: Sealed) -> tuple[list[bytes], dict[Digest, str]]:
        owner = self._owner_of(run)
        selector = f"{KIND}={SHARD},{RUN_UID}={label_value(key_uid(owner))}"
        return joined(fiber.wait(self._maps.list(selector)), run, sealed)


def shard_object(owner: Json, shard: Shard, contents: dict[Digest, str], ends: Ends, mark: Mark) -> Json:
    """Return the ConfigMap of a shard."""
    metadata = owner["metadata"]
    binary = {"records": _text(shard.content)}
    if contents:
        binary["contents"] = _text(zlib.compress(orjson.dumps(contents, option=orjson.OPT_SORT_KEYS), 6))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": shard_name(metadata["name"], key_uid(owner), ends.head, shard.first),
            "namespace": metadata["namespace"],
            "labels": {**managed_labels(SHARD), RUN_UID: label_value(key_uid(owner))},
            "annotations": {
                FIRST: str(shard.first),
                LAST: str(shard.last),
                BEFORE: ends.before,
                HEAD: ends.head,
                DIGEST: shard.digest,
                **mark.annotations(),
            },
            "ownerReferences": [owner_reference(owner)],
        },
        "immutable": True,
        "binaryData": binary,
    }


def joined(maps: Sequence[Json], run: str, sealed: Sealed) -> tuple[list[bytes], dict[Digest, str]]:
    """Return the records up to `sealed`, and their contents: from the last shard backwards, the longest of each end first.

    What a crash left lying about ends in no digest that is asked for. Raises LedgerInconsistent for a gap,
    VerificationFailed for a shard that is not what its digest says.
    """
    by_head: dict[Digest, Json] = {}
    for one in maps:
        notes = one["metadata"]["annotations"]
        known = by_head.get(notes[HEAD])
        if known is None or int(notes[FIRST]) < int(known["metadata"]["annotations"][FIRST]):
            by_head[notes[HEAD]] = one
    parts: list[list[bytes]] = []
    contents: dict[Digest, str] = {}
    head, end = sealed.head, sealed.sequence
    while head != GENESIS:
        found = by_head.get(head)
        if found is None:
            raise LedgerInconsistent(f"the shard of run {run} that ends with record {end} ({head}) is not there")
        notes = found["metadata"]["annotations"]
        shard = Shard(int(notes[FIRST]), int(notes[LAST]), notes[DIGEST], _bytes(found["binaryData"]["records"]))
        if shard.last != end:
            raise VerificationFailed(f"shard {found['metadata']['name']} ends with record {shard.last}, not {end}")
        parts.append(unseal(shard))
        if "contents" in found["binaryData"]:
            contents |= orjson.loads(zlib.decompress(_bytes(found["binaryData"]["contents"])))
        head, end = notes[BEFORE], shard.first - 1
    return [record for part in reversed(parts) for record in part], contents


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
