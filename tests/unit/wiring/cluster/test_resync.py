"""A cache that missed something is mended, and what is right costs one list."""

import asyncio
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.resources import APPROVALS, RUNS
from controller.errors import NotFound, ServerUnavailable
from controller.wiring.cluster.resync import Resync
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]


def one(name: str, version: int, *, uid: str = "", namespace: str = "space") -> Json:
    metadata = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"at": version}}


class Server(AnsweringClient):
    """Runs and approvals as they are; without kinds, as in lists."""

    def __init__(self, *runs: Json) -> None:
        self.there: dict[str, list[Json]] = {"runs": list(runs), "approvals": []}
        self.version = 100
        self.read: list[str] = []
        self.vanishing: set[str] = set()

    async def answer(self, call: Call) -> Any:
        there = copy.deepcopy(self.there[call.resource.plural])
        if call.verb == "list":
            found = [one for one in there if call.namespace in (None, one["metadata"]["namespace"])]
            items = [{"metadata": one["metadata"]} for one in found] if call.brief else found or None
            return {"items": items, "metadata": {"resourceVersion": str(self.version)}}
        assert call.verb == "get"
        self.read.append(call.name)
        for one in there:
            if one["metadata"]["name"] == call.name and call.name not in self.vanishing:
                assert one["metadata"]["namespace"] == call.namespace
                return one
        raise NotFound(call.name)


class Scene:
    def __init__(self, *runs: Json, namespaces: tuple[str, ...] = ()) -> None:
        self.server, self.seconds = Server(*runs), 1000.0
        self.told: list[tuple[Json | None, Json | None]] = []
        self.runs = Cache(listener=lambda old, new: self.told.append((old, new)))
        self.resync = Resync(self.server, {RUNS: self.runs, APPROVALS: Cache()}, namespaces, lambda: self.seconds)

    def compare(self) -> int:
        return asyncio.run(self.resync.compare())

    def relist(self) -> None:
        asyncio.run(self.resync.relist())

    def known(self) -> dict[str, int]:
        return {found["metadata"]["name"]: int(found["metadata"]["resourceVersion"]) for found in self.runs.all()}


def test_everything_is_read_with_its_kind() -> None:
    scene = Scene(one("a", 5), one("b", 6))
    scene.runs.put(one("ghost", 4))
    scene.relist()
    assert scene.known() == {"a": 5, "b": 6}
    found = scene.runs.get("space", "a")
    assert found is not None
    assert (found["kind"], found["apiVersion"]) == ("Run", "libretto.dev/v1alpha1")


def test_only_what_differs_is_read_again() -> None:
    scene = Scene(one("same", 5), one("newer", 9), one("missed", 7))
    for known in (one("same", 5), one("newer", 6), one("ghost", 4)):
        scene.runs.put(known)
    assert scene.compare() == 3
    assert scene.known() == {"same": 5, "newer": 9, "missed": 7}
    assert sorted(scene.server.read) == ["missed", "newer"]
    assert scene.compare() == 0


def test_what_is_known_newer_than_the_list_stays() -> None:
    """A list may be older than what a watch, or our own write, has brought since."""
    scene = Scene(one("written", 90))
    for known in (one("written", 105), one("made", 101)):
        scene.runs.put(known)
    assert scene.compare() == 0
    assert scene.known() == {"written": 105, "made": 101}


def test_an_object_of_the_same_name_that_was_made_anew_is_another() -> None:
    scene = Scene(one("a", 50, uid="second"))
    scene.runs.put(one("a", 40, uid="first"))
    scene.compare()
    found = scene.runs.get("space", "a")
    assert found is not None
    assert found["metadata"]["uid"] == "second"
    assert [(old is None, new is None) for old, new in scene.told] == [(True, False), (False, True), (True, False)]


def test_what_goes_while_it_is_compared_is_no_error() -> None:
    scene = Scene(one("a", 50), one("b", 51))
    scene.server.vanishing = {"a"}
    assert scene.compare() == 1
    assert scene.known() == {"b": 51}


def test_namespaces_that_are_not_looked_after_are_not_touched() -> None:
    scene = Scene(one("a", 50, namespace="one"), one("b", 51, namespace="two"), namespaces=("one",))
    scene.relist()
    scene.compare()
    assert scene.known() == {"a": 50}


def test_how_long_ago_everything_was_compared_is_known() -> None:
    scene = Scene()
    scene.seconds += 30
    assert scene.resync.ages() == {"Run": 30, "Approval": 30}
    scene.compare()
    assert scene.resync.ages() == {"Run": 0, "Approval": 0}
    scene.seconds += 5
    scene.relist()
    assert scene.resync.ages() == {"Run": 0, "Approval": 0}


def test_an_answer_that_does_not_come_makes_nothing_younger(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(one("a", 5))

    async def away(call: Call) -> Any:
        assert call.verb == "list"
        raise ServerUnavailable("away")

    monkeypatch.setattr(scene.server, "answer", away)
    scene.seconds += 30
    for call in (scene.compare, scene.relist):
        with pytest.raises(ServerUnavailable):
            call()
    assert scene.resync.ages()["Run"] == 30


VERSIONS = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 99))


@given(VERSIONS, VERSIONS)
def test_after_comparing_nothing_differs(there: dict[str, int], known: dict[str, int]) -> None:
    """A list that is newer than everything known: ghosts go, gaps close, and nothing gets older."""
    scene = Scene(*(one(name, version) for name, version in there.items()))
    for name, version in known.items():
        scene.runs.put(one(name, version))
    scene.compare()
    assert scene.known() == {name: max(version, known.get(name, 0)) for name, version in there.items()}
