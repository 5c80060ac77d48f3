"""What may go and what must stay: runs whose time is over, snapshots of nobody, and kept results that expired."""

import asyncio
from typing import Any

import pytest

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import DIGEST, EXPIRES, MANAGED_BY, NEEDED
from controller.adapters.cluster.resources import Resource
from controller.errors import Conflict, LibrettoError, NotFound, ServerUnavailable
from controller.model.record import time_text
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.housekeeping import YOUNGEST_MS, Housekeeping
from tests.fakes.clock import START

Json = dict[str, Any]

HOUR_MS = 3_600_000


class Server(Client):
    """ConfigMaps by kind label and namespace, and what was deleted."""

    def __init__(self, *maps: Json) -> None:
        self.maps = maps
        self.listed: list[str | None] = []
        self.deleted: list[str] = []
        self.fails: dict[str, LibrettoError] = {}

    async def list_metadata(self, resource: Resource, namespace: str | None = None, *, labels: str = "") -> Json:
        self.listed.append(namespace)
        found = [one for one in self.maps if f"libretto.dev/kind={one['kind']}" == labels]
        found = [one for one in found if namespace in (None, one["metadata"]["namespace"])]
        return {"items": found or None}

    async def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        propagation: str = "Background",
    ) -> Json:
        assert uid == f"uid-{name}", "only that very object may go"
        if name in self.fails:
            raise self.fails[name]
        self.deleted.append(f"{resource.plural} {namespace}/{name}")
        return {}


def config_map(kind: str, name: str, *, namespace: str = "space", age: int = 2 * HOUR_MS, **notes: str) -> Json:
    made = time_text(START - age)[:-5] + "Z"
    annotations = {{"digest": DIGEST, "expires": EXPIRES, "needed": NEEDED}[key]: value for key, value in notes.items()}
    metadata: Json = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "creationTimestamp": made}
    return {"kind": kind, "metadata": metadata | ({"annotations": annotations} if annotations else {})}


def run(name: str = "q3", *, ended: int | None = None, ttl: int | None = None, **values: Any) -> Json:
    metadata = {"name": name, "namespace": "space", "uid": f"uid-{name}", "resourceVersion": "1", "generateName": "q-"}
    metadata |= values.pop("metadata", {})
    spec: Json = {"orchestrationRef": {"name": "nightly"}, **values.pop("spec", {})}
    if ttl is not None:
        spec["ttlSecondsAfterFinished"] = ttl
    status = values | ({} if ended is None else {"endedAt": time_text(ended)})
    return {"kind": "Run", "metadata": metadata, "spec": spec, "status": status}


def swept(server: Server, *runs: Json, namespaces: tuple[str, ...] = (), **settings: Any) -> int:
    caches = Caches(lambda *_: None, lambda _: None)
    for one in runs:
        caches.runs.put(one)
    keeper = Housekeeping(server, caches, Configuration("i", "i", **settings), namespaces)
    return asyncio.run(keeper.sweep(START))


@pytest.mark.parametrize(
    ("one", "goes"),
    [
        (run(ended=START - 60_000, ttl=60), True),
        (run(ended=START - 59_999, ttl=60), False),
        (run(ended=START, ttl=0), True),
        (run(ended=0), False),
        (run(ttl=0), False),
        (run(ended=0, ttl=0, metadata={"generateName": None}), False),
        (run(ended=0, ttl=0, metadata={"generateName": None, "labels": {MANAGED_BY: "Helm"}}), False),
        (run(ended=0, ttl=0, metadata={"generateName": None, "labels": {MANAGED_BY: "libretto"}}), True),
        (run(ended=0, ttl=0, spec={"parent": {"uid": "c", "rootUid": "r"}}), False),
    ],
    ids=[
        "its time is over",
        "its time is not over",
        "no time at all",
        "for ever",
        "it goes on",
        "written down by name",
        "of a chart",
        "made by us",
        "a child goes with its parent",
    ],
)
def test_runs(one: Json, goes: bool) -> None:
    server = Server()
    assert swept(server, one) == int(goes)
    assert server.deleted == (["runs space/q3"] if goes else [])


@pytest.mark.parametrize(
    ("one", "goes"),
    [
        (config_map("snapshot", "s", digest="old"), True),
        (config_map("snapshot", "s", digest="executed"), False),
        (config_map("snapshot", "s", digest="executed", namespace="other"), True),
        (config_map("snapshot", "s", digest="old", age=YOUNGEST_MS), True),
        (config_map("snapshot", "s", digest="old", age=YOUNGEST_MS - 1000), False),
        (config_map("snapshot", "s"), True),
        (config_map("snapshot", "s", digest="old", needed="true"), False),
        (config_map("cache", "c", expires=str(START)), True),
        (config_map("cache", "c", expires=str(START + 1)), False),
        (config_map("cache", "c", expires=str(START + 1), digest="old"), False),
        (config_map("cache", "c"), True),
        (config_map("cache", "c", expires="never"), True),
        (config_map("blob", "b", digest="old"), False),
        (config_map("shard", "s"), False),
    ],
    ids=[
        "snapshot of nobody",
        "snapshot of a run",
        "snapshot of a run elsewhere",
        "snapshot, an hour old",
        "snapshot that a run may soon execute",
        "snapshot of nothing",
        "snapshot whose very content a run left as well",
        "result, expired",
        "result, good",
        "result, good, of nobody",
        "result that never says when",
        "result that somebody spoiled",
        "blob",
        "shard",
    ],
)
def test_config_maps(one: Json, goes: bool) -> None:
    assert swept(Server(one), run(snapshot="executed")) == int(goes)


def test_a_run_that_was_not_looked_at_executes_nothing() -> None:
    assert swept(Server(config_map("snapshot", "s", digest="old")), run()) == 1


def test_what_cannot_be_deleted_holds_nothing_up() -> None:
    server = Server(*(config_map("snapshot", name) for name in ("a", "b", "c", "d")))
    server.fails = {"a": NotFound("gone"), "b": ServerUnavailable("away"), "c": Conflict("another uid")}
    assert swept(server) == 1
    assert server.deleted == ["configmaps space/d"]


def test_only_the_namespaces_that_are_looked_after_are_listed() -> None:
    maps = [config_map("snapshot", name, namespace=name) for name in ("one", "two", "three")]
    server = Server(*maps)
    assert swept(server, namespaces=("one", "three")) == 2
    assert set(server.listed) == {"one", "three"}
    server = Server(*maps)
    assert swept(server) == 3
    assert set(server.listed) == {None}


def test_other_shards_sweep_their_own() -> None:
    names = [f"space-{number}" for number in range(20)]
    gone: list[str] = []
    for shard in range(3):
        server = Server(*(config_map("snapshot", f"s-{name}", namespace=name, digest="old") for name in names))
        runs = [run(f"r-{name}", ended=0, ttl=0, metadata={"namespace": name}) for name in names]
        swept(server, *runs, shard=shard, shards=3)
        gone += server.deleted
    expected = [f"configmaps {name}/s-{name}" for name in names] + [f"runs {name}/r-{name}" for name in names]
    assert sorted(gone) == sorted(expected)


def test_a_list_that_fails_is_told() -> None:
    class Away(Server):
        async def list_metadata(self, resource: Resource, namespace: str | None = None, *, labels: str = "") -> Json:
            raise ServerUnavailable("away")

    with pytest.raises(ServerUnavailable):
        swept(Away())
