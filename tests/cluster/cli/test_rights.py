"""Who may do what with `kubectl libretto`, and what those read who may not."""

import pytest

from tests.cluster.cli.conftest import Person
from tests.cluster.operators import Bench, orchestration, run, shell_agent

ANSWERS = "echo '{}' > $LIBRETTO_DIR/output.json"


@pytest.mark.requirement("K8S-016", "K8S-017", "K8S-030")
def test_a_quorum_of_others(bench: Bench, person: Person) -> None:
    gate = {"question": "fine", "approvers": {"count": 2, "groups": ["leads"], "separateRequester": True}}
    bench.apply(shell_agent("worker", ANSWERS))
    bench.apply(orchestration("gated", {"id": "a", "agent": "worker", "checkpointAfter": gate}), run("q", "gated"))
    bench.until_state("q", "AwaitingApproval")
    roles = ("view", "libretto-approver")
    ann, eve = (person(user, *roles, groups=("leads",)) for user in ("ann", "eve"))
    other = person("other", *roles).libretto("approve", "q", code=7).lines
    assert other[-1] == "approved by other; it does not count yet: other is in none of the groups leads"
    first = ann.libretto("approve", "q", code=7).lines
    assert first[-1] == "approved by ann; it does not count yet: 1 of 2 approvals are there (ann)"
    second = eve.libretto("approve", "q").lines
    assert second[-1].startswith("approved by eve as record ")
    assert bench.until_state("q")["state"] == "Succeeded"


@pytest.mark.requirement("K8S-016", "K8S-030")
def test_what_is_missing_is_named(bench: Bench, person: Person) -> None:
    bench.apply(shell_agent("worker", ANSWERS))
    bench.apply(orchestration("asks", {"id": "a", "agent": "worker", "checkpointAfter": {"question": "fine"}}))
    bench.apply(run("r", "asks"))
    bench.until_state("r", "AwaitingApproval")
    space = bench.namespace

    def role(name: str, user: str) -> str:
        return (
            f"  the role {name} has it: kubectl -n {space} create rolebinding NAME --clusterrole={name} --user={user}"
        )

    def missing(user: str, verb: str, what: str) -> str:
        may_not = f'libretto: "{user}" may not {verb} {what} in namespace "{space}"'
        return f'{may_not}: the RBAC verb "{verb}" on {what}.libretto.dev is missing'

    stranger = person("stranger")
    assert stranger.libretto("get", code=2).lines == [
        missing("stranger", "list", "runs"),
        role("libretto-view", "stranger"),
    ]
    viewer = person("viewer", "view")
    assert viewer.libretto("approve", "r", code=2).lines[-2:] == [
        missing("viewer", "create", "approvals"),
        role("libretto-approver", "viewer"),
    ]
    assert viewer.libretto("abort", "r", code=2).lines[-1] == role("libretto-intervener", "viewer")
    assert viewer.libretto("pause", "r", code=2).lines[-1] == role("libretto-edit", "viewer")
    # May create approvals, and has not the verb: here the admission policy answers.
    bench.kubectl("create", "role", "creator", "--resource=approvals.libretto.dev", "--verb=create")
    bench.kubectl("create", "rolebinding", "creator", "--role=creator", "--user=viewer")
    assert viewer.libretto("approve", "r", code=2).err == (
        'libretto: you may not approve run "r": ask for the RBAC verb "approve" on runs.libretto.dev'
        f' in namespace "{space}"\n'
    )
    assert [one for one in bench.all("approvals") if one["spec"]["runRef"]["name"] == "r"] == []


def test_what_is_not_there(bench: Bench, person: Person) -> None:
    admin = person()
    assert f'no run "nothing" in namespace "{bench.namespace}"' in admin.libretto("show", "nothing", code=2).err
    assert "no context" in admin.libretto("--context", "other", "get", code=2).err
    nowhere = admin.libretto("--kubeconfig", "/nowhere", "get", code=2).err
    assert "the kubeconfig cannot be used" in nowhere
