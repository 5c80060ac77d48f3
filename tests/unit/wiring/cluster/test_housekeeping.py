"""What may go and what must stay: runs whose time is over, snapshots of nobody, and kept results that expired."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from controller.adapters.cluster.names import DIGEST, EXPIRES, MANAGED_BY, NEEDED
from controller.definition.catalog import Catalog
from controller.errors import Conflict, LibrettoError, NotFound, ServerUnavailable
from controller.model.record import time_text
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.definitions import Definitions
from controller.wiring.cluster.housekeeping import YOUNGEST_MS, Housekeeping
from tests.fakes.clock import START
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]

HOUR_MS = 3_600_000


class Server(AnsweringClient):
    """ConfigMaps by kind label and namespace, and what was deleted."""

    def __init__(self, *maps: Json) -> None:
        self.maps = maps
        self.listed: list[str | None] = []
        self.deleted: list[str] = []
        self.fails: dict[str, LibrettoError] = {}

    async def answer(self, call: Call) -> Any:
        name, namespace = call.name, call.namespace
        if call.verb == "list":
            assert call.brief
            self.listed.append(namespace)
            if "a list" in self.fails:
                raise self.fails["a list"]
            found = [one for one in self.maps if f"libretto.dev/kind={one['kind']}" == call.labels]
            found = [one for one in found if namespace in (None, one["metadata"]["namespace"])]
            return {"items": found or None, "metadata": {"resourceVersion": "1"}}
        assert call.verb == "delete"
        assert call.uid == f"uid-{name}", "only that very object may go"
        if name in self.fails:
            raise self.fails[name]
        self.deleted.append(f"{call.resource.plural} {namespace}/{name}")
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
    status = ({} if ended is None else {"endedAt": time_text(ended), "state": "Succeeded"}) | values
    return {"kind": "Run", "metadata": metadata, "spec": spec, "status": status}


def swept(
    server: Server, *runs: Json, namespaces: tuple[str, ...] = (), objects: Sequence[Json] = (), **settings: Any
) -> int:
    caches = Caches(lambda *_: None, lambda _: None)
    for one in runs:
        caches.runs.put(one)
    for one in objects:
        (caches.orchestrations if one["kind"] == "Orchestration" else caches.interventions).put(one)
    definitions = Definitions()

    def catalog(namespace: str) -> Catalog:
        return definitions.catalog(namespace, caches.definitions(namespace))

    keeper = Housekeeping(server, caches, Configuration("i", "i", **settings), catalog, namespaces)
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
        (run(ended=0, ttl=0, state="Running"), False),
        (run(ended=0, ttl=0, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), False),
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
        "retried since",
        "on its way already",
    ],
)
def test_runs(one: Json, goes: bool) -> None:
    server = Server()
    assert swept(server, one) == int(goes)
    assert server.deleted == (["runs space/q3"] if goes else [])


def test_what_the_operator_says_holds_for_runs_that_say_nothing() -> None:
    runs = [
        run("says", ended=START - 60_000, ttl=90),
        run("old", ended=START - 60_000),
        run("new", ended=START - 59_000),
    ]
    server = Server()
    assert swept(server, *runs, default_ttl_seconds=60) == 1
    assert server.deleted == ["runs space/old"]


def orchestration(version: str = "1.0.0", **limits: int) -> Json:
    spec = {"name": "nightly", "version": version, "steps": [{"id": "a", "agent": "worker"}], **limits}
    metadata = {"name": f"nightly-{version}", "namespace": "space", "uid": f"o-{version}", "resourceVersion": "1"}
    return {"apiVersion": "libretto.dev/v1alpha1", "kind": "Orchestration", "metadata": metadata, "spec": spec}


ENDED = [
    run(f"{state[0]}{minute}", ended=START - 60_000 * minute - number, state=state)
    for number, state in enumerate(("Succeeded", "Failed", "Aborted", "RolledBack"))
    for minute in (3, 1, 2)
]
"""Three runs each, named by their first letter and by how many minutes ago they ended."""


@pytest.mark.parametrize(
    ("objects", "gone"),
    [
        ([], ""),
        ([orchestration()], ""),
        ([orchestration(successfulRunsHistoryLimit=2)], "S3"),
        ([orchestration(successfulRunsHistoryLimit=0)], "S1 S2 S3"),
        ([orchestration(failedRunsHistoryLimit=4)], "A2 R2 F3 A3 R3"),
        ([orchestration(successfulRunsHistoryLimit=2, failedRunsHistoryLimit=9)], "S3"),
        ([orchestration(successfulRunsHistoryLimit=1), orchestration("1.1.0", successfulRunsHistoryLimit=2)], "S3"),
        ([orchestration(successfulRunsHistoryLimit=1), orchestration("1.1.0")], ""),
    ],
    ids=[
        "it is gone",
        "it says nothing",
        "the youngest stay",
        "none stays",
        "whatever did not succeed",
        "each has its own",
        "the highest version says",
        "the highest version says nothing",
    ],
)
def test_no_more_runs_of_an_orchestration_than_are_kept(objects: list[Json], gone: str) -> None:
    server = Server()
    swept(server, *ENDED, objects=objects)
    assert {name.rpartition("/")[2] for name in server.deleted} == set(gone.split())


@pytest.mark.parametrize(
    ("others", "goes"),
    [
        ([], True),
        ([run("named", ended=START, metadata={"generateName": None})], True),
        ([run("again", spec={"rerunOf": "q3"})], False),
        ([run("again", spec={"rerunOf": "q3"}, ended=START, state="Failed")], True),
        ([run("elsewhere", spec={"rerunOf": "q3"}, metadata={"namespace": "other"})], True),
    ],
    ids=[
        "nobody needs it",
        "another is there",
        "it seeds a run that goes on",
        "it has seeded a run",
        "a namesake does",
    ],
)
@pytest.mark.parametrize("how", ["its time", "their number"])
def test_what_another_run_repeats_stays(others: list[Json], goes: bool, how: str) -> None:
    server = Server()
    one = run(ended=0, ttl=0 if how == "its time" else None)
    limited = [orchestration(successfulRunsHistoryLimit=0)] if how == "their number" else []
    swept(server, one, *others, objects=limited)
    assert ("runs space/q3" in server.deleted) is goes


@pytest.mark.parametrize(("status", "goes"), [({}, False), ({"answeredAt": "2026-01-01T00:00:00Z"}, True)])
def test_what_somebody_commands_something_of_stays(status: Json, goes: bool) -> None:
    metadata = {"name": "retry", "namespace": "space", "uid": "i", "resourceVersion": "1"}
    reference = {"name": "q3", "uid": "uid-q3"}
    asked = {
        "kind": "Intervention",
        "metadata": metadata,
        "spec": {"runRef": reference, "verb": "retry"},
        "status": status,
    }
    server = Server()
    assert swept(server, run(ended=0, ttl=0, state="Failed"), objects=[asked]) == int(goes)


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
    server = Server()
    server.fails["a list"] = ServerUnavailable("away")
    with pytest.raises(ServerUnavailable):
        swept(server)
