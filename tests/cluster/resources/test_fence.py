"""An operator whose leadership is over writes nothing any more: the Lease says so, and the API server listens to it.

The policies are rendered for an account and a namespace of the test's own, so that no other test's operator is fenced.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
import yaml

from tests.cluster.resources.stage import GROUP, MERGE, Answer, Json, Server, run_spec, until
from tools.crds.manifests import ACCOUNTS, FILES, NAMESPACE

ADMIN = ("system:masters",)
POLICIES = "/apis/admissionregistration.k8s.io/v1"


class Fenced(NamedTuple):
    """An operator's place."""

    server: Server
    namespace: str

    @property
    def account(self) -> str:
        return f"system:serviceaccount:{self.namespace}:libretto"

    def job(self, epoch: int | None, user: str | None = None, lease: str | None = None, kind: str = "Job") -> Answer:
        """Create a Job or ConfigMap of ours, as a dry run."""
        notes = {} if epoch is None else {"libretto.dev/epoch": str(epoch)}
        notes |= {} if lease is None else {"libretto.dev/lease": lease}
        body: Json = {
            "metadata": {
                "generateName": "x-",
                "labels": {"app.kubernetes.io/managed-by": "libretto"},
                "annotations": notes,
            }
        }
        path = f"/api/v1/namespaces/{self.namespace}/configmaps"
        if kind == "Job":
            pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x:1"}]}
            body["spec"] = {"template": {"spec": pod}}
            path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs"
        return self.server.request("POST", f"{path}?dryRun=All", body, user=user or self.account, groups=ADMIN)

    def lead(self, name: str, epoch: int) -> None:
        """Acquire a Lease."""
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"
        labels = {"app.kubernetes.io/managed-by": "libretto", "libretto.dev/kind": "leadership"}
        body = {"metadata": {"name": name, "labels": labels}, "spec": {"leaseTransitions": epoch}}
        if not self.server.request("POST", path, body).ok:
            answer = self.server.request("PATCH", f"{path}/{name}", {"spec": body["spec"]}, MERGE)
            assert answer.ok, answer.message
        until(lambda: not self.job(epoch - 1, lease=name).ok, f"lease {name} at {epoch} is seen")


@pytest.fixture
def fenced(server: Server, namespace: str) -> Iterator[Fenced]:
    made = []
    for file in ("fence.yaml", "fence-bindings.yaml"):
        text = (FILES / "admission" / file).read_text(encoding="utf-8")
        text = text.replace(ACCOUNTS, f'["system:serviceaccount:{namespace}:libretto"]').replace(NAMESPACE, namespace)
        for body in yaml.safe_load_all(text.replace("libretto-fence-", f"fence-{namespace}-")):
            path = f"{POLICIES}/{'validatingadmissionpolicybindings' if 'Binding' in body['kind'] else 'validatingadmissionpolicies'}"
            answer = server.request("POST", path, body)
            assert answer.ok, answer.message
            made.append(f"{path}/{body['metadata']['name']}")
    place = Fenced(server, namespace)
    # Only where a Lease is do the policies say anything.
    place.lead("libretto", 5)
    yield place
    for path in made:
        server.request("DELETE", path)


@pytest.mark.requirement("K8S-020")
@pytest.mark.parametrize("kind", ["Job", "ConfigMap"])
def test_an_older_leadership_makes_nothing(kind: str, fenced: Fenced) -> None:
    for epoch in (0, 4):
        answer = fenced.job(epoch, kind=kind)
        assert answer.status == 403
        assert f'leadership {epoch} is over: Lease "libretto" is at 5' in answer.message
    for epoch in (5, 6):
        assert fenced.job(epoch, kind=kind).ok


@pytest.mark.requirement("K8S-020")
def test_an_older_leadership_records_nothing(fenced: Fenced) -> None:
    """Also where the new leader has not yet claimed the run, so that its own epoch does not help."""
    server, namespace = fenced.server, fenced.namespace
    assert server.create(namespace, "Run", run_spec(), name="q3").ok
    path = f"{GROUP}/namespaces/{namespace}/runs/q3/status"

    def record(status: Json, user: str = fenced.account) -> Answer:
        return server.request("PATCH", path, {"status": status}, MERGE, user, ADMIN)

    until(lambda: not record({"epoch": 4}).ok, "status writes are fenced")
    answer = record({"epoch": 4, "state": "Running"})
    assert answer.status == 403
    assert 'status.epoch: leadership 4 is over: Lease "libretto" is at 5' in answer.message
    answer = record({"state": "Running"})
    assert "status.epoch: a write of Libretto must bear the number of its leadership" in answer.message
    assert record({"epoch": 5, "state": "Running"}).ok
    # The next leader takes over: the old one, which woke up, is out at once.
    fenced.lead("libretto", 6)
    until(lambda: not record({"epoch": 5, "reason": "Woken"}).ok, "the new leadership is seen")
    assert record({"epoch": 6}).ok
    # A hand edit is the table's business, not the fence's.
    assert record({"reason": "ByHand"}, "root").ok


def test_a_job_without_a_number_is_refused(fenced: Fenced) -> None:
    answer = fenced.job(None)
    assert answer.status == 403
    assert "a Job of Libretto must bear the annotation libretto.dev/epoch" in answer.message
    # Blobs are named by their content: a standby may store one.
    assert fenced.job(None, kind="ConfigMap").ok


def test_each_shard_counts_by_itself(fenced: Fenced) -> None:
    fenced.lead("libretto-1", 9)
    assert fenced.job(5, lease="libretto").ok
    assert not fenced.job(5, lease="libretto-1").ok
    assert fenced.job(9, lease="libretto-1").ok
    # Who does not say which one must be above all.
    assert not fenced.job(5).ok
    assert fenced.job(9).ok


def test_nobody_else_is_fenced(fenced: Fenced, namespace: str) -> None:
    assert fenced.job(0, user="somebody").ok
    assert fenced.job(None, user="system:serviceaccount:elsewhere:libretto").ok


def test_without_a_lease_nobody_is_locked_out(fenced: Fenced) -> None:
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{fenced.namespace}/leases"
    assert fenced.server.request("DELETE", f"{leases}/libretto").ok
    until(lambda: fenced.job(0).ok, "the Lease is gone")
