"""The harness does what its users rely on: a real control plane, shared, hurt on purpose, and gone afterwards."""

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cluster import images, tenancy
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.node import RealNode
from tests.cluster.shared_process_node import SharedProcessNode
from tests.cluster.waiting import until

JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "one"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}}},
}


@pytest.fixture
def another() -> Iterator[ControlPlane]:
    opened = ControlPlane(tenancy.enter())
    yield opened
    opened.close()


def test_a_job_gets_its_pod(control_plane: ControlPlane, namespace: str) -> None:
    control_plane.kubectl("-n", namespace, "create", "-f", "-", input=json.dumps(JOB))
    until(lambda: control_plane.get(f"/api/v1/namespaces/{namespace}/pods")["items"], "a pod")


def test_a_user_may_do_nothing_until_bound(control_plane: ControlPlane, namespace: str) -> None:
    with pytest.raises(KubectlFailed, match="cannot create resource"):
        control_plane.kubectl("-n", namespace, "create", "configmap", "a", user="ann", groups=["team"])
    binding = ("create", "rolebinding", "team", "--clusterrole=edit", "--group=team")
    control_plane.kubectl("-n", namespace, *binding)
    create = ("-n", namespace, "create", "configmap", "a")
    until(lambda: _succeeds(control_plane, *create), "the binding to count")


def test_the_audit_log_counts_requests_by_user(control_plane: ControlPlane, namespace: str) -> None:
    start = control_plane.audit_log.stat().st_size
    for _ in range(3):
        with pytest.raises(KubectlFailed):
            control_plane.get(f"/api/v1/namespaces/{namespace}/secrets", user="counted")
    counted = [each for each in control_plane.audit(start) if each["user"]["username"] == "counted"]
    told = {(each["verb"], each["objectRef"]["resource"], each["responseStatus"]["code"]) for each in counted}
    assert (len(counted), told) == (3, {("list", "secrets", 403)})


def test_definitions_are_served(cluster: ControlPlane) -> None:
    assert "runs" in cluster.kubectl("api-resources", "--api-group=libretto.dev", "-o", "name")


def test_the_api_server_comes_back_and_remembers(another: ControlPlane) -> None:
    another.kubectl("create", "configmap", "kept", "-n", "default")
    another.kill_api_server()
    with pytest.raises(KubectlFailed, match="refused"):
        another.kubectl("get", "configmaps")
    another.start_api_server()
    assert "kept" in another.kubectl("get", "configmaps", "-n", "default")


def test_compaction_makes_old_versions_gone(another: ControlPlane) -> None:
    old = another.get("/api/v1/configmaps")["metadata"]["resourceVersion"]
    another.kubectl("create", "configmap", "new", "-n", "default")
    another.compact()
    watch = f"/api/v1/configmaps?watch=true&timeoutSeconds=5&resourceVersion={old}"
    told = json.loads(another.kubectl("get", "--raw", watch).splitlines()[0])
    assert (told["type"], told["object"]["code"]) == ("ERROR", 410)


def test_two_clusters_stand_side_by_side(control_plane: ControlPlane, namespace: str, another: ControlPlane) -> None:
    assert another.server != control_plane.server
    with pytest.raises(KubectlFailed, match="not found"):
        another.kubectl("get", "namespace", namespace)
    folder = another.plan.folder
    another.end()
    assert not folder.exists()


def test_the_last_one_to_leave_ends_it() -> None:
    first = tenancy.enter("test-shared")
    second = tenancy.enter("test-shared")
    assert first.plan == second.plan
    first.close()
    ControlPlane(second).kubectl("get", "namespaces")
    second.close()
    until(lambda: not second.plan.folder.exists(), "the cluster to end")


def test_a_killed_test_run_leaves_nothing() -> None:
    # Named, or the connection would be closed as garbage, and the cluster would end before anything is killed.
    script = "from tests.cluster import tenancy; kept = tenancy.enter(); print(kept.plan.folder, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        folder = Path(run.stdout.readline().strip())
        assert folder.is_dir()
        run.kill()
    until(lambda: not folder.exists(), "the cluster to end")
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(folder) in _words(path)]


def test_certificates_hold_where_verification_is_strict(control_plane: ControlPlane) -> None:
    context = ssl.create_default_context(cafile=str(control_plane.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(*map(str, control_plane.client_certificate("ann", ["team"])))
    place = urlsplit(control_plane.server)
    connection = HTTPSConnection(str(place.hostname), place.port, context=context)
    body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    told = json.loads(connection.getresponse().read())["status"]["userInfo"]
    connection.close()
    assert (told["username"], told["groups"]) == ("ann", ["team", "system:authenticated"])


def test_a_job_completes_on_the_real_kubelet(control_plane: ControlPlane, real_node: RealNode, namespace: str) -> None:
    assert told_by_job(control_plane, namespace, real_node.name, "echo hello") == "hello\n"


def test_services_have_names_on_the_real_node(control_plane: ControlPlane, real_node: RealNode, namespace: str) -> None:
    script = "nslookup kubernetes.default.svc.cluster.local && nslookup host.cluster.internal"
    told = told_by_job(control_plane, namespace, real_node.name, script)
    service = control_plane.get("/api/v1/namespaces/default/services/kubernetes")["spec"]["clusterIP"]
    assert service in told
    assert real_node.host in told


def test_an_image_needs_no_registry(
    control_plane: ControlPlane, real_node: RealNode, namespace: str, tmp_path: Path
) -> None:
    reference = f"localhost/{namespace}:1"
    archive = tmp_path / "image.tar"
    real_node.load(images.write_archive(archive, reference, images.busybox(), ["sh"], {"WORD": "own"}))
    assert told_by_job(control_plane, namespace, real_node.name, "echo $WORD", reference) == "own\n"


def test_a_job_completes_on_the_process_node(
    control_plane: ControlPlane, process_node: SharedProcessNode, namespace: str
) -> None:
    assert told_by_job(control_plane, namespace, process_node.name, "echo hello") == "hello\n"


def told_by_job(
    control_plane: ControlPlane, namespace: str, node: str, script: str, image: str = images.BUSYBOX
) -> str:
    """Run a script in a Job on this node; answers with its log."""
    container = {"name": "main", "image": image, "imagePullPolicy": "Never", "command": ["sh", "-c", script]}
    spec = {"restartPolicy": "Never", "nodeSelector": {"kubernetes.io/hostname": node}, "containers": [container]}
    job = {**JOB, "spec": {"backoffLimit": 0, "template": {"spec": spec}}}
    control_plane.kubectl("-n", namespace, "create", "-f", "-", input=json.dumps(job))
    control_plane.kubectl("-n", namespace, "wait", "--for=condition=Complete", "job/one", "--timeout=30s")
    return control_plane.kubectl("-n", namespace, "logs", "job/one")


def _words(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _succeeds(control_plane: ControlPlane, *args: str) -> bool:
    try:
        control_plane.kubectl(*args, user="ann", groups=["team"])
    except KubectlFailed:
        return False
    return True
