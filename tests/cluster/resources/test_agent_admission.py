"""Who writes an agent runs programs as its service account, and so must be allowed to use it."""

from typing import Any

import pytest

from tests.cluster.resources.stage import GROUP, MERGE, Answer, Json, Server, grant, rule, until


@pytest.fixture
def authors(server: Server, namespace: str) -> str:
    """A namespace in which ed may edit, and una use the account `reader` as well."""
    grant(server, namespace, "ed", "libretto-edit")
    grant(server, namespace, "una", "libretto-edit")
    grant(server, namespace, "una", [rule("serviceaccounts", ["use"], ["reader"], group="")])
    until(lambda: write(server, namespace, "ed").ok, "ed may edit")
    until(lambda: write(server, namespace, "una", serviceAccountName="reader").ok, "una may use reader")
    return namespace


def write(server: Server, namespace: str, user: str, name: str = "", **pod: Any) -> Answer:
    more = {"name": name} if name else {}
    return server.create(namespace, "Agent", {"image": {"name": "x:1"}, "pod": pod}, user=user, **more)


def test_an_account_needs_its_verb(server: Server, authors: str) -> None:
    for user, account in (("ed", "reader"), ("una", "writer"), ("ed", "default")):
        answer = write(server, authors, user, serviceAccountName=account)
        assert answer.status == 403
        assert f'you may not run programs as "{account}": ask for the RBAC verb "use" on that service account' in (
            answer.message
        )


def test_nobody_changes_what_runs_as_an_account_that_they_may_not_use(server: Server, authors: str) -> None:
    assert write(server, authors, "una", "shared", serviceAccountName="reader").ok
    path = f"{GROUP}/namespaces/{authors}/agents/shared"
    patches: list[Json] = [{"spec": {"image": {"name": "evil:1"}}}, {"spec": {"pod": {"serviceAccountName": "writer"}}}]
    for patch in patches:
        assert server.request("PATCH", path, patch, MERGE, "ed").status == 403
    # What runs nothing is free, and so is giving the account up.
    patches = [{"metadata": {"labels": {"a": "b"}}}, {"spec": {"pod": {"serviceAccountName": None}}}]
    for patch in patches:
        answer = server.request("PATCH", path, patch, MERGE, "ed")
        assert answer.ok, answer.message


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "variables of Libretto": ({"env": [{"name": "LIBRETTO_DIR"}]}, "variables that begin with LIBRETTO_"),
    "two sources": (
        {"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
        "one of value and valueFrom, not both",
    ),
    "no source": ({"env": [{"name": "A", "valueFrom": {}}]}, "exactly one of secretKeyRef and configMapKeyRef"),
    "volumes of Libretto": ({"volumes": [{"name": "libretto-token", "emptyDir": {}}]}, "are Libretto's"),
    "two kinds of volume": (
        {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]},
        "exactly one of persistentVolumeClaim",
    ),
    "mounts over Libretto's folder": (
        {"volumes": [{"name": "v", "emptyDir": {}}], "volumeMounts": [{"name": "v", "mountPath": "/libretto"}]},
        "not below /libretto",
    ),
    "mounts without a volume": ({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, "must name one of volumes"),
    "root": ({"runAsUser": 0}, "should be greater than or equal to 1"),
    "a medium that is none": ({"volumes": [{"name": "v", "emptyDir": {"medium": "Disk"}}]}, "Unsupported value"),
}


@pytest.mark.parametrize(("pod", "words"), REFUSED.values(), ids=REFUSED)
def test_refused(pod: dict[str, Any], words: str, server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Agent", {"image": {"name": "x:1"}, "pod": pod})
    assert answer.status == 422
    assert words in answer.message


@pytest.mark.parametrize(
    "pod", [{"hostNetwork": True}, {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}]
)
def test_what_is_not_on_the_list_is_unknown(pod: dict[str, Any], server: Server, namespace: str) -> None:
    path = f"{GROUP}/namespaces/{namespace}/agents"
    body = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Agent",
        "metadata": {"name": "x"},
        "spec": {"image": {"name": "x:1"}, "pod": pod},
    }
    answer = server.request("POST", f"{path}?fieldValidation=Strict", body)
    assert answer.status == 400
    assert "unknown field" in answer.message
    # Whoever does not ask for strictness gets an object without it.
    answer = server.request("POST", path, body)
    assert answer.ok
    assert "host" not in str(answer.body["spec"])


def test_affinity_is_kept_as_it_is(server: Server, namespace: str) -> None:
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}
    answer = server.create(namespace, "Agent", {"image": {"name": "x:1"}, "pod": {"affinity": affinity}})
    assert answer.body["spec"]["pod"]["affinity"] == affinity
