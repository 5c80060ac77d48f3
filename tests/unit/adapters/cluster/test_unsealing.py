"""A shard that somebody changed or deleted: what is wrong is told with its place, and what can be read is given."""

import asyncio
import base64
import copy
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from controller.adapters.cluster import fiber
from controller.adapters.cluster.ledger_store import Ends, Sealed, StatusLedgerStore, Unsealed
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pool import Pool
from controller.adapters.cluster.shard_object import BEFORE, DIGEST, FIRST, HEAD, shard_object
from controller.adapters.cluster.unsealing import joined
from controller.errors import VerificationFailed
from controller.machine.shard import seal
from controller.model.digest import digest_bytes
from controller.model.record import GENESIS
from tests.fakes.clock import SettableClock

Json = dict[str, Any]
OWNER: Json = {"metadata": {"name": "q3", "namespace": "ns", "uid": "uid"}, "spec": {}}
RECORDS = [f"record {number}".encode() for number in range(9)]
HEADS = [digest_bytes(record) for record in RECORDS]
SEALED = Sealed(8, HEADS[8], 3)


def shards() -> list[Json]:
    """Three, with three records each."""
    made = []
    for first in (0, 3, 6):
        part = RECORDS[first : first + 3]
        ends = Ends(HEADS[first - 1] if first else GENESIS, HEADS[first + 2])
        contents = {digest_bytes(record): record.decode() for record in part}
        made.append(copy.deepcopy(shard_object(OWNER, seal(first, part), contents, ends, Mark(1, "lease"))))
    return made


def holding(one: Json, member: str, content: bytes) -> None:
    one["binaryData"][member] = base64.b64encode(content).decode()


def rewritten(maps: list[Json]) -> None:
    holding(maps[1], "records", zlib.compress(b"\n".join([RECORDS[3], b"record X", RECORDS[5]])))


def noted(place: int, name: str, value: str) -> Callable[[list[Json]], None]:
    return lambda maps: maps[place]["metadata"]["annotations"].update({name: value})


def both(maps: list[Json]) -> None:
    for one in maps[1:]:
        holding(one, "records", b"torn")


def without_notes(maps: list[Json]) -> None:
    del maps[1]["metadata"]["annotations"]


class Case(NamedTuple):
    damage: Callable[[list[Json]], object]
    told: str
    """What is said of it, with a gap at each ellipsis; NAME is the shard in the middle."""
    left: int
    """Records that can be read."""


CASES = {
    "the one in the middle was deleted": Case(
        lambda maps: maps.pop(1), "no ConfigMap of run R holds record 3: it was deleted or renamed", 3
    ),
    "the first one was deleted": Case(
        lambda maps: maps.pop(0), "no ConfigMap of run R holds record 0: it was deleted or renamed", 0
    ),
    "all were deleted": Case(lambda maps: maps.clear(), "no ConfigMap of run R holds record 0: it was deleted", 0),
    "a record was changed, and packed anew": Case(
        rewritten, "ConfigMap NAME (records 3 to 5): shard blake3:… does not match its digest", 9
    ),
    "bytes were changed": Case(
        lambda maps: holding(maps[1], "records", b"torn"),
        "ConfigMap NAME (records 3 to 5): shard blake3:… cannot be decompressed",
        3,
    ),
    "no base64": Case(
        lambda maps: maps[1]["binaryData"].update(records="abc"), "ConfigMap NAME (records 3 to 5) holds no records", 3
    ),
    "no records": Case(
        lambda maps: maps[1]["binaryData"].pop("records"), "ConfigMap NAME (records 3 to 5) holds no records", 3
    ),
    "no data at all": Case(
        lambda maps: maps[1].pop("binaryData"), "ConfigMap NAME (records 3 to 5) holds no records any more", 3
    ),
    "two are damaged: the first is told": Case(both, "ConfigMap NAME (records 3 to 5): ", 3),
    "no annotations": Case(without_notes, "holds record 3…; ConfigMap NAME (records ? to ?) does not say", 3),
    "it says that it begins elsewhere": Case(noted(1, FIRST, "4"), "holds record 3: it was deleted or renamed", 3),
    "a number that is none": Case(
        noted(1, FIRST, "many"), "holds record 3: …; ConfigMap NAME (records many to 5) does not say", 3
    ),
    "it says that it ends otherwise": Case(
        noted(1, HEAD, HEADS[0]), f"no ConfigMap of run R says that it ends with record 5 ({HEADS[5]})", 9
    ),
    "it says that it follows otherwise": Case(
        noted(2, BEFORE, HEADS[0]), f"says that it ends with record 5 ({HEADS[0]})", 9
    ),
    "it says that it is another": Case(noted(1, DIGEST, HEADS[0]), "ConfigMap NAME (records 3 to 5): … digest", 9),
    "the contents beside the records are torn": Case(
        lambda maps: holding(maps[1], "contents", b"torn"), "the contents beside its records cannot be read", 9
    ),
    "the contents beside the records are no object": Case(
        lambda maps: holding(maps[1], "contents", zlib.compress(b"[]")), "the contents beside its records cannot", 9
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_damaged_is_told_with_its_place(case: Case) -> None:
    maps = shards()
    name = maps[1]["metadata"]["name"]
    case.damage(maps)
    found = joined(maps, "R", SEALED)
    assert found.damage is not None
    for part in case.told.replace("NAME", name).split("…"):
        assert part in found.damage.message
    assert len(found.records) == case.left
    assert found.records[:3] == RECORDS[: min(case.left, 3)]


def test_what_nobody_touched_is_whole() -> None:
    found = joined(shards(), "R", SEALED)
    assert (found.records, found.damage, len(found.contents)) == (RECORDS, None, 9)


def test_litter_is_not_taken_for_what_is_missing() -> None:
    """Of two that begin alike, another one follows the shorter."""
    maps = shards()
    part = [*RECORDS[3:5], b"never", b"written"]
    litter = shard_object(OWNER, seal(3, part), {}, Ends(HEADS[2], digest_bytes(part[-1])), Mark(1, "lease"))
    holding(maps[2], "records", b"torn")
    found = joined([*maps, litter], "R", SEALED)
    assert found.records == RECORDS[:6]
    assert maps[2]["metadata"]["name"] in str(found.damage)


class Damaged:
    """Shards of which only the first records can be read."""

    def __init__(self, left: int) -> None:
        self.left = left

    def seal(self, *_: object) -> None:
        raise AssertionError

    def read(self, run: str, sealed: Sealed) -> Unsealed:
        assert (run, sealed) == ("R", SEALED)
        return Unsealed(RECORDS[: self.left], {HEADS[0]: "record 0"}, VerificationFailed("torn"))


class Runs:
    def find(self, _: str) -> Json:
        tail = {"tail": ["record 9"], "sequence": 9, "head": digest_bytes(b"record 9")}
        sealed = {"sequence": 8, "head": HEADS[8], "count": 3}
        return {"status": {**tail, "sealed": sealed, "contents": {digest_bytes(b"new"): "new"}}}

    def write_status(self, *_: object) -> None:
        raise AssertionError


@pytest.mark.parametrize(("left", "given"), [(0, 0), (3, 3), (9, 10)])
def test_who_reads_a_damaged_ledger_gets_what_comes_before_the_error(left: int, given: int) -> None:
    pool = Pool()
    mark = Mark(1, "lease")
    store = StatusLedgerStore(Runs(), Damaged(left), pool, SettableClock(), lambda: mark, lambda _: {})
    read: list[bytes] = []

    def work() -> None:
        for record in store.read("R"):
            read.append(record)  # noqa: PERF402 - what comes before the error counts

    with pytest.raises(VerificationFailed, match="torn"):
        asyncio.run(fiber.run(work))
    assert read == [*RECORDS, b"record 9"][:given]
    # What records name must not be told to be missing as well.
    assert (pool.get(HEADS[0]), pool.get(digest_bytes(b"new"))) == (b"record 0", b"new")
