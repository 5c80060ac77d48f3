"""How bytes get their name: canonical JSON (RFC 8785) and BLAKE3-256, written `blake3:<64 hex>`."""

import re
from typing import Any

import orjson
import rfc8785
from blake3 import blake3

Digest = str
"""`blake3:` and 64 lower-case hex digits. The algorithm stands in front so that another can follow one day."""

DIGEST_PATTERN = re.compile(r"blake3:[0-9a-f]{64}")

LARGEST_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 7493, section 2.2)."""


def digest_bytes(content: bytes) -> Digest:
    """Return the digest of `content`."""
    return "blake3:" + blake3(content).hexdigest()


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of user data (floats allowed).

    Raises ValueError for what has no canonical form: NaN, infinities, integers beyond 2^53, keys that are not text.
    """
    if _without_floats(value):
        try:
            content = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
        except TypeError:
            pass  # too large an integer, or half a surrogate pair: the canonicaliser says it in its own words
        else:
            # Keys beyond ASCII sort otherwise there: by UTF-16 code units.
            if content.isascii():
                return _fitted(content)
    return rfc8785.dumps(value)


def _without_floats(value: Any) -> bool:
    """Whether a value consists of exactly the types that orjson and the canonicaliser write alike."""
    kind = type(value)
    if kind is dict:
        return all(map(_without_floats, value.values()))
    if kind is list:
        return all(map(_without_floats, value))
    return kind in _WRITTEN_ALIKE


_WRITTEN_ALIKE = frozenset({str, int, bool, type(None)})


def canonical_record(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value of ours: no floats, ASCII keys, integers within 2^53.

    Within that domain orjson's sorted output is byte-equal to RFC 8785 (a property test holds them together) and forty
    times faster, which matters because every ledger record passes here.
    """
    return _fitted(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def _fitted(content: bytes) -> bytes:
    """Return the same bytes in memory of their own size: what orjson returns keeps its first buffer, 4 KiB at least."""
    return bytes(memoryview(content))


def digest_value(value: Any) -> Digest:
    """Return the digest of user data, over its canonical bytes."""
    return digest_bytes(canonical(value))


def digest_record(value: Any) -> Digest:
    """Return the digest of a value of ours, over its canonical bytes."""
    return digest_bytes(canonical_record(value))


def short(digest: Digest) -> str:
    """Return the digest as people see it in a line: `blake3:5e0c…91`."""
    return f"{digest[:11]}…{digest[-2:]}"
