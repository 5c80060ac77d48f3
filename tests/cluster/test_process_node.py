"""The process node plays pods as the real kubelet does, as far as a controller of Jobs can see.

All Jobs of the matrix are created at once; each test then waits for its own.
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import pytest

from tests.cluster.job_matrix import BUSYBOX, CASES, Case
from tests.cluster.process_node import ProcessNode

PATIENCE_S = 90.0
FINALIZER = "test.libretto.dev/look"
"""A deleted pod stays until its last state has been looked at."""


class Cluster(Protocol):
    def kubectl(self, *args: str, input: str | None = None) -> str: ...  # noqa: A002 - the harness's word


class Node(Protocol):
    name: str


class Stage:
    """A namespace on one node, with all Jobs of the matrix."""

    def __init__(self, cluster: Cluster, node: Node, namespace: str) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self.node = node
        cluster.kubectl("create", "namespace", namespace)
        self.apply(
            {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "alpha", "b": "beta"}},
            {"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "sesame"}},
            *(self._job(title, case) for title, case in CASES.items() if not case.alone),
        )

    def kubectl(self, *words: str, text: str | None = None) -> str:
        return self._cluster.kubectl("-n", self.namespace, *words, input=text)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        items = [{"apiVersion": "v1", **each} for each in objects]
        self.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def pod(self, title: str) -> Mapping[str, Any]:
        """The one pod of a case, as soon as it is there."""
        found: list[Mapping[str, Any]] = []

        def look() -> bool:
            found[:] = json.loads(self.kubectl("get", "pods", "-l", f"job-name={job_name(title)}", "-o", "json"))[
                "items"
            ]
            return bool(found)

        until(look, f"a pod of {title}")
        return found[0]

    def pod_now(self, pod: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(self.kubectl("get", "pod", pod["metadata"]["name"], "-o", "json"))
        return found

    def job(self, title: str) -> Mapping[str, Any]:
        job: Mapping[str, Any] = json.loads(self.kubectl("get", "job", job_name(title), "-o", "json"))
        return job

    def finish(self) -> None:
        """Let everything go, without waiting."""
        for pod in json.loads(self.kubectl("get", "pods", "-o", "json"))["items"]:
            self.let_go(pod)
        self._cluster.kubectl("delete", "namespace", self.namespace, "--wait=false")

    def let_go(self, pod: Mapping[str, Any]) -> None:
        """Take our finalizer away; the Job controller takes its own, at any moment."""
        if FINALIZER in pod["metadata"].get("finalizers", []):
            name = pod["metadata"]["name"]
            removal = json.dumps({"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}})
            self.kubectl("patch", "pod", name, "--type=strategic", "-p", removal)

    def make(self, title: str) -> None:
        self.apply(self._job(title, CASES[title]))

    def _job(self, title: str, case: Case) -> Mapping[str, Any]:
        spec = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {"kubernetes.io/hostname": self.node.name},
            "initContainers": case.inits,
            "containers": case.containers,
            **case.spec,
        }
        finalizers = [FINALIZER] if case.meanwhile in {"delete", "evict_by_api"} else []
        template = {
            "metadata": {"labels": {"case": title.split(maxsplit=1)[0]}, "finalizers": finalizers},
            "spec": spec,
        }
        filled = json.loads(json.dumps(template).replace(f'"{BUSYBOX}"', '"localhost/busy:1"'))
        job = {"backoffLimit": 0, "podReplacementPolicy": "Failed", "template": filled}
        if case.spec.get("restartPolicy") == "OnFailure":
            job["backoffLimit"] = 3
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": job_name(title)}, "spec": job}


class Meanwhile:
    """What happens to pods; the names that the matrix uses."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def shorten_deadline(self, pod: str) -> None:
        self._stage.kubectl("patch", "pod", pod, "--type=merge", "-p", '{"spec":{"activeDeadlineSeconds":1}}')

    def delete(self, pod: str) -> None:
        self._stage.kubectl("delete", "pod", pod, "--wait=false")

    def evict_by_api(self, pod: str) -> None:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        path = f"/api/v1/namespaces/{self._stage.namespace}/pods/{pod}/eviction"
        self._stage.kubectl("create", "--raw", path, "-f", "-", text=json.dumps(eviction))

    def create_secret(self, _pod: str) -> None:
        self._stage.apply({"kind": "Secret", "metadata": {"name": "late-secret"}, "stringData": {"a": "at last"}})

    def create_configmap(self, _pod: str) -> None:
        self._stage.apply({"kind": "ConfigMap", "metadata": {"name": "late-settings"}, "data": {"a": "at last"}})


@pytest.fixture(scope="module")
def stage_on(request: pytest.FixtureRequest, control_plane: Cluster) -> Iterator[Callable[[str], Stage]]:
    """One stage for each kind of node, made when it is first asked for."""
    made: dict[str, Stage] = {}

    def on(kind: str) -> Stage:
        if kind not in made:
            node: Node = request.getfixturevalue(f"{kind}_node")
            made[kind] = Stage(control_plane, node, f"matrix-{kind}-{secrets.token_hex(3)}")
        return made[kind]

    yield on
    for stage in made.values():
        stage.finish()


@pytest.fixture(params=["process", "real"])
def stage(request: pytest.FixtureRequest, stage_on: Callable[[str], Stage]) -> Stage:
    return stage_on(request.param)


@pytest.mark.parametrize("title", CASES)
def test_a_pod_ends_as_the_matrix_says(stage: Stage, title: str) -> None:
    case = CASES[title]
    if case.alone:
        stage.make(title)
    if case.meanwhile:
        pod = stage.pod(title)
        if case.when:
            until(lambda: case.when in log_of(stage, pod, "main"), f"{case.when} in the log of main")
        else:
            until(lambda: waits(stage.pod(title)), "a waiting container")
        getattr(Meanwhile(stage), case.meanwhile)(pod["metadata"]["name"])

    def stands() -> bool:
        pod = stage.pod(title)
        return shown(pod) == wanted(case) if case.phase == "Pending" else pod["status"]["phase"] == case.phase

    try:
        until(stands, f"{title} to be {case.phase}")
    except AssertionError:
        assert shown(stage.pod(title)) == wanted(case)
        raise
    pod = stage.pod(title)
    assert shown(pod) == wanted(case)
    for container, text in case.logs.items():
        assert text in stage.kubectl("logs", pod["metadata"]["name"], "-c", container).splitlines()
    if case.job:
        until(lambda: case.job in job_conditions(stage, title), f"the Job of {title} to be {case.job}")
    stage.let_go(pod)


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if not case.meanwhile and not case.alone])
def test_both_nodes_say_the_same_of_a_pod(stage_on: Callable[[str], Stage], title: str) -> None:
    """Also what the matrix does not write: conditions, readiness, generations, earlier ends."""
    told = []
    for kind in ("process", "real"):
        stage = stage_on(kind)
        until(lambda stage=stage: shown(stage.pod(title)) == wanted(CASES[title]), f"{title} to stand")  # type: ignore[misc]
        told.append(comparable(stage.pod(title)["status"]))
    assert told[0] == told[1]


def test_logs_can_be_followed(stage: Stage) -> None:
    script = "echo first; sleep 0.5; echo second"
    container = {
        "name": "main",
        "image": "localhost/busy:1",
        "imagePullPolicy": "Never",
        "command": ["sh", "-c", script],
    }
    spec = {"restartPolicy": "Never", "nodeName": stage.node.name, "containers": [container]}
    stage.apply({"kind": "Pod", "metadata": {"name": "talker"}, "spec": spec})
    until(lambda: begun(json.loads(stage.kubectl("get", "pod", "talker", "-o", "json"))), "the pod to run")
    assert stage.kubectl("logs", "-f", "talker").splitlines() == ["first", "second"]
    assert stage.kubectl("logs", "talker", "--tail=1").splitlines() == ["second"]


def test_an_eviction_by_the_node_is_a_disruption(control_plane: Cluster, process_node: ProcessNode) -> None:
    name = "evicted-by-node"
    script = "trap 'exit 9' TERM; while :; do sleep 0.05; done"
    container = {"name": "main", "image": "busybox", "command": ["sh", "-c", script]}
    spec = {"restartPolicy": "Never", "nodeName": process_node.name, "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    def now() -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(control_plane.kubectl("get", "pod", name, "-o", "json"))
        return found

    control_plane.kubectl("create", "-f", "-", input=json.dumps(pod))
    try:
        until(lambda: now()["status"]["phase"] == "Running", "the pod to run")
        process_node.evict("default", name)
        until(lambda: now()["status"]["phase"] == "Failed", "the pod to fail")
        assert now()["status"]["reason"] == "Evicted"
        assert condition(now(), "DisruptionTarget").get("reason") == "TerminationByKubelet"
    finally:
        control_plane.kubectl("delete", "pod", name, "--wait=false")


def job_name(title: str) -> str:
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:50].strip("-")


def shown(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """A pod as the matrix writes it."""
    status = pod["status"]
    statuses = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    return {
        "phase": status["phase"],
        "reason": status.get("reason", ""),
        "disruption": condition(pod, "DisruptionTarget").get("reason", ""),
        **{each["name"]: _container(each) for each in statuses},
    }


def wanted(case: Case) -> Mapping[str, Any]:
    return {
        "phase": case.phase,
        "reason": case.reason,
        "disruption": case.disruption,
        **{
            name: (end.state, ANYTHING if end.message is None else end.message, end.restarts)
            for name, end in case.ends.items()
        },
    }


class _Anything:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "whatever"


ANYTHING = _Anything()


_OWN = {
    *("startTime", "hostIP", "hostIPs", "podIP", "podIPs", "resources", "allocatedResources"),
    *("containerID", "imageID", "volumeMounts", "user", "startedAt", "finishedAt"),
    *("lastProbeTime", "lastTransitionTime"),
}
"""What two nodes cannot have in common, or what comes from cgroups, which the process node has not."""


def comparable(told: Any, key: str = "") -> Any:
    """A status without times, addresses, identities, resources, and a runtime's own words for what went wrong."""
    if isinstance(told, Mapping):
        words = {"message"} if told.get("reason") in {"StartError", "CreateContainerConfigError"} else set()
        return {key: comparable(value, key) for key, value in told.items() if key not in _OWN | words}
    if isinstance(told, list):
        inner = [comparable(each) for each in told]
        return sorted(inner, key=lambda each: str(each["type"])) if key == "conditions" else inner
    return told


def _container(status: Mapping[str, Any]) -> tuple[str, str, int]:
    ((kind, state),) = status["state"].items()
    words = [kind, str(state.get("exitCode", "")), state.get("reason", "")]
    return " ".join(word for word in words if word), state.get("message", "").strip(), status["restartCount"]


def condition(pod: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next((each for each in pod["status"].get("conditions", []) if each["type"] == kind), {})


def job_conditions(stage: Stage, title: str) -> list[str]:
    found = stage.job(title)["status"].get("conditions", [])
    return [each["type"] for each in found if each["status"] == "True"]


def log_of(stage: Stage, pod: Mapping[str, Any], container: str) -> str:
    if not begun(stage.pod_now(pod)):
        return ""
    return stage.kubectl("logs", pod["metadata"]["name"], "-c", container)


def begun(pod: Mapping[str, Any]) -> bool:
    return any("waiting" not in each["state"] for each in pod["status"].get("containerStatuses", []))


def waits(pod: Mapping[str, Any]) -> bool:
    return any("waiting" in each["state"] for each in pod["status"].get("containerStatuses", []))


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until the cluster is so; look a few times a second."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        pause.wait(0.2)
