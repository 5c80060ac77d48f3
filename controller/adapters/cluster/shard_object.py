"""How is a shard written as a ConfigMap, alone or merged with others, and what does one say?"""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from controller.adapters.cluster.ledger_store import Ends
from controller.adapters.cluster.names import RUN_UID, Mark, label_value, managed_labels, owner_reference, shard_name
from controller.adapters.cluster.run_object import key_uid
from controller.errors import VerificationFailed
from controller.machine.shard import SEPARATOR, Shard, seal, unseal
from controller.model.digest import Digest

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
    records = [record for one in shards for record in records_of(one)]
    contents: dict[Digest, str] = {}
    for one in shards:
        contents |= contents_of(one)
    whole, ends = seal(number(shards[0], FIRST), records), Ends(note(shards[0], BEFORE), note(last, HEAD))
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
        if piece and (note(piece[-1], HEAD) != note(one, BEFORE) or size + own > LARGEST):
            if len(piece) > 1:
                yield piece
            piece, size = [], 0
        piece.append(one)
        size += own
    if len(piece) > 1:
        yield piece


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


def records_of(one: Json) -> list[bytes]:
    """Return the records of a shard. Raises VerificationFailed."""
    shard = Shard(number(one, FIRST), number(one, LAST), note(one, DIGEST), _bytes(one, "records"))
    try:
        return unseal(shard)
    except VerificationFailed as error:
        raise VerificationFailed(f"{place(one)}: {error.message}") from error


def torn_records_of(one: Json) -> list[bytes]:
    """Return what may be the records of a shard that is not what its digest says. Raises VerificationFailed where nothing is."""
    try:
        return zlib.decompress(_bytes(one, "records")).split(SEPARATOR)
    except zlib.error as error:
        raise VerificationFailed(f"{place(one)} cannot be decompressed: {error}") from error


def contents_of(one: Json) -> dict[Digest, str]:
    """Return the contents that the records of a shard name. Raises VerificationFailed."""
    if "contents" not in one["binaryData"]:
        return {}
    try:
        found = orjson.loads(zlib.decompress(_bytes(one, "contents")))
        return {str(digest): str(text) for digest, text in found.items()}
    except (zlib.error, ValueError, AttributeError) as error:
        raise VerificationFailed(f"{place(one)}: the contents beside its records cannot be read: {error}") from error


def place(one: Json) -> str:
    """Return where a shard is, and what is said to be in it, for people."""
    notes = one["metadata"].get("annotations") or {}
    return f"ConfigMap {one['metadata']['name']} (records {notes.get(FIRST, '?')} to {notes.get(LAST, '?')})"


def note(one: Json, name: str) -> str:
    """Return an annotation. Raises VerificationFailed."""
    try:
        return str(one["metadata"]["annotations"][name])
    except (KeyError, TypeError) as error:
        raise VerificationFailed(f"{place(one)} has no annotation {name} any more: somebody wrote to it") from error


def number(one: Json, name: str) -> int:
    """Return an annotation that is a number. Raises VerificationFailed."""
    try:
        return int(note(one, name))
    except ValueError as error:
        raise VerificationFailed(f"{place(one)}: its annotation {name} is no number: somebody wrote to it") from error


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(one: Json, member: str) -> bytes:
    try:
        return base64.b64decode(one["binaryData"][member])
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationFailed(f"{place(one)} holds no {member} any more: somebody wrote to it") from error
