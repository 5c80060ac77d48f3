"""On a server without MutatingAdmissionPolicy nobody is filled in, and everything is checked all the same."""

from collections.abc import Iterator

import pytest

from tests.cluster import definitions, tenancy
from tests.cluster.control_plane import ControlPlane
from tests.cluster.resources.stage import Server, approval_spec, intervention_spec, run_spec

ADMIN = ("system:masters",)
MANY = tuple(f"group-{number:03}" for number in range(60))


@pytest.fixture(scope="module")
def older() -> Iterator[Server]:
    """A server of its own: policies hold for the whole of it."""
    control_plane = ControlPlane(tenancy.enter())
    objects = [each for each in definitions.definitions() if not each["kind"].startswith("Mutating")]
    definitions.install(control_plane, objects)
    opened = Server(control_plane)
    yield opened
    opened.close()
    control_plane.close()


@pytest.mark.requirement("K8S-016")
def test_who_decides_must_be_named(older: Server) -> None:
    for kind, spec, member in (
        ("Approval", approval_spec(), "approver"),
        ("Intervention", intervention_spec(), "actor"),
    ):
        answer = older.create("default", kind, spec)
        assert answer.status == 422
        assert f"spec.{member}: Required value" in answer.message
        assert older.create("default", kind, {**spec, member: {"name": "admin"}}).ok


@pytest.mark.requirement("K8S-016")
def test_foreign_names_and_groups_are_refused(older: Server) -> None:
    cases = {
        "Approval": (approval_spec(), "approver", "name"),
        "Intervention": (intervention_spec(), "actor", "name"),
        "Run": (run_spec(), "requestedBy", "username"),
    }
    for kind, (spec, member, name) in cases.items():
        answer = older.create("default", kind, {**spec, member: {name: "mara"}})
        assert answer.status == 403
        assert f'spec.{member}.{name} must be you: "admin", not "mara"' in answer.message
        answer = older.create("default", kind, {**spec, member: {name: "admin", "groups": ["system:masters", "cfo"]}})
        assert answer.status == 403
        assert f'spec.{member}.groups must be groups of yours: "admin" is not in "cfo"' in answer.message
        assert older.create("default", kind, {**spec, member: {name: "admin", "groups": ["system:masters"]}}).ok


def test_many_groups_are_all_of_them(older: Server) -> None:
    everything = (*ADMIN, *MANY, "system:authenticated")
    for groups, accepted in ((everything, True), (everything[:50], True), (everything[:51], False)):
        spec = approval_spec(approver={"name": "jo", "groups": list(groups)})
        answer = older.create("default", "Approval", spec, user="jo", groups=everything)
        assert answer.ok is accepted, answer.message
        assert accepted or "more than 50 must be all of them" in answer.message


def test_a_run_may_be_asked_for_without_a_name(older: Server) -> None:
    """Separation of duties then cannot be shown; the operator says so at the gate."""
    answer = older.create("default", "Run", run_spec())
    assert answer.ok
    assert "requestedBy" not in answer.body["spec"]
    path = f"/apis/libretto.dev/v1alpha1/namespaces/default/runs/{answer.body['metadata']['name']}"
    patch = {"spec": {"requestedBy": {"username": "admin"}}}
    assert older.request("PATCH", path, patch, "application/merge-patch+json").status == 422
