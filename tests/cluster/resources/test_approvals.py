"""An Approval says who approved because the API server authenticated them, and exists because they may approve that run."""

import json
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.resources.stage import (
    DIGEST,
    GROUP,
    MERGE,
    OPERATOR,
    OTHER,
    WAYS,
    Answer,
    Object,
    Server,
    approval_spec,
    grant,
    may,
    rule,
    until,
)

ADMIN = ("system:masters",)


@pytest.fixture
def approvers(server: Server, namespace: str) -> str:
    """A namespace in which joe may approve all runs, ann only q4, and bob may create approvals but approve nothing."""
    grant(server, namespace, "joe", "libretto-approver")
    grant(server, namespace, "ann", [rule("approvals", ["create"]), rule("runs", ["approve"], ["q4"])])
    grant(server, namespace, "bob", [rule("approvals", ["create"])])
    for user, run in (("joe", "q3"), ("ann", "q4")):
        until(lambda u=user, r=run: approve(server, namespace, u, r, dry_run=True).ok, f"{user} may approve")  # type: ignore[misc]
    return namespace


def approve(server: Server, namespace: str, user: str, run: str = "q3", **more: Any) -> Answer:
    options = {name: more.pop(name) for name in ("dry_run", "groups", "name") if name in more}
    spec = approval_spec(runRef={"name": run, "uid": "u"}, **more)
    return server.create(namespace, "Approval", spec, user=user, **options)


@pytest.mark.requirement("K8S-016")
def test_the_server_writes_who_approves(server: Server, approvers: str) -> None:
    answer = approve(server, approvers, "joe", groups=["finance"])
    assert answer.ok, answer.message
    assert answer.body["spec"]["approver"] == {"name": "joe", "groups": ["finance", "system:authenticated"]}


@pytest.mark.requirement("K8S-016")
def test_groups_of_ones_own_are_the_server_s_too(server: Server, approvers: str) -> None:
    answer = approve(server, approvers, "joe", approver={"name": "joe", "groups": ["finance-approvers"]})
    assert answer.ok, answer.message
    assert answer.body["spec"]["approver"]["groups"] == ["system:authenticated"]


@pytest.mark.requirement("K8S-016")
def test_another_name_is_refused(server: Server, approvers: str) -> None:
    answer = approve(server, approvers, "joe", approver={"name": "mara"})
    assert answer.status == 403
    assert answer.message.endswith('spec.approver.name must be you: "joe", not "mara"')


@pytest.mark.requirement("K8S-016")
def test_kubectl_says_it_in_one_line(cluster: ControlPlane, approvers: str) -> None:
    body = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Approval",
        "metadata": {"generateName": "q3-"},
        "spec": approval_spec(approver={"name": "mara"}),
    }
    with pytest.raises(KubectlFailed) as refusal:
        cluster.kubectl("create", "-n", approvers, "-f", "-", input=json.dumps(body), user="joe")
    assert "Error from server (Forbidden)" in str(refusal.value)
    assert str(refusal.value).endswith('spec.approver.name must be you: "joe", not "mara"')


@pytest.mark.requirement("K8S-016")
def test_nobody_is_above_it(server: Server, approvers: str) -> None:
    """So the operator can ask, by a dry run with its own account, whether the policy is there."""
    for user in ("root", OPERATOR):
        answer = approve(server, approvers, user, approver={"name": "mara"}, groups=ADMIN, dry_run=True)
        assert answer.status == 403
        assert f'spec.approver.name must be you: "{user}", not "mara"' in answer.message


@pytest.mark.requirement("K8S-017")
def test_only_who_has_the_verb_on_that_run(server: Server, approvers: str) -> None:
    assert approve(server, approvers, "ann", "q4").ok
    for user, run in (("ann", "q3"), ("bob", "q3"), ("bob", "q4")):
        answer = approve(server, approvers, user, run)
        assert answer.status == 403
        assert (
            f'you may not approve run "{run}": ask for the RBAC verb "approve" on runs.libretto.dev in namespace'
            in answer.message
        )


@pytest.mark.requirement("K8S-017")
@pytest.mark.parametrize("role", ["libretto-view", "libretto-edit", "libretto-admin", "libretto-intervener", "admin"])
def test_no_other_role_may_approve(role: str, server: Server, namespace: str) -> None:
    grant(server, namespace, "eve", role)
    until(lambda: may(server, namespace, "eve", "get", "runs"), f"{role} is bound")
    assert not may(server, namespace, "eve", "approve", "runs")
    assert not may(server, namespace, "eve", "create", "approvals")


def test_a_plan_needs_the_verb_on_plans(server: Server, namespace: str) -> None:
    grant(server, namespace, "pat", [rule("approvals", ["create"]), rule("plans", ["approve"])])
    spec = approval_spec(planRef={"name": "p1", "uid": "u"})
    del spec["runRef"]
    until(lambda: server.create(namespace, "Approval", spec, user="pat").ok, "pat may approve plans")
    answer = approve(server, namespace, "pat")
    assert answer.status == 403
    assert 'you may not approve run "q3"' in answer.message


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"planRef": {"name": "p", "uid": "u"}}, "exactly one of runRef and planRef must be given"),
        ({"modification": {"a": 1}}, "only the decision `modify` takes a modification"),
        ({"decision": "maybe"}, 'Unsupported value: "maybe"'),
        ({"digest": "sha256"}, "spec.digest"),
        ({"runRef": {"name": "q3"}}, "spec.runRef.uid: Required value"),
    ],
)
def test_what_makes_no_sense_is_refused(members: dict[str, Any], words: str, server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Approval", approval_spec(**members))
    assert answer.status == 422
    assert words in answer.message


CHANGES: dict[str, Any] = {
    "digest": OTHER,
    "request": 4,
    "decision": "reject",
    "comment": "else",
    "gate": "other",
    "approver": {"name": "mara", "groups": []},
    "modification": {"deep": {"list": [1, 3]}},
}


@pytest.mark.requirement("K8S-016")
@pytest.mark.parametrize("way", WAYS)
def test_a_decision_is_never_changed(way: str, server: Server, namespace: str) -> None:
    spec = approval_spec(decision="modify", modification={"deep": {"list": [1, 2]}}, comment="why")
    answer = server.create(namespace, "Approval", spec)
    assert answer.ok, answer.message
    approval = Object(server, answer.body)
    for name, value in CHANGES.items():
        answer = approval.write(way, "spec", {name: value})
        assert answer.status == 422, name
        assert "a decision cannot be changed: make another one" in answer.message
    # Labels and the like are nobody's decision.
    assert server.request("PATCH", approval._path, {"metadata": {"labels": {"a": "b"}}}, MERGE).ok


@pytest.mark.parametrize("way", WAYS)
def test_only_the_operator_answers(way: str, server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Approval", approval_spec())
    approval = Object(server, answer.body)
    refused = approval.write(way, "status", {"record": 7})
    assert refused.status == 403
    assert "what became of a decision is written by Libretto's own account alone" in refused.message
    path = f"{GROUP}/namespaces/{namespace}/approvals/{approval.name}/status"
    answer = server.request("PATCH", path, {"status": {"record": 7}}, MERGE, OPERATOR, ADMIN)
    assert answer.ok, answer.message


@pytest.mark.requirement("K8S-016")
def test_the_server_s_own_log_names_the_decision(cluster: ControlPlane, server: Server, approvers: str) -> None:
    start = cluster.audit_log.stat().st_size
    answer = approve(server, approvers, "joe", name="logged")
    assert answer.ok, answer.message

    def logged() -> bool:
        notes = [entry.get("annotations", {}) for entry in cluster.audit(start)]
        return f"joe approve run/q3 summary {DIGEST}" in {note.get("libretto-approvals/decision") for note in notes}

    until(logged, "the decision in the audit log")
