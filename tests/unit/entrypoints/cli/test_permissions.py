"""Who is refused learns which right is missing, and which role has it."""

import pytest

from controller.entrypoints.cli.permissions import explained
from controller.errors import Forbidden


def refused(verb: str, resource: str, group: str, namespace: str | None = "team") -> Forbidden:
    where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    return Forbidden(
        f"{verb} {resource} x: {resource} is forbidden:"
        f' User "mara" cannot {verb} resource "{resource}" in API group "{group}"{where}'
    )


@pytest.mark.parametrize(
    ("verb", "resource", "group", "role"),
    [
        ("list", "runs", "libretto.dev", "libretto-view"),
        ("create", "runs", "libretto.dev", "libretto-edit"),
        ("create", "approvals", "libretto.dev", "libretto-approver"),
        ("get", "approvals", "libretto.dev", "libretto-view"),
        ("create", "interventions", "libretto.dev", "libretto-intervener"),
        ("get", "pods/log", "", "view"),
        ("create", "configmaps", "", "edit"),
    ],
)
@pytest.mark.requirement("K8S-030")
def test_the_smallest_role_that_has_the_verb(verb: str, resource: str, group: str, role: str) -> None:
    error = explained(refused(verb, resource, group))
    right = f"{resource}.{group}" if group else resource
    assert error.message == (
        f'"mara" may not {verb} {resource} in namespace "team": the RBAC verb "{verb}" on {right} is missing'
    )
    assert error.hint == (
        f"the role {role} has it: kubectl -n team create rolebinding NAME --clusterrole={role} --user=mara"
    )


def test_without_a_namespace_the_binding_is_one_of_the_cluster() -> None:
    error = explained(refused("list", "runs", "libretto.dev", None))
    assert error.hint is not None
    assert "kubectl create clusterrolebinding NAME" in error.hint
    assert "namespace" not in error.message


def test_a_policy_speaks_for_itself_and_what_is_not_understood_stays() -> None:
    said = "ValidatingAdmissionPolicy 'x' with binding 'x' denied request: you may not approve run \"g\""
    assert explained(Forbidden(f"create approvals: forbidden: {said}")).message == 'you may not approve run "g"'
    other = Forbidden("create jobs: exceeded quota", quota=True)
    assert explained(other) is other
