"""Calls about ConfigMaps, and owners that are added beside others who add themselves."""

import asyncio
from typing import Any

import pytest

from controller.adapters.cluster.config_maps import TRIES, NamespaceConfigMaps
from controller.adapters.cluster.names import NEEDED
from controller.errors import AlreadyExists, Conflict, NotFound, ServerUnavailable
from tests.unit.adapters.cluster.config_map_server import ConfigMapServer

Json = dict[str, Any]


def config_map(name: str, *owners: str, labels: Json | None = None) -> Json:
    references = [{"apiVersion": "v", "kind": "Run", "name": f"run-{uid}", "uid": uid} for uid in owners]
    metadata: Json = {"name": name, "uid": f"uid-{name}", "labels": labels or {}}
    return {"metadata": metadata | ({"ownerReferences": references} if owners else {})}


def run(uid: str) -> Json:
    return {"metadata": {"name": f"run-{uid}", "uid": uid}}


def owners(server: ConfigMapServer, name: str = "a") -> list[str]:
    return [one["uid"] for one in server.maps[name]["metadata"].get("ownerReferences") or ()]


def test_what_is_made_is_read_replaced_listed_and_deleted() -> None:
    server = ConfigMapServer()
    maps = NamespaceConfigMaps(server, "space")

    async def whole() -> None:
        assert (await maps.create(config_map("a", labels={"kind": "blob"})))["metadata"]["name"] == "a"
        await maps.create(config_map("b", labels={"kind": "shard"}))
        with pytest.raises(AlreadyExists):
            await maps.create(config_map("a"))
        await maps.replace({**config_map("a", labels={"kind": "blob"}), "data": {"x": "y"}})
        assert (await maps.get("a"))["data"] == {"x": "y"}
        assert [one["metadata"]["name"] for one in await maps.list("kind=blob")] == ["a"]
        assert list(await maps.list("kind=other")) == []
        await maps.delete_all("kind=shard")
        await maps.delete("a")
        with pytest.raises(NotFound):
            await maps.get("a")

    asyncio.run(whole())
    assert server.maps == {}


def test_another_owner_is_added_beside_the_first() -> None:
    server = ConfigMapServer()
    server.keep(config_map("a", "one"))
    asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    assert owners(server) == ["one", "two"]
    added = server.maps["a"]["metadata"]["ownerReferences"][1]
    # Of several owners none controls, and none holds up the deletion of another.
    assert added == {"apiVersion": "libretto.dev/v1alpha1", "kind": "Run", "name": "run-two", "uid": "two"}


def test_nothing_is_written_where_it_is_owned_already() -> None:
    server = ConfigMapServer()
    server.keep(config_map("a", "one", "two"))
    asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    assert (owners(server), server.calls) == (["one", "two"], ["get"])


def test_what_nobody_owns_is_noted_to_be_needed_once() -> None:
    """A sweep of what only agents or snapshots need must not take it."""
    server = ConfigMapServer()
    server.keep(config_map("a"))
    for owner in ("one", "two"):
        asyncio.run(NamespaceConfigMaps(server, "space").own("a", run(owner)))
    assert (owners(server), server.calls) == ([], ["get", "patch", "get"])
    assert server.maps["a"]["metadata"]["annotations"] == {NEEDED: "true"}


def test_two_that_add_themselves_at_one_time_are_both_there() -> None:
    server = ConfigMapServer()
    server.keep(config_map("a", "one"))

    def other_is_faster(verb: str) -> None:
        if verb == "patch" and len(owners(server)) < 3:
            server.keep(config_map("a", *owners(server), f"other-{len(owners(server))}"))

    server.before = other_is_faster
    asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    assert owners(server) == ["one", "other-1", "other-2", "two"]
    assert server.calls == ["get", "patch"] * 3


def test_a_conflict_is_tried_again() -> None:
    server = ConfigMapServer()
    server.keep(config_map("a", "one"))

    def refuse_once(verb: str) -> None:
        if verb == "patch" and server.calls.count("patch") == 1:
            raise Conflict("somebody wrote")

    server.before = refuse_once
    asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    assert owners(server) == ["one", "two"]


def test_what_changes_all_the_time_is_left_for_later() -> None:
    server = ConfigMapServer()
    server.keep(config_map("a", "one"))

    def always_faster(verb: str) -> None:
        if verb == "patch":
            server.keep(config_map("a", "one"))

    server.before = always_faster
    with pytest.raises(Conflict, match="ConfigMap a changes all the time"):
        asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    assert server.calls == ["get", "patch"] * TRIES


def test_what_the_server_says_otherwise_comes_out() -> None:
    server = ConfigMapServer()
    with pytest.raises(NotFound):
        asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    server.keep(config_map("a", "one"))

    def away(verb: str) -> None:
        if verb == "patch":
            raise ServerUnavailable("away")

    server.before = away
    with pytest.raises(ServerUnavailable):
        asyncio.run(NamespaceConfigMaps(server, "space").own("a", run("two")))
    assert owners(server) == ["one"]
