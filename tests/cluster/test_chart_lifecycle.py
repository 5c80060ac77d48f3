"""Install, upgrade and uninstall of both charts on a cluster of their own: kinds and runs outlive the charts, nothing hangs."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from tests.cluster import tenancy
from tests.cluster.charts import CHARTS, NAMESPACE, run
from tests.cluster.control_plane import ControlPlane, KubectlFailed

Json = dict[str, Any]

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:libretto"
RUN = {
    "apiVersion": "libretto.dev/v1alpha1",
    "kind": "Run",
    "metadata": {"name": "kept", "namespace": "default"},
    "spec": {"orchestrationRef": {"name": "quarterly"}},
}


class Helm:
    """helm on one cluster."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._options = (f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}")

    def __call__(self, *arguments: str, values: Json | None = None) -> str:
        given = () if values is None else ("--values=-",)
        return run(*arguments, *self._options, *given, input_text=yaml.safe_dump(values or {}))


@pytest.fixture(scope="module")
def alone() -> Iterator[ControlPlane]:
    """A cluster without Libretto."""
    opened = ControlPlane(tenancy.enter())
    yield opened
    opened.end()


@pytest.fixture(scope="module")
def installed(alone: ControlPlane) -> Helm:
    """Both charts, as their READMEs say."""
    helm = Helm(alone)
    helm("install", "libretto-crds", str(CHARTS / "libretto-crds"), "--create-namespace")
    alone.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    helm("install", "libretto", str(CHARTS / "libretto"))
    return helm


def test_what_is_installed_says_what_comes_next(installed: Helm) -> None:
    notes = installed("get", "notes", "libretto")
    assert "plays the runs of all namespaces" in notes
    assert "WARNING" not in notes
    assert "libretto-approver" in installed("get", "notes", "libretto-crds")


ALLOWED = [
    ("create", "jobs.batch"),
    ("delete", "configmaps"),
    ("patch", "pods"),
    ("update", "runs.libretto.dev", "--subresource=status"),
    ("delete", "runs.libretto.dev"),
    ("patch", "approvals.libretto.dev", "--subresource=status"),
    ("create", "approvals.libretto.dev"),
    ("create", "events.events.k8s.io"),
    ("create", "selfsubjectreviews.authentication.k8s.io"),
    ("update", "leases.coordination.k8s.io", f"--namespace={NAMESPACE}"),
]
DENIED = [
    ("get", "secrets"),
    ("create", "pods"),
    ("deletecollection", "pods"),
    ("approve", "runs.libretto.dev"),
    ("restore", "runs.libretto.dev"),
    ("update", "runs.libretto.dev"),
    ("deletecollection", "runs.libretto.dev"),
    ("patch", "orchestrations.libretto.dev"),
    ("create", "rolebindings.rbac.authorization.k8s.io"),
    ("get", "leases.coordination.k8s.io", "--namespace=default"),
    ("list", "namespaces"),
]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("asked", ALLOWED, ids=" ".join)
def test_the_operator_may(alone: ControlPlane, asked: tuple[str, ...]) -> None:
    assert alone.kubectl("auth", "can-i", *asked, f"--as={ACCOUNT}").strip() == "yes"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("asked", DENIED, ids=" ".join)
def test_the_operator_may_not(alone: ControlPlane, asked: tuple[str, ...]) -> None:
    with pytest.raises(KubectlFailed):
        alone.kubectl("auth", "can-i", *asked, f"--as={ACCOUNT}")


def test_an_upgrade_upgrades_the_kinds(installed: Helm, alone: ControlPlane, tmp_path: Path) -> None:
    newer = Path(copytree(CHARTS / "libretto-crds", tmp_path / "libretto-crds"))
    kind = newer / "files" / "crds" / "agents.libretto.dev.yaml"
    kind.write_text(kind.read_text().replace("shortNames:\n    - oagent", "shortNames:\n    - oagent\n    - newer"))
    installed("upgrade", "libretto-crds", str(newer))
    assert "newer" in alone.kubectl("get", "crd", "agents.libretto.dev", "-o", "jsonpath={.spec.names.shortNames}")
    installed("rollback", "libretto-crds", "1")


def test_other_values_reach_the_deployment_and_come_back(installed: Helm, alone: ControlPlane) -> None:
    shown = ("get", "deployment", "libretto", f"--namespace={NAMESPACE}", "-o", "jsonpath={.spec.replicas}")
    installed("upgrade", "libretto", str(CHARTS / "libretto"), values={"replicas": 3})
    assert alone.kubectl(*shown) == "3"
    installed("rollback", "libretto", "1")
    assert alone.kubectl(*shown) == "2"


def test_a_run_outlives_both_charts(installed: Helm, alone: ControlPlane) -> None:
    alone.kubectl("create", "-f", "-", input=json.dumps(RUN))
    installed("uninstall", "libretto")
    installed("uninstall", "libretto-crds")
    assert alone.kubectl("get", "run", "kept", "-o", "name").strip() == "run.libretto.dev/kept"
    left = alone.kubectl("get", "all,role,rolebinding,networkpolicy,pdb", f"--namespace={NAMESPACE}", "-o", "name")
    assert "libretto" not in left
    policies = "validatingadmissionpolicy,validatingadmissionpolicybinding,mutatingadmissionpolicy,clusterrole"
    assert not alone.kubectl("get", policies, "-l", "app.kubernetes.io/part-of=libretto", "-o", "name")
    # And both come back over what they have left.
    installed("install", "libretto-crds", str(CHARTS / "libretto-crds"))
    installed("install", "libretto", str(CHARTS / "libretto"))
    alone.kubectl("delete", "run", "kept", "--timeout=10s")
