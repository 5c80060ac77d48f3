"""Blobs as ConfigMaps: in parts, whole once their first part is there, owned by every run that stored them."""

import asyncio
import base64
import random
import zlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

from controller.adapters.cluster import config_map_blobs
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.names import DIGEST, blob_name
from controller.errors import AlreadyExists, NotFound, StoreUnavailable, TooLarge, VerificationFailed
from controller.model.digest import digest_bytes, short

Json = dict[str, Any]
T = TypeVar("T")

SMALL = b'{"rows":3}'
NOISE = random.Random(7).randbytes(5_000)
"""Cannot be compressed."""

RUN: Json = {"metadata": {"name": "q3", "uid": "uid-q3"}}


class Maps:
    """ConfigMaps of one namespace, in memory."""

    def __init__(self) -> None:
        self.there: dict[str, Json] = {}
        self.made: list[str] = []
        self.owned: list[tuple[str, str]] = []
        self.most = 100
        """So many are taken before the server is away."""

    async def create(self, body: Json) -> Json:
        name = body["metadata"]["name"]
        if name in self.there:
            raise AlreadyExists(name)
        if len(self.made) == self.most:
            raise StoreUnavailable("away")
        self.made.append(name)
        self.there[name] = body
        return body

    async def get(self, name: str) -> Json:
        if name not in self.there:
            raise NotFound(name)
        return self.there[name]

    async def own(self, name: str, owner: Json) -> None:
        self.owned.append((name, owner["metadata"]["uid"]))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_map_blobs, "LARGEST_PART", 1_000)


def store(maps: Maps, owner: Json | None = RUN) -> ConfigMapBlobs:
    return ConfigMapBlobs(maps, "space", lambda: owner)


def played(coroutine: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(coroutine)


@pytest.mark.parametrize("content", [b"", SMALL, NOISE, b"a" * 100_000], ids=["empty", "small", "parts", "packed"])
def test_what_was_stored_is_read(content: bytes) -> None:
    maps, digest = Maps(), digest_bytes(content)
    played(store(maps).put(digest, content))
    assert played(store(maps).get(digest)) == content
    assert played(store(maps).size(digest)) == len(content)
    assert len(maps.there) == (6 if content == NOISE else 1)


def test_a_map_cannot_be_changed_and_says_what_it_holds() -> None:
    maps, digest = Maps(), digest_bytes(SMALL)
    played(store(maps).put(digest, SMALL))
    (body,) = maps.there.values()
    assert body["immutable"] is True
    assert body["metadata"]["annotations"][DIGEST] == digest
    assert body["metadata"]["labels"]["libretto.dev/kind"] == "blob"
    (owner,) = body["metadata"]["ownerReferences"]
    assert (owner["uid"], owner.get("controller")) == ("uid-q3", None)


def test_what_no_run_owns_is_nobodys() -> None:
    maps = Maps()
    played(store(maps, None).put(digest_bytes(SMALL), SMALL))
    played(store(maps, None).put(digest_bytes(SMALL), SMALL))
    assert "ownerReferences" not in next(iter(maps.there.values()))["metadata"]
    assert maps.owned == []


def test_twice_is_once_and_the_second_run_owns_it_too() -> None:
    maps, digest = Maps(), digest_bytes(NOISE)
    other: Json = {"metadata": {"name": "q4", "uid": "uid-q4"}}
    played(store(maps).put(digest, NOISE))
    played(store(maps, other).put(digest, NOISE))
    assert len(maps.made) == 6
    assert sorted(maps.owned) == sorted((name, "uid-q4") for name in maps.there)


@pytest.mark.requirement("K8S-019")
@pytest.mark.parametrize("most", range(6))
def test_half_of_a_blob_is_none(most: int) -> None:
    maps, digest = Maps(), digest_bytes(NOISE)
    maps.most = most
    with pytest.raises(StoreUnavailable):
        played(store(maps).put(digest, NOISE))
    assert played(store(maps).size(digest)) is None
    with pytest.raises(NotFound):
        played(store(maps).get(digest))
    maps.most = 100
    played(store(maps).put(digest, NOISE))
    assert played(store(maps).get(digest)) == NOISE


def test_what_is_too_large_says_what_to_do() -> None:
    content = random.Random(8).randbytes(70_000)
    maps = Maps()
    with pytest.raises(TooLarge, match="does not fit into ConfigMaps") as caught:
        played(store(maps).put(digest_bytes(content), content))
    assert "S3 bucket or libretto-store" in str(caught.value.hint)
    assert maps.there == {}


def swapped(first: Json, second: Json) -> None:
    first["binaryData"], second["binaryData"] = second["binaryData"], first["binaryData"]


def other(first: Json, second: Json) -> None:
    first["metadata"]["annotations"]["libretto.dev/parts"] = "1"
    first["binaryData"]["content"] = base64.b64encode(zlib.compress(b"other")).decode()
    assert second


DAMAGES: dict[str, tuple[Callable[[Json, Json], object], str]] = {
    "parts swapped": (swapped, "ConfigMap FIRST with its 6 parts cannot be decompressed"),
    "another content": (
        other,
        f"ConfigMap FIRST holds {short(digest_bytes(b'other'))}, not {short(digest_bytes(NOISE))}: ",
    ),
    "bytes changed": (
        lambda _, second: second["binaryData"].update(content="AAAA"),
        "ConfigMap FIRST with its 6 parts cannot be decompressed",
    ),
    "no base64": (lambda _, second: second["binaryData"].update(content="abc"), "ConfigMap SECOND has no content"),
    "no content": (lambda _, second: second["binaryData"].clear(), "ConfigMap SECOND has no content"),
    "no data": (lambda _, second: second.pop("binaryData"), "ConfigMap SECOND has no content"),
    "no annotations": (lambda first, _: first["metadata"].pop("annotations"), "ConfigMap FIRST does not say"),
    "a number that is none": (
        lambda first, _: first["metadata"]["annotations"].update({"libretto.dev/parts": "six"}),
        "ConfigMap FIRST does not say libretto.dev/parts any more",
    ),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGES.values(), ids=DAMAGES)
def test_what_somebody_wrote_to_is_refused_and_the_map_named(damage: Callable[[Json, Json], object], told: str) -> None:
    maps, digest = Maps(), digest_bytes(NOISE)
    played(store(maps).put(digest, NOISE))
    first, second = blob_name(digest, 0), blob_name(digest, 1)
    damage(maps.there[first], maps.there[second])
    with pytest.raises(VerificationFailed) as caught:
        played(store(maps).get(digest))
    assert told.replace("FIRST", first).replace("SECOND", second) in caught.value.message


def test_a_part_that_is_gone_is_named() -> None:
    maps, digest = Maps(), digest_bytes(NOISE)
    played(store(maps).put(digest, NOISE))
    del maps.there[blob_name(digest, 3)]
    with pytest.raises(VerificationFailed, match=f"ConfigMap {blob_name(digest, 3)}, part 4 of 6, is not there"):
        played(store(maps).get(digest))


def test_a_size_that_nobody_says_any_more_is_told() -> None:
    maps, digest = Maps(), digest_bytes(SMALL)
    played(store(maps).put(digest, SMALL))
    maps.there[blob_name(digest, 0)]["metadata"].pop("annotations")
    with pytest.raises(VerificationFailed, match="does not say libretto"):
        played(store(maps).size(digest))
