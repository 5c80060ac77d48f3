"""Files of agents and decisions that nobody needs any more, and all that keeps them."""

import asyncio
import copy
import zlib
from base64 import b64encode
from typing import Any

import pytest

from controller.adapters.cluster.config_map_blobs import PARTS
from controller.adapters.cluster.names import DIGEST, NEEDED, blob_name
from controller.definition.catalog import AgentEntry
from controller.definition.snapshot import Snapshot
from controller.errors import NotFound
from controller.model.agent import AgentSpec
from controller.model.digest import digest_bytes
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.unneeded import GRACE_MS, AgentFiles, Since, decisions, unheard
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]

FILE = digest_bytes(b"run.py")


def snapshot(*files: str) -> bytes:
    spec = AgentSpec.model_validate({"slug": "worker", "process": {"argv": ["sh"]}})
    entry = AgentEntry(spec, "revision", {f"{number}.py": one for number, one in enumerate(files)}, "space", "here")
    return Snapshot(digest_bytes(b"root"), {}, {}, {("space", "worker"): entry}).encode()


def metadata(digest: str, namespace: str = "space", **notes: str) -> Json:
    return {"uid": f"{namespace}-{digest}", "namespace": namespace, "annotations": {DIGEST: digest, **notes}}


class Server(AnsweringClient):
    """Snapshots, and how often each was read."""

    def __init__(self, *contents: bytes) -> None:
        self.maps = {blob_name(digest_bytes(one), 0): one for one in contents}
        self.reads: list[str] = []

    async def answer(self, call: Call) -> Any:
        assert call.verb == "get"
        self.reads.append(call.name)
        if call.name not in self.maps:
            raise NotFound(call.name)
        content = b64encode(zlib.compress(self.maps[call.name])).decode()
        return {"metadata": {"annotations": {PARTS: "1"}}, "binaryData": {"content": content}}


def caches(*objects: Json) -> Caches:
    found = Caches(lambda *_: None, lambda _: None)
    for one in copy.deepcopy(objects):
        kind = one["kind"].lower()
        getattr(found, f"{kind}s").put(one)
    return found


def thing(kind: str, name: str, **spec: Any) -> Json:
    where = {"name": name, "namespace": "space", "uid": f"uid-{name}", "resourceVersion": "1"}
    return {"kind": kind, "metadata": where, "spec": spec}


AGENT = thing("Agent", "worker", files={"run.py": {"digest": FILE}})


def unneeded(files: AgentFiles, *listed: Json, snapshots: tuple[Json, ...] = ()) -> list[str]:
    found = asyncio.run(files.unneeded(listed or (metadata(FILE),), snapshots))
    return [one["uid"] for one in found]


@pytest.mark.parametrize(
    ("there", "snapshots", "notes", "goes"),
    [
        ((), (), {}, True),
        ((AGENT,), (), {}, False),
        ((thing("Agent", "other"),), (), {}, True),
        ((), (snapshot("another"),), {}, True),
        ((), (snapshot("another", FILE),), {}, False),
        ((thing("Run", "q3"),), (), {NEEDED: "true"}, False),
        ((thing("Run", "q3"),), (), {}, True),
        ((), (), {NEEDED: "true"}, True),
        ((), (b"{}",), {}, False),
    ],
    ids=[
        "of nobody",
        "of an agent",
        "beside an agent without files",
        "beside a snapshot of another agent",
        "of a snapshot",
        "the very content that a run left as well",
        "beside a run that left something else",
        "the very content that a run left that is gone",
        "beside a snapshot that cannot be read",
    ],
)
def test_file(there: tuple[Json, ...], snapshots: tuple[bytes, ...], notes: Json, goes: bool) -> None:
    files = AgentFiles(Server(*snapshots), caches(*there))
    listed = tuple(metadata(digest_bytes(one)) for one in snapshots)
    assert bool(unneeded(files, metadata(FILE, **notes), snapshots=listed)) is goes


def test_another_namespace_keeps_nothing_here() -> None:
    content = snapshot(FILE)
    files = AgentFiles(Server(content), caches(AGENT))
    elsewhere = metadata(digest_bytes(content), "elsewhere")
    there, here = metadata(FILE, "there"), metadata(FILE)
    assert unneeded(files, here, there, snapshots=(elsewhere,)) == [there["uid"]]


def test_a_snapshot_is_read_once_and_only_where_it_matters() -> None:
    content = snapshot(FILE)
    server, listed = Server(content), (metadata(digest_bytes(content)),)
    files = AgentFiles(server, caches())
    assert [unneeded(files, snapshots=listed) for _ in range(3)] == [[], [], []]
    assert server.reads == [blob_name(digest_bytes(content), 0)]
    assert unneeded(files) == [metadata(FILE)["uid"]], "it is gone"
    served = AgentFiles(server, caches(AGENT))
    unneeded(served, snapshots=listed)
    assert len(server.reads) == 1, "the agent is reason enough"


def test_what_was_needed_meanwhile_waits_once_more() -> None:
    since, one, other = Since(), metadata("a"), metadata("b")
    assert since.long([one], 0) == []
    assert since.long([one, other], GRACE_MS - 1) == []
    assert since.long([one, other], GRACE_MS) == [one]
    assert since.long([], GRACE_MS) == []
    assert since.long([one], GRACE_MS + 1) == []


def test_decisions_about_what_is_gone() -> None:
    known = caches(
        thing("Run", "q3"),
        thing("Approval", "here", runRef={"name": "q3", "uid": "uid-q3"}),
        thing("Approval", "gone", runRef={"name": "q2", "uid": "uid-q2"}),
        thing("Approval", "plan", planRef={"name": "p", "uid": "uid-p"}),
        thing("Intervention", "made-anew", runRef={"name": "q3", "uid": "uid-earlier"}),
    )
    assert [(kind.kind, one["name"]) for kind, one in decisions(known)] == [
        ("Approval", "gone"),
        ("Intervention", "made-anew"),
    ]


def child(**status: Any) -> Json:
    parent = {"uid": "uid-q3", "rootUid": "uid-q3", "step": "a", "attempt": 1, "definition": FILE}
    return thing("Run", "child", parent=parent) | {"status": status}


@pytest.mark.parametrize(
    ("one", "root", "goes"),
    [
        (child(), {"state": "Aborted"}, True),
        (child(conditions=[]), {"state": "Succeeded"}, True),
        (child(head="h", state="Running"), {"state": "Aborted"}, False),
        (child(), {"state": "Running"}, False),
        (child(), {}, False),
        (child(), None, False),
        (thing("Run", "q4"), {"state": "Aborted"}, False),
    ],
    ids=[
        "its tree is over",
        "something is said of it",
        "it has a ledger",
        "it may yet be heard of",
        "its root never began",
        "its root is not known",
        "no child",
    ],
)
def test_children_that_never_began(one: Json, root: Json | None, goes: bool) -> None:
    known = caches(one, *([] if root is None else [thing("Run", "q3") | {"status": root}]))
    assert [found["name"] for found in unheard(known)] == (["child"] if goes else [])
