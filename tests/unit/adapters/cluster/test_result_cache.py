"""Kept results as ConfigMaps: what every cache promises, and entries that somebody spoiled."""

import base64
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.names import EXPIRES, KIND, cache_name
from controller.adapters.cluster.result_cache import CACHE, LARGEST, ConfigMapResultCache
from controller.errors import NotFound, ServerUnavailable
from controller.model.digest import Digest, digest_bytes
from controller.ports.blob_store import BlobStore
from controller.ports.result_cache import CacheEntry
from tests.contract import test_result_cache as contract
from tests.contract.machine import Machine
from tests.contract.scenarios import KEY, SMALL, entry
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.clock import START
from tests.fakes.disk import Disk
from tests.unit.adapters.cluster.api_server import in_a_loop
from tests.unit.adapters.cluster.config_map_server import ConfigMapServer

Json = dict[str, Any]


class Waiting:
    """A cache whose calls wait for the server, as a driver's do."""

    def __init__(self, server: ConfigMapServer, *contents: bytes) -> None:
        self.blobs: BlobStore = InMemoryBlobStore(Disk())
        for content in contents:
            self.blobs.put(content)
        self._cache = ConfigMapResultCache(NamespaceConfigMaps(server, "space"), "space", self.blobs)

    def get(self, key: Digest, now: int) -> CacheEntry | None:
        return in_a_loop(lambda: self._cache.get(key, now))

    def put(self, entry: CacheEntry) -> None:
        in_a_loop(lambda: self._cache.put(entry))


class Namespace:
    """Two trees of a namespace, in the form of a machine of the contract. The other one never saw the document."""

    def __init__(self) -> None:
        self._server = ConfigMapServer()
        self.stores = self._tree(SMALL)

    def _tree(self, *contents: bytes) -> SimpleNamespace:
        return SimpleNamespace(cache=Waiting(self._server, *contents), ledger=SimpleNamespace(flush=lambda: None))

    def another(self) -> SimpleNamespace:
        return self._tree()


def expires(after: int, found: bool) -> Callable[[Machine], None]:
    return lambda machine: contract.test_an_entry_expires(machine, False, after, found)


@pytest.mark.parametrize(
    "promise",
    [
        lambda machine: contract.test_an_entry_is_found_by_its_key(machine, False),
        expires(0, True),
        expires(599_999, True),
        expires(600_000, False),
        expires(10**12, False),
        contract.test_a_hit_does_not_lengthen_its_life,
        contract.test_a_newer_entry_replaces_an_older_one,
        contract.test_entries_survive_the_process_and_serve_others,
    ],
)
def test_promises_of_every_cache(promise: Callable[[Machine], None]) -> None:
    """All but that the least recently used goes: here entries go when they expire."""
    promise(cast("Machine", Namespace()))


def test_a_hit_brings_the_document_to_the_tree_that_asks() -> None:
    server = ConfigMapServer()
    Waiting(server, SMALL).put(entry())
    tree = Waiting(server)
    assert tree.get(KEY, START) == entry()
    assert tree.blobs.get(digest_bytes(SMALL)) == SMALL
    assert server.calls == ["create", "get"]


def test_an_entry_says_itself_when_it_may_be_swept() -> None:
    server = ConfigMapServer()
    Waiting(server, SMALL).put(entry(ttl=1000))
    metadata = server.maps[cache_name(KEY)]["metadata"]
    assert metadata["labels"][KIND] == CACHE
    assert metadata["annotations"] == {EXPIRES: str(START + 1000)}
    assert "ownerReferences" not in metadata  # it outlives the run that made it


def test_a_large_document_is_made_again_rather_than_kept() -> None:
    server = ConfigMapServer()
    exact, large = b"x" * LARGEST, b"x" * (LARGEST + 1)
    cache = Waiting(server, exact, large)
    cache.put(entry()._replace(output_digest=digest_bytes(large)))
    assert server.calls == []
    cache.put(entry()._replace(output_digest=digest_bytes(exact)))
    assert cache.get(KEY, START) is not None


def spoiled(**parts: Any) -> Callable[[Json], None]:
    return lambda kept: kept.update(parts)


def without(name: str) -> Callable[[Json], None]:
    return lambda kept: kept["data"].pop(name)


def says(name: str, value: str) -> Callable[[Json], None]:
    return lambda kept: kept["data"].update({name: value})


@pytest.mark.parametrize(
    "spoil",
    [
        spoiled(binaryData={"document": base64.b64encode(b'{"rows": 4}').decode()}),
        spoiled(binaryData={"document": "no base64 at a"}),
        spoiled(binaryData=None),
        spoiled(data=None),
        says("output", "blake3:other"),
        says("expiresAt", "tomorrow"),
        says("storedAt", ""),
        *(without(name) for name in ("output", "run", "step", "storedAt", "expiresAt")),
    ],
)
def test_an_entry_that_somebody_spoiled_is_no_hit_and_is_replaced(spoil: Callable[[Json], None]) -> None:
    server = ConfigMapServer()
    cache = Waiting(server, SMALL)
    cache.put(entry())
    spoil(server.maps[cache_name(KEY)])
    assert cache.get(KEY, START) is None
    cache.put(entry())
    assert cache.get(KEY, START) == entry()


def test_an_entry_that_is_swept_while_it_is_replaced_is_kept_another_time() -> None:
    server = ConfigMapServer()
    cache = Waiting(server, SMALL)
    cache.put(entry())

    def swept(verb: str) -> None:
        if verb == "update":
            server.maps.clear()

    server.before = swept
    cache.put(entry(stored_at=START + 5))
    assert cache.get(KEY, START) is None


def test_a_server_that_is_away_is_no_miss() -> None:
    server = ConfigMapServer()

    def away(_: str) -> None:
        raise ServerUnavailable("away")

    server.before = away
    with pytest.raises(ServerUnavailable):
        Waiting(server).get(KEY, START)
    with pytest.raises(ServerUnavailable):
        Waiting(server, SMALL).put(entry())


def test_a_document_that_the_tree_does_not_have_cannot_be_kept() -> None:
    server = ConfigMapServer()
    with pytest.raises(NotFound):
        Waiting(server).put(entry())
    assert server.calls == []
