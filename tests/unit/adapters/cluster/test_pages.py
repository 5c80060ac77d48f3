"""A long list is read in pages that are all of one moment, and only what is wanted of each item is kept meanwhile."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from controller.adapters.cluster import pages
from controller.adapters.cluster.pages import Listed, identity, whole
from controller.adapters.cluster.resources import PODS, Resource
from controller.errors import Gone, ServerUnavailable

Json = dict[str, Any]

NOT_OLDER = {"resourceVersion": "7", "resourceVersionMatch": "NotOlderThan"}


class Server:
    """Five pods, and what it answers instead of the calls with these numbers."""

    def __init__(self, instead: Mapping[int, Exception] = {}) -> None:
        self.asked: list[Mapping[str, str]] = []
        self._instead = instead

    async def list(
        self, resource: Resource, namespace: str | None, *, labels: str, parameters: Mapping[str, str]
    ) -> Json:
        assert (resource, namespace, labels) == (PODS, "space", "x=y")
        self.asked.append(dict(parameters))
        if len(self.asked) in self._instead:
            raise self._instead[len(self.asked)]
        where = int(parameters.get("continue", 0))
        end = where + int(parameters["limit"])
        names = [f"p{number}" for number in range(5)][where:end]
        more = {"continue": str(end)} if end < 5 else {}
        items = [{"metadata": {"name": name, "uid": f"u-{name}", "labels": {}}} for name in names]
        return {"items": items, "metadata": {"resourceVersion": "9", **more}}


def read(server: Server, **options: Any) -> Listed:
    return asyncio.run(whole(server.list, PODS, "space", labels="x=y", **options))


@pytest.fixture(autouse=True)
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 2)


def test_only_the_first_page_is_asked_for_by_a_version() -> None:
    server = Server()
    found = read(server, parameters={"fieldSelector": "a=b", **NOT_OLDER})
    assert found.version == "9"
    assert [one["metadata"]["name"] for one in found.items] == ["p0", "p1", "p2", "p3", "p4"]
    assert {(one["apiVersion"], one["kind"]) for one in found.items} == {("v1", "Pod")}
    assert server.asked == [
        {"fieldSelector": "a=b", "limit": "2", **NOT_OLDER},
        {"fieldSelector": "a=b", "limit": "2", "continue": "2"},
        {"fieldSelector": "a=b", "limit": "2", "continue": "4"},
    ]


def test_only_what_is_wanted_is_kept() -> None:
    assert read(Server(), slim=identity).items[0] == {"name": "p0", "uid": "u-p0"}


def test_a_moment_that_is_forgotten_begins_anew_and_nothing_is_there_twice() -> None:
    server = Server({3: Gone("expired")})
    assert len(read(server, parameters=NOT_OLDER).items) == 5
    assert [one.get("continue") for one in server.asked] == [None, "2", "4", None, "2", "4"]
    assert server.asked[3] == {"limit": "2", **NOT_OLDER}


def test_who_forgets_again_is_not_asked_for_ever() -> None:
    server = Server({2: Gone("expired"), 4: Gone("expired")})
    with pytest.raises(Gone):
        read(server)
    assert [one.get("continue") for one in server.asked] == [None, "2", None, "2"]


@pytest.mark.parametrize(
    ("call", "problem"), [(1, Gone("expired")), (1, ServerUnavailable("away")), (2, ServerUnavailable("away"))]
)
def test_what_else_is_said_is_raised(call: int, problem: Exception) -> None:
    with pytest.raises(type(problem)):
        read(Server({call: problem}))
