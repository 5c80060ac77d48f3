"""Libretto as it is installed: the image from the Dockerfile, both charts, a real kubelet, a restricted namespace."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.certificates import Authority
from tests.cluster.charts import CHARTS, NAMESPACE, ChartRefused
from tests.cluster.install.conftest import BUSYBOX, TEAM, Installed
from tests.cluster.operators import orchestration, reachable, shell_agent, until
from tests.cluster.operators import run as run_object
from tests.cluster.results import large
from tests.contract.blob_machines import s3_server

Json = dict[str, Any]

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
BIG = "head -c 200000 /dev/zero > $LIBRETTO_DIR/artifacts/big.bin; " + ANSWERS
TAKES = "wc -c < $LIBRETTO_DIR/inputs/a/big.bin | tr -d ' \\n' > $LIBRETTO_DIR/output.json"


def agent(name: str, script: str) -> Json:
    made = shell_agent(name, script)
    made["spec"]["image"]["name"] = BUSYBOX
    made["spec"]["pod"] = {"imagePullPolicy": "Never"}
    return made


@pytest.mark.requirement("K8S-027", "K8S-010", "K8S-028")
def test_a_run_with_artifacts_and_a_checkpoint(installed: Installed) -> None:
    bench = installed.bench
    bench.apply(
        agent("makes", BIG),
        agent("takes", TAKES),
        orchestration(
            "two",
            {"id": "a", "agent": "makes", "checkpointAfter": {"question": "fine"}},
            {"id": "b", "agent": "takes", "dependsOn": ["a"]},
        ),
        run_object("r", "two"),
    )
    status = bench.until_state("r", "AwaitingApproval", "Failed", seconds=60)
    assert status["state"] == "AwaitingApproval", (status.get("message"), installed.log())
    gate, uid = status["gates"][0], bench.get("run", "r")["metadata"]["uid"]
    bench.kubectl("create", "rolebinding", "mara", "--clusterrole=libretto-approver", "--user=mara")
    approval = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Approval",
        "metadata": {"generateName": "r-"},
        "spec": {
            "runRef": {"name": "r", "uid": uid},
            "gate": "a",
            "digest": gate["digest"],
            "request": gate["request"],
            "decision": "approve",
        },
    }
    bench.kubectl("create", "-f", "-", input=json.dumps(approval), user="mara")
    status = bench.until_state("r")
    assert status["state"] == "Succeeded", (status.get("message"), installed.log())
    assert '{"artifacts":{},"output":200000}' in status["contents"].values()
    decided = next(json.loads(text) for text in status["tail"] if '"GateApproved"' in text)
    assert decided["actor"] == {"type": "person", "id": "mara"}
    answered = bench.all("approvals")[0]["status"]
    assert answered["record"] == decided["seq"]


@pytest.mark.requirement("K8S-010")
def test_no_program_of_a_user_has_a_token(installed: Installed) -> None:
    bench = installed.bench
    script = (
        "find / -xdev -name token 2>/dev/null | head -1 > /tmp/found; ls /var/run/secrets >> /tmp/found 2>/dev/null;"
    )
    script += " if [ -s /tmp/found ]; then cat /tmp/found >&2; exit 64; fi; id -u > $LIBRETTO_DIR/output.json"
    bench.apply(agent("looks", script), orchestration("look", {"id": "a", "agent": "looks"}), run_object("l", "look"))
    status = bench.until_state("l", seconds=60)
    assert status["state"] == "Succeeded", (status.get("message"), installed.log())
    assert '{"artifacts":{},"output":65532}' in status["contents"].values()


@pytest.mark.requirement("K8S-014")
def test_an_evicted_pod_costs_no_attempt(installed: Installed) -> None:
    bench = installed.bench
    marker = "if [ -e /shared/once ]; then true; fi; trap 'exit 143' TERM; sleep 8 & wait; " + ANSWERS
    bench.apply(
        agent("slow", marker),
        orchestration("slow", {"id": "a", "agent": "slow", "retry": {"maxAttempts": 1}}),
        run_object("e", "slow"),
    )

    def running() -> list[str]:
        pods = bench.all("pods", "libretto.dev/run=e")
        return [pod["metadata"]["name"] for pod in pods if _main_runs(pod)]

    until(lambda: len(running()) == 1, "its pod runs", installed.log)
    name = running()[0]
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": TEAM}}
    path = f"/api/v1/namespaces/{TEAM}/pods/{name}/eviction"
    bench.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(eviction))
    status = bench.until_state("e", seconds=90)
    assert status["state"] == "Succeeded", (status.get("message"), installed.log())
    jobs = bench.all("jobs", "libretto.dev/run=e")
    assert [job["metadata"]["labels"]["libretto.dev/attempt"] for job in jobs] == ["1"]


def _main_runs(pod: Json) -> bool:
    statuses = pod["status"].get("containerStatuses") or ()
    return any(one["name"] == "main" and "running" in one["state"] for one in statuses)


@pytest.mark.requirement("K8S-019")
def test_the_leader_is_deleted_in_the_middle(installed: Installed) -> None:
    bench = installed.bench
    slow = agent("slow", "echo 1/2 > $LIBRETTO_DIR/progress; sleep 4; " + ANSWERS)
    bench.apply(slow, orchestration("slow", {"id": "a", "agent": "slow"}), run_object("d", "slow"))
    until(lambda: len(bench.all("jobs", "libretto.dev/run=d")) == 1, "its Job is there", installed.log)
    lease = json.loads(installed.system("get", "lease", "libretto-shard-0", "-o", "json"))
    holder = lease["spec"]["holderIdentity"].partition("_")[0]
    leader = next(pod for pod in installed.operators() if pod["metadata"]["uid"] == holder)
    installed.system("delete", "pod", leader["metadata"]["name"], "--wait=false")
    status = bench.until_state("d", seconds=60)
    assert status["state"] == "Succeeded", (status.get("message"), installed.log())
    assert status["epoch"] > lease["spec"]["leaseTransitions"]
    assert len(bench.all("jobs", "libretto.dev/run=d")) == 1
    # How far it was needed nobody who leads: its courier said it.
    assert bench.kubectl("logs", "-l", "libretto.dev/run=d", "-c", "courier") == "progress 1/2\n"


@pytest.fixture(scope="module")
def certified(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Json:
    """Values with a certificate for the results service and the store; it lies in a Secret."""
    signer = Authority(tmp_path_factory.mktemp("signer") / "keys")
    signer.create()
    chain, key = signer.server("results", [f"{name}.{NAMESPACE}.svc" for name in ("libretto", "libretto-store")])
    files = [f"--from-file=tls.crt={chain}", f"--from-file=tls.key={key}", f"--from-file=ca.crt={signer.certificate}"]
    installed.system("create", "secret", "generic", "libretto-results", *files)
    return {"results": {"tls": {"secretName": "libretto-results"}}}


def goes_through(installed: Installed, name: str, folder: Path) -> None:
    """Play what no record can take: published from files, approved, and meaning the same as on this machine."""
    bench, written = installed.bench, large.write(folder)
    written.publish(installed.cluster, TEAM)
    before = len(bench.all("configmaps", "libretto.dev/kind=blob"))
    bench.apply(large.run_object(name))
    settled = ("AwaitingApproval", "Failed")
    until(lambda: bench.state(name) in settled, f"run {name} waits or fails", installed.log, seconds=90)
    status = bench.get("run", name)["status"]
    assert status["state"] == "AwaitingApproval", (status.get("message"), installed.log())
    bench.kubectl("create", "-f", "-", input=json.dumps(large.approval(bench.get("run", name))))
    status = bench.until_state(name, "Succeeded", "Failed", seconds=90)
    assert status["state"] == "Succeeded", (status.get("message"), installed.log())
    assert large.came_to(status) == large.OUTPUT
    assert status["semanticDigest"] == written.local_digest(folder / ".libretto")
    assert len(bench.all("configmaps", "libretto.dev/kind=blob")) == before


@pytest.mark.requirement("K8S-027")
def test_large_results_go_through_a_store_of_the_chart(installed: Installed, certified: Json, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    volume.chmod(0o777)
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": str(volume)}}
    spec["persistentVolumeReclaimPolicy"] = "Retain"
    body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "data"}, "spec": spec}
    installed.system("create", "-f", "-", input=json.dumps(body))
    installed.upgrade({"blobs": {"kind": "store", "store": {"size": "1Gi"}}, **certified})
    goes_through(installed, "stored", tmp_path)
    kept = [file.stat().st_size for file in (volume / "namespaces" / TEAM / "blake3").rglob("*") if file.is_file()]
    assert max(kept) > 1 << 20


@pytest.mark.requirement("K8S-027")
def test_large_results_go_through_a_bucket(installed: Installed, certified: Json, tmp_path: Path) -> None:
    with ExitStack() as stack:
        gateway = stack.enter_context(s3_server(tmp_path, reachable(installed.cluster)))
        (gateway.folder / "results").mkdir()
        keys = {"AWS_ACCESS_KEY_ID": gateway.access_key, "AWS_SECRET_ACCESS_KEY": gateway.secret_key}
        literals = [f"--from-literal={name}={value}" for name, value in keys.items()]
        installed.system("create", "secret", "generic", "keys", *literals)
        bucket = {"bucket": "results", "endpoint": gateway.address, "allowHttp": True, "credentialsSecret": "keys"}
        installed.upgrade({"blobs": {"kind": "s3", "s3": bucket}, **certified})
        goes_through(installed, "bucketed", tmp_path)
        found = (gateway.folder / "results" / TEAM / "blake3").rglob("*")
        assert max(file.stat().st_size for file in found if file.is_file()) > 1 << 20


@pytest.mark.requirement("K8S-027")
def test_bad_values_are_refused(installed: Installed) -> None:
    with pytest.raises(ChartRefused, match="replicaz"):
        installed.helm("upgrade", "libretto", str(CHARTS / "libretto"), "--reuse-values", values={"replicaz": 3})


@pytest.mark.requirement("K8S-027")
def test_what_is_left_after_an_uninstall(installed: Installed) -> None:
    """The last of this file: runs and their ledgers stay, and a namespace with them can be deleted."""
    bench = installed.bench
    installed.upgrade({"replicas": 1})
    installed.helm("uninstall", "libretto", "--wait", "--timeout=60s")
    assert bench.state("r") == "Succeeded"
    bench.kubectl("delete", "namespace", TEAM, "--timeout=60s")
