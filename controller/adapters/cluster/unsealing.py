"""How are the sealed records of a run found again among its shards, and what of them where one is damaged or gone?"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from controller.adapters.cluster.ledger_store import Sealed
from controller.adapters.cluster.shard_object import (
    BEFORE,
    FIRST,
    HEAD,
    LAST,
    contents_of,
    note,
    number,
    place,
    records_of,
    torn_records_of,
)
from controller.errors import VerificationFailed
from controller.model.digest import Digest, digest_bytes
from controller.model.record import GENESIS

Json = dict[str, Any]


class Found(NamedTuple):
    """The ledger of a run as far as it is sealed."""

    records: list[bytes]
    contents: dict[Digest, str]
    used: list[Json]
    """The objects that it was read from, in order."""
    damage: VerificationFailed | None = None
    """The first that is wrong. Then the records are what can be read without a gap from the first on, and prove nothing."""


def joined(maps: Sequence[Json], run: str, sealed: Sealed) -> Found:
    """Return the records up to `sealed`: from the last shard backwards, the longest of each end first.

    What a crash left lying about ends in no digest that is asked for.
    """
    sound = [one for one in maps if legible(one)]
    try:
        return _backwards(sound, run, sealed)
    except VerificationFailed as damage:
        others = [f"{place(one)} does not say what it holds" for one in maps if not legible(one)]
        return _salvaged(sound, run, sealed, damage, others)


def legible(one: Json) -> bool:
    """Return whether a shard says what it holds; one that does not is as good as gone."""
    try:
        return number(one, FIRST) <= number(one, LAST) and bool(note(one, BEFORE) and note(one, HEAD))
    except VerificationFailed:
        return False


def _backwards(maps: Sequence[Json], run: str, sealed: Sealed) -> Found:
    by_head: dict[Digest, Json] = {}
    for one in maps:
        known = by_head.get(note(one, HEAD))
        if known is None or number(one, FIRST) < number(known, FIRST):
            by_head[note(one, HEAD)] = one
    found = Found([], {}, [])
    parts: list[list[bytes]] = []
    head, end = sealed.head, sealed.sequence
    while head != GENESIS:
        ending = by_head.get(head) or _around(maps, end)
        if ending is None:
            raise VerificationFailed(f"no ConfigMap of run {run} says that it ends with record {end} ({head})")
        one = ending
        part = records_of(one)[: end - number(one, FIRST) + 1]
        if number(one, FIRST) + len(part) - 1 != end or digest_bytes(part[-1]) != head:
            raise VerificationFailed(f"{place(one)} of run {run} does not have {head} as record {end}")
        parts.append(part)
        found.contents.update(contents_of(one))
        found.used.insert(0, one)
        head, end = note(one, BEFORE), number(one, FIRST) - 1
    found.records.extend(record for part in reversed(parts) for record in part)
    return found


def _around(maps: Sequence[Json], end: int) -> Json | None:
    """Return the shard in which a record is not the last one: merged since the status was read that ends there."""
    return next((one for one in maps if number(one, FIRST) <= end < number(one, LAST)), None)


def _salvaged(
    maps: Sequence[Json], run: str, sealed: Sealed, damage: VerificationFailed, others: Sequence[str]
) -> Found:
    """Return what can be read all the same, by numbers alone: whoever proves a ledger hashes each record anew."""
    found = Found([], {}, [])
    first: VerificationFailed | None = None
    while (at := len(found.records)) <= sealed.sequence:
        one = _beginning(maps, at, sealed)
        if one is None:
            told = "; ".join([f"no ConfigMap of run {run} holds record {at}: it was deleted or renamed", *others])
            first = first or VerificationFailed(told)
            break
        try:
            part = records_of(one)
        except VerificationFailed as error:
            first = first or error
            try:
                part = torn_records_of(one)
            except VerificationFailed:
                break
        try:
            found.contents.update(contents_of(one))
        except VerificationFailed as error:
            first = first or error
        found.records.extend(part[: sealed.sequence - at + 1])
        found.used.append(one)
    return found._replace(damage=first or damage)


def _beginning(maps: Sequence[Json], at: int, sealed: Sealed) -> Json | None:
    """Return the shard that begins with a record: the longest of those that others, or the status, follow."""
    followed = {sealed.head, *(note(one, BEFORE) for one in maps)}
    of_it = [one for one in maps if number(one, FIRST) == at]
    return max(of_it, key=lambda one: (note(one, HEAD) in followed, number(one, LAST)), default=None)
