"""How is a shard written as a ConfigMap, alone or merged with others, and how are the records of a run found in them?"""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from controller.adapters.cluster.ledger_store import Ends, Sealed
from controller.adapters.cluster.names import RUN_UID, Mark, label_value, managed_labels, owner_reference, shard_name
from controller.adapters.cluster.run_object import key_uid
from controller.errors import LedgerInconsistent, VerificationFailed
from controller.machine.shard import Shard, seal, unseal
from controller.model.digest import Digest, digest_bytes
from controller.model.record import GENESIS

Json = dict[str, Any]

SHARD = "shard"
"""Value of the kind label."""

FIRST, LAST, BEFORE, HEAD, DIGEST, MERGED = (
    f"libretto.dev/{word}" for word in ("first", "last", "before", "head", "digest", "merged")
)
"""Annotations: sequence numbers of the first and last record, digest of the record before the first, digest of the last
record, digest of the joined records; of how many shards it was made, if of several."""

LARGEST = 600_000
"""Bytes, compressed, of what is merged: a ConfigMap holds 1 MiB, a quarter of which base64 needs."""


class Found(NamedTuple):
    """The ledger of a run as far as it is sealed."""

    records: list[bytes]
    contents: dict[Digest, str]
    used: list[Json]
    """The objects that it was read from, in order."""


def shard_object(owner: Json, shard: Shard, contents: Mapping[Digest, str], ends: Ends, mark: Mark) -> Json:
    """Return the ConfigMap of a shard."""
    metadata = owner["metadata"]
    return _object(
        shard_name(metadata["name"], key_uid(owner), ends.head, shard.first),
        {
            "namespace": metadata["namespace"],
            "labels": {**managed_labels(SHARD), RUN_UID: label_value(key_uid(owner))},
            "ownerReferences": [owner_reference(owner)],
        },
        shard,
        contents,
        ends,
        mark.annotations(),
    )


def merged(shards: Sequence[Json], mark: Mark) -> Json:
    """Return the one object that says what several say. Raises VerificationFailed for one that is not what its digest says."""
    first, last = shards[0]["metadata"], shards[-1]
    records = [record for one in shards for record in unseal(_shard(one))]
    contents: dict[Digest, str] = {}
    for one in shards:
        contents |= _contents(one)
    whole, ends = seal(number(shards[0], FIRST), records), Ends(_note(shards[0], BEFORE), _note(last, HEAD))
    owner = first["ownerReferences"][0]
    return _object(
        shard_name(owner["name"], first["labels"][RUN_UID], ends.head, whole.first),
        {name: first[name] for name in ("namespace", "labels", "ownerReferences")},
        whole,
        contents,
        ends,
        {MERGED: str(len(shards)), **mark.annotations()},
    )


def fitting(shards: Sequence[Json]) -> Iterator[Sequence[Json]]:
    """Yield pieces of at least two shards that follow each other, each of which fits into one object."""
    piece: list[Json] = []
    size = 0
    for one in shards:
        own = sum(len(text) * 3 // 4 for text in one["binaryData"].values())
        if piece and (_note(piece[-1], HEAD) != _note(one, BEFORE) or size + own > LARGEST):
            if len(piece) > 1:
                yield piece
            piece, size = [], 0
        piece.append(one)
        size += own
    if len(piece) > 1:
        yield piece


def joined(maps: Sequence[Json], run: str, sealed: Sealed) -> Found:
    """Return the records up to `sealed`: from the last shard backwards, the longest of each end first.

    What a crash left lying about ends in no digest that is asked for. Raises LedgerInconsistent for a gap,
    VerificationFailed for a shard that is not what its digest says.
    """
    by_head: dict[Digest, Json] = {}
    for one in maps:
        known = by_head.get(_note(one, HEAD))
        if known is None or number(one, FIRST) < number(known, FIRST):
            by_head[_note(one, HEAD)] = one
    found = Found([], {}, [])
    parts: list[list[bytes]] = []
    head, end = sealed.head, sealed.sequence
    while head != GENESIS:
        ending = by_head.get(head) or _around(maps, end)
        if ending is None:
            raise LedgerInconsistent(f"the shard of run {run} that ends with record {end} ({head}) is not there")
        one = ending
        part = unseal(_shard(one))[: end - number(one, FIRST) + 1]
        if number(one, FIRST) + len(part) - 1 != end or digest_bytes(part[-1]) != head:
            name = one["metadata"]["name"]
            raise VerificationFailed(f"shard {name} of run {run} does not have {head} as record {end}")
        parts.append(part)
        found.contents.update(_contents(one))
        found.used.insert(0, one)
        head, end = _note(one, BEFORE), number(one, FIRST) - 1
    found.records.extend(record for part in reversed(parts) for record in part)
    return found


def number(one: Json, name: str) -> int:
    """Return an annotation that is a number."""
    return int(_note(one, name))


def _around(maps: Sequence[Json], end: int) -> Json | None:
    """Return the shard in which a record is not the last one: merged since the status was read that ends there."""
    return next((one for one in maps if number(one, FIRST) <= end < number(one, LAST)), None)


def _object(
    name: str, metadata: Json, shard: Shard, contents: Mapping[Digest, str], ends: Ends, notes: Mapping[str, str]
) -> Json:
    binary = {"records": _text(shard.content)}
    if contents:
        binary["contents"] = _text(zlib.compress(orjson.dumps(contents, option=orjson.OPT_SORT_KEYS), 6))
    annotations = {
        FIRST: str(shard.first),
        LAST: str(shard.last),
        BEFORE: ends.before,
        HEAD: ends.head,
        DIGEST: shard.digest,
        **notes,
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "annotations": annotations, **metadata},
        "immutable": True,
        "binaryData": binary,
    }


def _shard(one: Json) -> Shard:
    return Shard(number(one, FIRST), number(one, LAST), _note(one, DIGEST), _bytes(one["binaryData"]["records"]))


def _contents(one: Json) -> dict[Digest, str]:
    packed = one["binaryData"].get("contents")
    found: dict[Digest, str] = {} if packed is None else orjson.loads(zlib.decompress(_bytes(packed)))
    return found


def _note(one: Json, name: str) -> str:
    return str(one["metadata"]["annotations"][name])


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
