"""What each shipped role may do, and no more, as the server's own authorizer says."""

import pytest

from tests.cluster.resources.stage import Server, grant, may, until
from tools.crds.kinds import KINDS

READ, WRITE = ("get", "list", "watch"), ("create", "update", "patch", "delete", "deletecollection")
COMMANDS = ("retry", "skip", "abort", "undo", "rerun")
ALL = tuple(kind.plural for kind in KINDS.values())
WRITTEN = ("orchestrations", "agents", "runs")
VIEW = {(verb, resource) for verb in READ for resource in ALL}
EDIT = VIEW | {(verb, resource) for verb in WRITE for resource in WRITTEN}
ADMIN = (
    EDIT
    | {("restore", "runs")}
    | {(verb, resource) for verb in ("delete", "deletecollection") for resource in ("approvals", "interventions")}
)

ROLES: dict[str, set[tuple[str, str]]] = {
    "libretto-view": VIEW,
    "libretto-edit": EDIT,
    "libretto-admin": ADMIN,
    "libretto-approver": VIEW | {("create", "approvals"), ("approve", "runs")},
    "libretto-intervener": VIEW | {("create", "interventions")} | {(verb, "runs") for verb in COMMANDS},
    # The cluster's own, by aggregation.
    "view": VIEW,
    "edit": EDIT,
    "admin": ADMIN,
}

ASKED = [
    *((verb, resource) for verb in (*READ, *WRITE) for resource in ALL),
    *((verb, f"{resource}/status") for verb in ("update", "patch") for resource in ALL),
    *((verb, "runs") for verb in ("approve", "restore", *COMMANDS)),
]


@pytest.mark.requirement("K8S-017")
@pytest.mark.parametrize("role", ROLES)
def test_role(role: str, server: Server, namespace: str) -> None:
    grant(server, namespace, "rosa", role)
    until(lambda: may(server, namespace, "rosa", "get", "runs"), f"{role} is bound")
    allowed = {(verb, resource) for verb, resource in ASKED if may(server, namespace, "rosa", verb, resource)}
    assert allowed == ROLES[role]
