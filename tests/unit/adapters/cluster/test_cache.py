"""What a cache believes: the newest of each object, whoever brings it, and what a list says about what is gone."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.cache import Cache

Json = dict[str, Any]


def one(name: str, version: int, uid: str | None = None, group: str | None = None, namespace: str = "space") -> Json:
    metadata = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata | {"managedFields": ["large"]}, "group": group}


def grouped(given: Json) -> str | None:
    group = given["group"]
    return None if group is None else str(group)


def test_the_newest_wins_as_a_number() -> None:
    cache = Cache()
    cache.put(one("a", 9))
    cache.put(one("a", 10))
    cache.put(one("a", 9))
    assert [known["metadata"]["resourceVersion"] for known in cache.all()] == ["10"]


def test_what_moved_without_a_change_is_told_to_nobody_and_an_older_state_is_not_believed() -> None:
    told: list[Json | None] = []
    cache = Cache(listener=lambda _, new: told.append(new))
    cache.put(one("a", 3))
    cache.moved("space", "a", "5")
    cache.put(one("a", 4, group="late"))
    assert [known["group"] for known in cache.all()] == [None]
    assert len(told) == 1


def test_what_only_fills_memory_is_not_kept() -> None:
    cache = Cache()
    cache.put(one("a", 1))
    assert [list(known["metadata"]) for known in cache.all()] == [["name", "namespace", "uid", "resourceVersion"]]


def test_another_object_of_the_same_name_is_another_object() -> None:
    told: list[tuple[str | None, str | None]] = []
    cache = Cache(listener=lambda *pair: told.append((uid_of(pair[0]), uid_of(pair[1]))))
    cache.put(one("a", 1, "first"))
    cache.put(one("a", 2, "second"))
    cache.remove(one("a", 3, "first"))  # comes late
    assert told == [(None, "first"), ("first", None), (None, "second")]
    assert uid_of(cache.get("space", "a")) == "second"


def test_a_late_echo_brings_nothing_back() -> None:
    cache = Cache()
    cache.put(one("a", 1))
    cache.remove(one("a", 5))
    cache.put(one("a", 4))
    assert len(cache) == 0


def test_a_list_says_what_is_gone_but_not_what_came_after_it() -> None:
    cache = Cache()
    for name, version in (("ghost", 3), ("kept", 4), ("newer", 12)):
        cache.put(one(name, version))
    cache.put(one("elsewhere", 3, namespace="other"))
    cache.replace([one("kept", 4)], "10", "space")
    assert {known["metadata"]["name"] for known in cache.all()} == {"kept", "newer", "elsewhere"}


def test_objects_are_found_by_what_they_belong_to() -> None:
    cache = Cache({"group": grouped})
    cache.put(one("a", 1, group="x"))
    cache.put(one("b", 2, group="x"))
    cache.put(one("c", 3))
    cache.put(one("a", 4, group="y"))
    assert [known["metadata"]["name"] for known in cache.by("group", "x")] == ["b"]
    assert [known["metadata"]["name"] for known in cache.by("group", "y")] == ["a"]
    cache.remove(one("b", 5))
    assert cache.by("group", "x") == []


def test_what_a_list_shows_otherwise() -> None:
    cache = Cache()
    for name, version in (("same", 1), ("older", 2), ("ghost", 3), ("newer", 12), ("gone", 4)):
        cache.put(one(name, version))
    cache.remove(one("gone", 11))
    there = [
        one(name, version)["metadata"] for name, version in (("same", 1), ("older", 9), ("missed", 8), ("gone", 4))
    ]
    assert cache.differences(there, "10") == 3


def test_another_past_is_believed() -> None:
    cache = Cache()
    cache.put(one("a", 100))
    cache.put(one("b", 101))
    cache.remove(one("b", 102))
    cache.forget()
    cache.replace([one("a", 40), one("b", 41)], "50")
    assert [known["metadata"]["resourceVersion"] for known in cache.all()] == ["40", "41"]


OBJECTS = st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.sampled_from(["x", "y", None]))


@given(st.lists(st.tuples(st.sampled_from(["put", "remove", "replace"]), OBJECTS, st.booleans()), max_size=40))
def test_indexes_say_what_the_objects_say(steps: list[tuple[str, tuple[str, int, str | None], bool]]) -> None:
    """Whatever happens in whatever order, also late: what is found is what is there, and listeners heard each change."""
    there: dict[str, str] = {}

    def heard(old: Json | None, new: Json | None) -> None:
        assert uid_of(old) == there.pop((old or new or {})["metadata"]["name"], None)
        if new is not None:
            there[new["metadata"]["name"]] = new["metadata"]["uid"]

    cache = Cache({"group": grouped}, heard)
    for number, (what, (name, life, group), late) in enumerate(steps):
        made = one(name, max(1, number - 5 if late else number), f"{name}{life}", group)
        match what:
            case "put":
                cache.put(made)
            case "remove":
                cache.remove(made)
            case _:
                cache.replace([made], str(number))
        known = {each["metadata"]["name"]: each["metadata"]["uid"] for each in cache.all()}
        assert known == there
        for value in "xy":
            found = {each["metadata"]["name"] for each in cache.by("group", value)}
            assert found == {each["metadata"]["name"] for each in cache.all() if each["group"] == value}


def uid_of(known: Json | None) -> str | None:
    return None if known is None else str(known["metadata"]["uid"])
