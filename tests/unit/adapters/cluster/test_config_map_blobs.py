"""Blobs as ConfigMaps: in parts, whole once their first part is there, owned by every run that stored them."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from controller.adapters.cluster import config_map_blobs
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.names import DIGEST, blob_name
from controller.errors import AlreadyExists, NotFound, StoreUnavailable, TooLarge, VerificationFailed
from controller.model.digest import digest_bytes

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


def test_parts_that_do_not_fit_together_are_refused() -> None:
    maps, digest = Maps(), digest_bytes(NOISE)
    played(store(maps).put(digest, NOISE))
    first, second = blob_name(digest, 0), blob_name(digest, 1)
    maps.there[first]["binaryData"], maps.there[second]["binaryData"] = (
        maps.there[second]["binaryData"],
        maps.there[first]["binaryData"],
    )
    with pytest.raises(VerificationFailed, match="cannot be decompressed"):
        played(store(maps).get(digest))
