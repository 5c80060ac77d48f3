"""A namespace without the admission policies: decisions do not count, the run says so, and what was decided then stays void."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.operator.conftest import Start
from tests.cluster.operators import Bench, Json, orchestration, run, shell_agent, until


@pytest.fixture
def forgeable(cluster: ControlPlane, namespace: str) -> Iterator[Callable[[], None]]:
    """A namespace that the admission policies for decisions leave out; call it to have them back."""
    bindings = ("libretto-approvals", "libretto-interventions")

    def select(selector: Json | None) -> None:
        patch = json.dumps({"spec": {"matchResources": selector}})
        for name in bindings:
            cluster.kubectl("patch", "validatingadmissionpolicybinding", name, "--type=merge", "-p", patch)

    others = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [namespace]}
    # Not deleted: other tests decide on the same server meanwhile.
    select({"namespaceSelector": {"matchExpressions": [others]}})
    yield lambda: select(None)
    select(None)


def forged(bench: Bench) -> bool:
    """Whether anybody may decide in another's name."""
    one = decision(
        {"gate": "none", "digest": "blake3:" + "0" * 64, "request": 0}, {"name": "none", "uid": "none"}, "joe"
    )
    try:
        bench.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(one))
    except KubectlFailed as error:
        if "must be you" not in str(error):
            raise
        return False
    return True


def decision(gate: Json, reference: Json, person: str) -> Json:
    named = {member: gate[member] for member in ("gate", "digest", "request")}
    spec = {"runRef": reference, **named, "decision": "approve", "approver": {"name": person}}
    metadata = {"generateName": "decision-"}
    return {"apiVersion": "libretto.dev/v1alpha1", "kind": "Approval", "metadata": metadata, "spec": spec}


def unprotected(bench: Bench, name: str) -> bool:
    conditions = bench.get("run", name)["status"]["conditions"]
    return any((one["type"], one["status"]) == ("ApprovalsUnprotected", "True") for one in conditions)


@pytest.mark.requirement("K8S-029")
def test_that_nothing_proves_who_decides_is_told_and_stays_so(
    bench: Bench, start: Start, forgeable: Callable[[], None]
) -> None:
    first = start()
    gate = {"id": "a", "agent": "worker", "checkpointAfter": {"question": "Is it good?"}}
    bench.apply(
        shell_agent("worker", "echo 1 > $LIBRETTO_DIR/output.json"), orchestration("gated", gate), run("r", "gated")
    )
    status = bench.until_state("r", "AwaitingApproval")
    until(lambda: forged(bench), "decisions can be forged")
    reference = {"name": "r", "uid": bench.get("run", "r")["metadata"]["uid"]}
    bench.kubectl("create", "-f", "-", input=json.dumps(decision(status["gates"][0], reference, "mara")))
    until(lambda: unprotected(bench, "r"), "the run says so", first.log)
    until(lambda: "waiting" in (bench.all("approvals")[0].get("status") or {}), "and the decision", first.log)
    assert "install the admission policies" in bench.all("approvals")[0]["status"]["waiting"]
    until(lambda: "ApprovalsUnprotected" in bench.kubectl("events", "--for", "run/r"), "and an event", first.log)
    assert bench.state("r") == "AwaitingApproval"

    forgeable()
    until(lambda: not forged(bench), "decisions are proved again")
    first.stop()
    second = start()  # it would look again after a minute
    until(lambda: not unprotected(bench, "r"), "the condition is gone", bench.tell("r"))
    # Policies that came later say nothing about who decided before.
    until(lambda: "it was made while" in bench.all("approvals")[0]["status"]["waiting"], "it is void", second.log)
    assert bench.state("r") == "AwaitingApproval"
