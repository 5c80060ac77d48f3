"""Shards: sealed, immutable runs of records, named by digest, so that the hot end of a ledger stays small."""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

from controller.errors import VerificationFailed
from controller.model.digest import Digest, digest_bytes

SEPARATOR = b"\n"
"""Canonical JSON has no raw newline, so records split unambiguously."""


class Shard(NamedTuple):
    """Records `first` to `last`, compressed."""

    first: int
    last: int
    digest: Digest
    """Of the joined records, not of the compressed bytes: zlib's output may change between versions."""
    content: bytes


def seal(first: int, records: Sequence[bytes]) -> Shard:
    """Return the shard of consecutive records, the first of which has sequence number `first`."""
    joined = SEPARATOR.join(records)
    return Shard(first, first + len(records) - 1, digest_bytes(joined), zlib.compress(joined, 6))


def unseal(shard: Shard) -> list[bytes]:
    """Return the records. Raises VerificationFailed when they do not match the shard's digest and bounds."""
    try:
        joined = zlib.decompress(shard.content)
    except zlib.error as error:
        raise VerificationFailed(f"shard {shard.digest} cannot be decompressed: {error}") from error
    if digest_bytes(joined) != shard.digest:
        raise VerificationFailed(f"shard {shard.digest} does not match its digest")
    records = joined.split(SEPARATOR)
    if len(records) != shard.last - shard.first + 1:
        raise VerificationFailed(f"shard {shard.digest} holds {len(records)} records, not {shard.first}..{shard.last}")
    return records
