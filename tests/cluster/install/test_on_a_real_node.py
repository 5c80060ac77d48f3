"""Libretto as it is installed: the image from the Dockerfile, both charts, a real kubelet, a restricted namespace."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import images, machine, tenancy
from tests.cluster.charts import CHARTS, NAMESPACE, ChartRefused, run
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.image import image
from tests.cluster.node import RealNode
from tests.cluster.operators import Bench, orchestration, shell_agent, until
from tests.cluster.operators import run as run_object

Json = dict[str, Any]

TEAM = "team"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"
BUSYBOX = "localhost/busy:1"
ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
BIG = "head -c 200000 /dev/zero > $LIBRETTO_DIR/artifacts/big.bin; " + ANSWERS
TAKES = "wc -c < $LIBRETTO_DIR/inputs/a/big.bin | tr -d ' \\n' > $LIBRETTO_DIR/output.json"


class Installed:
    """A cluster with Libretto, and a team's namespace."""

    def __init__(self, cluster: ControlPlane, node: RealNode) -> None:
        self.cluster = cluster
        self.node = node
        self.bench = Bench(cluster, TEAM)
        self._options = (f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}")

    def helm(self, *arguments: str, values: Json | None = None) -> str:
        given = () if values is None else ("--values=-",)
        return run(*arguments, *self._options, *given, input_text=yaml.safe_dump(values or {}))

    def system(self, *arguments: str) -> str:
        return self.cluster.kubectl("-n", NAMESPACE, *arguments)

    def operators(self) -> list[Json]:
        found: list[Json] = json.loads(self.system("get", "pods", "-o", "json"))["items"]
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def log(self) -> str:
        said = []
        for pod in self.operators():
            try:
                said.append(self.system("logs", pod["metadata"]["name"], "--tail=20"))
            except KubectlFailed as error:
                said.append(str(error))
        return "\n".join(said)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Everything, as the README of the chart says."""
    if machine.skipped():
        pytest.skip("LIBRETTO_SKIP_NODE=1: no real node")
    built = image()
    opened = ControlPlane(tenancy.enter(for_node=True))
    try:
        node = RealNode(opened)
        node.load(built.archive)
        node.load(_busybox(tmp_path_factory.mktemp("images")))
        made = Installed(opened, node)
        made.helm("install", "libretto-crds", str(CHARTS / "libretto-crds"), "--create-namespace")
        for namespace in (NAMESPACE, TEAM):
            if namespace == TEAM:
                opened.kubectl("create", "namespace", TEAM)
            opened.kubectl("label", "namespace", namespace, RESTRICTED)
        reference, _, tag = built.reference.rpartition(":")
        made.helm(
            *("install", "libretto", str(CHARTS / "libretto"), "--wait", "--timeout=90s"),
            values={"image": {"repository": reference, "tag": tag, "pullPolicy": "Never"}},
        )
        yield made
    finally:
        opened.end()


def _busybox(folder: Path) -> Path:
    archive = folder / "busybox.tar"
    images.write_archive(archive, BUSYBOX, images.busybox(), command=["sh"])
    return archive


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
    bench.apply(agent("slow", "sleep 4; " + ANSWERS), orchestration("slow", {"id": "a", "agent": "slow"}))
    bench.apply(run_object("d", "slow"))
    until(lambda: len(bench.all("jobs", "libretto.dev/run=d")) == 1, "its Job is there", installed.log)
    lease = json.loads(installed.system("get", "lease", "libretto-shard-0", "-o", "json"))
    holder = lease["spec"]["holderIdentity"].partition("_")[0]
    leader = next(pod for pod in installed.operators() if pod["metadata"]["uid"] == holder)
    installed.system("delete", "pod", leader["metadata"]["name"], "--wait=false")
    status = bench.until_state("d", seconds=60)
    assert status["state"] == "Succeeded", (status.get("message"), installed.log())
    assert status["epoch"] > lease["spec"]["leaseTransitions"]
    assert len(bench.all("jobs", "libretto.dev/run=d")) == 1


@pytest.mark.requirement("K8S-027")
def test_bad_values_are_refused(installed: Installed) -> None:
    with pytest.raises(ChartRefused, match="replicaz"):
        installed.helm("upgrade", "libretto", str(CHARTS / "libretto"), "--reuse-values", values={"replicaz": 3})


@pytest.mark.requirement("K8S-027")
def test_what_is_left_after_an_uninstall(installed: Installed) -> None:
    """The last of this file: runs and their ledgers stay, and a namespace with them can be deleted."""
    bench = installed.bench
    installed.helm("upgrade", "libretto", str(CHARTS / "libretto"), "--reuse-values", "--wait", "--timeout=60s",
                   values={"replicas": 1})  # fmt: skip
    installed.helm("uninstall", "libretto", "--wait", "--timeout=60s")
    assert bench.state("r") == "Succeeded"
    bench.kubectl("delete", "namespace", TEAM, "--timeout=60s")
