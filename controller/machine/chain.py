"""The hash chain: linking records, and finding out whether a sequence of them is what was once written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from controller.model.digest import Digest, digest_bytes
from controller.model.record import GENESIS, Record, decode, encode


class Link(NamedTuple):
    """A record with its canonical bytes and digest."""

    record: Record
    content: bytes
    digest: Digest


class Chain(NamedTuple):
    """Where a ledger ends."""

    next: int = 0
    head: Digest = GENESIS

    def link(self, record: Record) -> tuple[Link, "Chain"]:
        """Return the record as the next link (its seq and prev are set here) and the chain after it."""
        placed = record._replace(seq=self.next, prev=self.head)
        content = encode(placed)
        digest = digest_bytes(content)
        return Link(placed, content, digest), Chain(self.next + 1, digest)


class Break(NamedTuple):
    """The first place where a chain is not sound."""

    seq: int
    """Sequence number that was expected there."""
    problem: str
    """What is wrong, in one line."""
    record: Record | None = None
    """The record, where its bytes still are one."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of a chain found."""

    count: int
    """Sound records before the break, or all."""
    head: Digest
    """Digest of the last sound record."""
    broken: Break | None
    links: tuple[Link, ...] = ()


def check(contents: Iterable[bytes]) -> ChainReport:
    """Follow a chain from its first record and stop at the first break."""
    links: list[Link] = []
    head: Digest = GENESIS
    for seq, content in enumerate(contents):
        problem, record = _check_one(content, seq, head)
        if problem is not None:
            return ChainReport(seq, head, Break(seq, problem, record), tuple(links))
        assert record is not None
        head = digest_bytes(content)
        links.append(Link(record, content, head))
    return ChainReport(len(links), head, None, tuple(links))


def _check_one(content: bytes, seq: int, head: Digest) -> tuple[str | None, Record | None]:
    try:
        record = decode(content)
    except ValueError as error:
        return str(error), None
    if encode(record) != content:
        return "its bytes are not the canonical form of what they say", record
    if record.seq != seq:
        return f"its sequence number is {record.seq}, expected {seq}: a record was dropped, added or moved", record
    if record.prev != head:
        return f"it follows {record.prev}, but the record before it is {head}", record
    return None, record
