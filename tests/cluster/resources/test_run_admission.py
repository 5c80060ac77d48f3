"""Who asked for a run is who the API server authenticated; only Libretto makes children; only who may restore, restores."""

import json
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.resources.stage import (
    APPLY,
    DIGEST,
    GROUP,
    OPERATOR,
    Answer,
    Server,
    grant,
    rule,
    run_spec,
    until,
)

ADMIN = ("system:masters",)
PARENT: dict[str, Any] = {
    "run": "root",
    "uid": "child-uid",
    "parentUid": "root-uid",
    "root": "root",
    "rootUid": "root-uid",
    "step": "load[3]",
    "attempt": 1,
    "definition": DIGEST,
    "snapshot": DIGEST,
}
RESTORED = {"head": DIGEST, "uid": "old"}


@pytest.fixture
def editors(server: Server, namespace: str) -> str:
    """A namespace in which ed may edit, and ray restore as well."""
    grant(server, namespace, "ed", "libretto-edit")
    grant(server, namespace, "ray", "libretto-edit")
    grant(server, namespace, "ray", [rule("runs", ["restore"])])
    until(lambda: ask(server, namespace, "ed").ok, "ed may edit")
    until(lambda: ask(server, namespace, "ray", restoredFrom=RESTORED).ok, "ray may restore")
    return namespace


def ask(server: Server, namespace: str, user: str, groups: tuple[str, ...] = (), **spec: Any) -> Answer:
    return server.create(namespace, "Run", run_spec(**spec), user=user, groups=groups)


@pytest.mark.requirement("K8S-016")
def test_the_server_writes_who_asks(server: Server, editors: str) -> None:
    mine = {"username": "ed", "groups": ["ops", "system:authenticated"]}
    for given in (None, {"username": "ed"}, {"username": "ed", "groups": ["root"]}):
        answer = ask(server, editors, "ed", ("ops",), **({} if given is None else {"requestedBy": given}))
        assert answer.ok, answer.message
        assert answer.body["spec"]["requestedBy"] == mine


@pytest.mark.requirement("K8S-016")
def test_another_name_is_refused(server: Server, editors: str) -> None:
    answer = ask(server, editors, "ed", requestedBy={"username": "mara"})
    assert answer.status == 403
    assert answer.message.endswith('spec.requestedBy.username must be you: "ed", not "mara"')


def test_the_operator_may_ask_for_somebody(server: Server, namespace: str) -> None:
    """A child bears the name of who asked for its root, a rerun of who commanded it."""
    asked = {"username": "mara", "groups": ["ops"]}
    for spec in ({"parent": PARENT}, {"rerunOf": "earlier"}):
        answer = ask(server, namespace, OPERATOR, ADMIN, requestedBy=asked, **spec)
        assert answer.ok, answer.message
        assert answer.body["spec"]["requestedBy"] == asked
    answer = ask(server, namespace, OPERATOR, ADMIN, parent=PARENT)
    assert "requestedBy" not in answer.body["spec"]


@pytest.mark.parametrize(("user", "groups"), [("ed", ()), ("root", ADMIN)])
def test_only_the_operator_makes_children(user: str, groups: tuple[str, ...], server: Server, editors: str) -> None:
    answer = ask(server, editors, user, groups, parent=PARENT)
    assert answer.status == 403
    assert "spec.parent: only Libretto's own account makes child runs; leave it out" in answer.message


def test_restoring_needs_its_verb(server: Server, editors: str) -> None:
    answer = ask(server, editors, "ed", restoredFrom=RESTORED)
    assert answer.status == 403
    assert 'spec.restoredFrom: you may not restore runs: ask for the RBAC verb "restore"' in answer.message


def test_applying_the_same_file_again_changes_nothing(cluster: ControlPlane, server: Server, editors: str) -> None:
    """The server's own members are not in the file; nobody's tool may stumble over that."""
    body = {"apiVersion": "libretto.dev/v1alpha1", "kind": "Run", "metadata": {"name": "q3"}, "spec": run_spec()}
    for options in ([], [], ["--server-side", "--force-conflicts"], ["--server-side"]):
        cluster.kubectl("apply", "-n", editors, "-f", "-", *options, input=json.dumps(body), user="ed")
    path = f"{GROUP}/namespaces/{editors}/runs/q4?fieldManager=flux"
    body["metadata"] = {"name": "q4"}
    for _ in range(2):
        answer = server.request("PATCH", path, body, APPLY, "ed")
        assert answer.ok, answer.message
    assert answer.body["spec"]["requestedBy"]["username"] == "ed"
    assert answer.body["metadata"]["generation"] == 1


def test_free_parameters_are_compared_to_their_depth(server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Run", run_spec(requestMetadata={"a": [{"b": 1}]}), name="deep")
    assert answer.ok
    path = f"{GROUP}/namespaces/{namespace}/runs/deep"
    patch = {"spec": {"requestMetadata": {"a": [{"b": 2}]}}}
    answer = server.request("PATCH", path, patch, "application/merge-patch+json")
    assert answer.status == 422
