"""Runs of a namespace are asked for no more often than they must be, and in pages."""

import pytest

from controller.adapters.cluster import pages
from controller.adapters.cluster.run_objects import RunObjects
from controller.errors import NotFound
from tests.unit.adapters.cluster.api_server import ApiServer, child, in_a_loop, run


def names(found: list[dict[str, dict[str, str]]]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def test_a_run_is_asked_for_by_its_name_once() -> None:
    server, known = ApiServer(run("q3"), run("q4")), dict[str, str]()
    runs = RunObjects(server, "space", known.__setitem__)
    assert in_a_loop(lambda: [runs.named("q3"), runs.named("q3"), runs.find("uid-q3")])[2] is not None
    assert server.asked == ["get runs q3"]
    assert known == {"uid-q3": "q3"}


@pytest.mark.parametrize("name", ["definitions/nightly", "../secrets/x", "", "Q3", "a?b"])
def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    server = ApiServer()
    assert in_a_loop(lambda: RunObjects(server, "space", lambda *_: None).named(name)) is None
    assert server.asked == []


def test_a_uid_needs_the_list_and_the_list_is_enough() -> None:
    server = ApiServer(run("q3"))
    runs = RunObjects(server, "space", lambda *_: None)
    assert in_a_loop(lambda: [runs.find("uid-q3"), runs.find("nobody"), runs.tree("uid-q3")])[1] is None
    assert server.asked == ["list runs"]
    with pytest.raises(NotFound):
        in_a_loop(lambda: runs.owner_of("nobody"))


def test_newest_first_to_the_millisecond() -> None:
    late = run("late", status={"startedAt": "2026-01-01T00:00:00.700Z"})
    soon = run("soon", status={"startedAt": "2026-01-01T00:00:00.300Z"})
    server = ApiServer(late, soon, run("old", created="2025-01-01T00:00:00Z"), run("waits"))
    runs = RunObjects(server, "space", lambda *_: None)
    assert names(in_a_loop(runs.all)) == ["waits", "late", "soon", "old"]


def test_a_tree_is_found_by_its_label() -> None:
    server = ApiServer(run("q3"), child("a", "q3", "q3"), child("b", "a", "q3"), child("c", "q4", "q4"))
    runs = RunObjects(server, "space", lambda *_: None)

    def look() -> list[str]:
        runs.named("q3")
        runs.tree("uid-q3")
        return names(runs.tree("uid-q3"))

    assert sorted(in_a_loop(look)) == ["a", "b", "q3"]
    assert server.asked == ["get runs q3", "list runs libretto.dev/root-uid=uid-q3"]


def test_what_a_watch_brings_counts_and_what_is_deleted_is_gone() -> None:
    server = ApiServer(run("q3"))
    runs = RunObjects(server, "space", lambda *_: None)
    runs.take(run("q3"))
    runs.complete("uid-q3")
    runs.take(child("a", "q3", "q3"))
    assert names(runs.tree("uid-q3")) == ["a", "q3"]
    runs.drop(child("a", "q3", "q3"))
    assert names(runs.tree("uid-q3")) == ["q3"]
    assert server.asked == []


def test_pages_and_a_list_that_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 2)
    server = ApiServer(*(run(f"r{number}") for number in range(5)))
    server.forgets = 1
    runs = RunObjects(server, "space", lambda *_: None)
    assert len(in_a_loop(runs.all)) == 5
    assert server.asked == ["list runs", "list runs from 2", "list runs", "list runs from 2", "list runs from 4"]


def test_afresh() -> None:
    server = ApiServer(run("q3"))
    runs = RunObjects(server, "space", lambda *_: None)
    in_a_loop(lambda: runs.named("q3"))
    server.objects["Run", "q3"] = run("q3", suspend=True)
    assert in_a_loop(lambda: runs.refresh("uid-q3"))["spec"]["suspend"] is True
    found = runs.find("uid-q3")
    assert found is not None
    assert found["spec"]["suspend"] is True
