"""A cluster that a person gives to the tests: used only when they say so, as anybody, and never more of it than is theirs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import given
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.given import GivenCluster, NotForTests

CRD = "crd/runs.libretto.dev"
MANAGED_BY = "app.kubernetes.io/managed-by"


@pytest.fixture
def theirs(control_plane: ControlPlane) -> Iterator[GivenCluster]:
    """The control plane, as if it was somebody else's."""
    opened = GivenCluster(control_plane.kubeconfig)
    yield opened
    opened.close()


def test_a_kubeconfig_in_the_environment_gives_nothing(
    control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(given.VARIABLE, raising=False)
    monkeypatch.setenv("KUBECONFIG", str(control_plane.kubeconfig))
    assert given.cluster() is None
    monkeypatch.setenv(given.VARIABLE, str(control_plane.kubeconfig))
    opened = given.cluster()
    assert opened is not None
    assert opened.server == control_plane.server
    opened.close()


def test_its_administrator_acts_as_anybody(theirs: GivenCluster) -> None:
    def is_told(**who: object) -> tuple[str, set[str]]:
        told = json.loads(theirs.kubectl("auth", "whoami", "-o", "json", **who))  # type: ignore[arg-type]
        return told["status"]["userInfo"]["username"], set(told["status"]["userInfo"]["groups"])

    assert is_told(user="ann", groups=["team"]) == ("ann", {"team", "system:authenticated"})
    assert "system:masters" in is_told()[1]
    with pytest.raises(KubectlFailed, match='User "ann" cannot list'):
        theirs.get("/api/v1/namespaces", user="ann")


def test_raw_requests_go_through_a_proxy(theirs: GivenCluster) -> None:
    connection = theirs.connect()
    connection.request("GET", "/api/v1/namespaces", headers={"Impersonate-User": "ann"})
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize(
    ("asks", "why"),
    [
        (lambda one: one.kill_api_server(), "stops, starts or freezes programs"),
        (lambda one: one.pause("etcd"), "stops, starts or freezes programs"),
        (lambda one: one.audit_log, "reads the audit log"),
        (lambda one: one.etcd, "speaks with etcd"),
        (lambda one: one.client_certificate("ann"), "makes certificates"),
    ],
)
def test_what_is_not_theirs_is_left_out_and_says_why(
    asks: Callable[[GivenCluster], object], why: str, theirs: GivenCluster
) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"left out on the cluster of {given.VARIABLE}: it {why}"):
        asks(theirs)


def test_definitions_that_people_use_are_not_replaced(cluster: ControlPlane) -> None:
    cluster.kubectl("label", CRD, f"{MANAGED_BY}=Helm")
    try:
        with pytest.raises(NotForTests, match="Libretto is installed in the cluster"):
            GivenCluster(cluster.kubeconfig)
    finally:
        cluster.kubectl("label", CRD, f"{MANAGED_BY}-")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotForTests, match="which is no file"):
        GivenCluster(tmp_path / "missing")
