"""What a run was asked for cannot be changed: a ledger that names other parameters than it was played with proves nothing."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.resources.stage import DIGEST, OTHER, WAYS, Object

FULL: dict[str, Any] = {
    "orchestrationRef": {"name": "quarterly", "version": "1.2.3"},
    "parameters": {"text": "a", "deep": {"list": [1, {"x": None, "y": 1.5}]}},
    "maxParallel": 4,
    "rerunOf": "earlier",
    "seeds": {"extract": DIGEST},
    "requestMetadata": {"ticket": {"id": 7}},
    "task": {"id": "t", "userId": "u"},
    "restoredFrom": {"head": DIGEST, "uid": "abc"},
}

CHANGES: dict[str, Any] = {
    "orchestrationRef": {"name": "quarterly", "version": "1.2.4"},
    "parameters": {"text": "a", "deep": {"list": [1, {"x": None, "y": 1.6}]}},
    "requestedBy": {"username": "mara", "groups": []},
    "maxParallel": 5,
    "rerunOf": "other",
    "seeds": {"extract": OTHER},
    "requestMetadata": {"ticket": {"id": 8}},
    "task": {"id": "t", "userId": "v"},
    "parent": {
        "run": "p",
        "uid": "u",
        "parentUid": "pu",
        "root": "r",
        "rootUid": "ru",
        "step": "s",
        "attempt": 1,
        "definition": DIGEST,
        "snapshot": DIGEST,
    },
    "restoredFrom": {"head": OTHER, "uid": "abc"},
}


@pytest.mark.requirement("K8S-001")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_changed_added_or_taken_away(way: str, new_run: Callable[..., Object]) -> None:
    full, bare = new_run(**copy.deepcopy(FULL)), new_run()
    for run in (full, bare):
        for name, value in CHANGES.items():
            answer = run.write(way, "spec", {name: value})
            assert answer.status == 422, (name, answer)
            assert f"spec.{name}" in answer.message
    for name in FULL:
        if way != "server-side apply":  # who did not write it cannot take it away
            answer = full.write(way, "spec", {name: None})
            assert answer.status == 422, name


@pytest.mark.parametrize("way", WAYS)
def test_what_is_desired_now_is_free(way: str, new_run: Callable[..., Object]) -> None:
    run = new_run()
    for suspend, seconds in ((True, 60), (False, 5), (None, None)):
        answer = run.write(way, "spec", {"suspend": suspend, "ttlSecondsAfterFinished": seconds})
        assert answer.ok, answer.message


def test_a_typing_mistake_is_named(new_run: Callable[..., Object]) -> None:
    run = new_run()
    path = run._path.rpartition("/")[0] + "?fieldValidation=Strict"
    body = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Run",
        "metadata": {"name": "x"},
        "spec": {"orchestrationRef": {"name": "a"}, "maxParalel": 3},
    }
    answer = run._server.request("POST", path, body)
    assert answer.status == 400
    assert 'unknown field "spec.maxParalel"' in answer.message


def test_a_child_is_not_restored_by_itself(new_run: Callable[..., Object]) -> None:
    with pytest.raises(AssertionError, match="a child run is restored with its root"):
        new_run(parent=CHANGES["parent"], restoredFrom=FULL["restoredFrom"])
