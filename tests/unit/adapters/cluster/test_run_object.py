"""What a Run object means to the engine, and which object a child gets: read back, it means the same."""

from typing import Any

import pytest

from controller.adapters.cluster.names import child_name
from controller.adapters.cluster.run_object import (
    UNKNOWN,
    admitted,
    child_object,
    key_uid,
    parent_uid,
    requester,
    root_uid,
)
from controller.definition.snapshot import Snapshot
from controller.errors import NotFound, ParametersInvalid
from controller.model.run import RunSpec
from tests.behaviour.rehearsal import Rehearsal

Json = dict[str, Any]

PARENT: Json = {"uid": "child-key", "parentUid": "parent-key", "rootUid": "root-key", "step": "load", "attempt": 2}
INNER: Json = {"name": "inner", "version": "2.1.0", "steps": [{"id": "x"}], "parameters": [{"key": "k", "default": 1}]}
OUTER: Json = {
    "name": "outer",
    "version": "1.0.0",
    "parameters": [{"key": "quarter", "required": True}, {"key": "year", "default": "2026"}],
    "steps": [
        {
            "id": "child",
            "type": "orchestration",
            "orchestration": {"name": "inner", "parameters": {"k": "{{ parameters.quarter }}"}},
        }
    ],
}


def run(name: str = "q3", **spec: Any) -> Json:
    metadata = {
        "name": name,
        "namespace": "space",
        "uid": f"uid-{name}",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }
    return {"metadata": metadata, "spec": {"orchestrationRef": {"name": "outer"}, **spec}}


class Played:
    """A tree of two runs, as the real driver made it."""

    def __init__(self) -> None:
        rehearsal = Rehearsal()
        self.root = rehearsal.admit(OUTER, {"quarter": "Q3"}, INNER)
        driver = rehearsal.drive(self.root)
        self.snapshot: Snapshot = driver.root.snapshot
        (self.child,) = [member.spec for uid, member in driver.members.items() if uid != self.root.uid]


@pytest.fixture(scope="module")
def played() -> Played:
    return Played()


# Who it is


def test_a_root_is_known_by_the_uid_of_its_object() -> None:
    assert (key_uid(run()), root_uid(run()), parent_uid(run())) == ("uid-q3", "uid-q3", None)


def test_a_child_is_known_by_the_uid_that_the_engine_gave_it() -> None:
    child = run(parent=PARENT)
    assert (key_uid(child), root_uid(child), parent_uid(child)) == ("child-key", "root-key", "parent-key")


def test_a_restored_run_keeps_the_uid_of_its_ledger() -> None:
    restored = run(restoredFrom={"head": "blake3:1", "uid": "old"})
    assert (key_uid(restored), root_uid(restored), parent_uid(restored)) == ("old", "old", None)


@pytest.mark.requirement("K8S-016")
@pytest.mark.parametrize(
    ("spec", "who"),
    [
        ({"requestedBy": {"username": "mara", "groups": ["sre"]}}, "mara"),
        ({"requestedBy": {}}, UNKNOWN),
        ({"requestedBy": None}, UNKNOWN),
        ({}, UNKNOWN),
    ],
)
def test_who_asked_is_who_admission_proved(spec: Json, who: str) -> None:
    assert requester(run(**spec)) == who


def test_an_object_without_a_spec_has_an_identity_all_the_same() -> None:
    bare: Json = {"metadata": {"uid": "u"}}
    assert (key_uid(bare), root_uid(bare), parent_uid(bare), requester(bare)) == ("u", "u", None, UNKNOWN)


# What it executes


def test_a_root_executes_its_definition_with_its_parameters(played: Played) -> None:
    digest = played.root.snapshot
    spec = admitted(run(parameters={"quarter": "Q4"}, requestedBy={"username": "mara"}), played.snapshot, digest, 7)
    assert spec == played.root.model_copy(
        update={
            "uid": "uid-q3",
            "root": "uid-q3",
            "parameters": {"quarter": "Q4", "year": "2026"},
            "requester": "mara",
            "created_at": 1_767_225_600_000,
            "max_parallel": 7,
            "places": {},
        }
    )


def test_what_a_run_asks_for_beyond_that(played: Played) -> None:
    given: Json = {
        "parameters": {"quarter": "Q4"},
        "maxParallel": 3,
        "rerunOf": "q2",
        "seeds": {"a": "blake3:1"},
        "requestMetadata": {"ticket": 5},
        "task": {"id": "t", "userId": "u"},
    }
    spec = admitted(run(**given), played.snapshot, played.root.snapshot, 7)
    assert (spec.max_parallel, spec.rerun_of, spec.seeds) == (3, "q2", {"a": "blake3:1"})
    assert (spec.request_metadata, spec.task) == ({"ticket": 5}, {"id": "t", "userId": "u"})


def test_parameters_that_do_not_fit_are_refused(played: Played) -> None:
    with pytest.raises(ParametersInvalid, match="quarter"):
        admitted(run(), played.snapshot, played.root.snapshot)


def test_a_child_of_another_snapshot_is_refused(played: Played) -> None:
    stranger = run(parent={**PARENT, "definition": "blake3:" + "0" * 64})
    with pytest.raises(NotFound):
        admitted(stranger, played.snapshot, played.root.snapshot)


# Children


def made(played: Played, child: RunSpec | None = None, **root: Any) -> Json:
    parent = run(**root)
    return child_object(child or played.child, parent, parent)


def stored(child: Json) -> Json:
    """The object as the API server has it."""
    metadata = {**child["metadata"], "uid": "object-uid", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {**child, "metadata": metadata}


@pytest.mark.requirement("K8S-019")
def test_a_child_that_is_read_back_is_the_same_run(played: Played) -> None:
    asked = {"username": "mara", "groups": ["sre"]}
    again = admitted(stored(made(played, requestedBy=asked)), played.snapshot, played.child.snapshot)
    same = {"created_at": again.created_at, "places": {}}
    assert again == played.child.model_copy(update=same)
    assert again.parameters == {"k": "Q3"}


def test_a_child_keeps_the_conversation_that_it_inherited(played: Played) -> None:
    child = played.child.model_copy(update={"conversation": "abc"})
    again = admitted(stored(made(played, child)), played.snapshot, child.snapshot)
    assert again.conversation == "abc"


def test_the_same_child_is_the_same_object(played: Played) -> None:
    assert made(played) == made(played)
    another = played.child.model_copy(update={"uid": "another"})
    assert made(played, another)["metadata"]["name"] != made(played)["metadata"]["name"]


@pytest.mark.requirement("K8S-022")
def test_a_child_goes_with_its_parent(played: Played) -> None:
    metadata = made(played)["metadata"]
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("Run", "q3", "uid-q3", True)
    assert (metadata["name"], metadata["namespace"]) == (child_name("q3", played.child.uid), "space")
    assert metadata["labels"]["libretto.dev/root-uid"] == played.root.uid


def test_who_asked_for_the_root_asked_for_its_children(played: Played) -> None:
    asked = {"username": "mara", "groups": ["sre"]}
    assert made(played, requestedBy=asked)["spec"]["requestedBy"] == asked
    unknown = played.child.model_copy(update={"requester": UNKNOWN})
    assert "requestedBy" not in made(played, unknown)["spec"]
