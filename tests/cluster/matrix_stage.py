"""Where is the matrix played? A namespace full of Jobs on one node, and what can be seen and done there."""

import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from tests.cluster.job_matrix import BUSYBOX, CASES, Case
from tests.cluster.process_node import ControlPlane
from tests.cluster.reading import Reader

PATIENCE_S = 90.0
BUSYBOX_IMAGE = "localhost/busy:1"
"""Both kinds of nodes have it."""
FINALIZER = "test.libretto.dev/look"
"""A deleted pod stays until its last state has been looked at."""


class Cluster(ControlPlane, Protocol):
    """The control plane of the harness."""

    @property
    def reader(self) -> Reader: ...
    def kubectl(self, *args: str, input: str | None = None) -> str: ...  # noqa: A002 - the harness's word


class Node(Protocol):
    name: str


class Namespace:
    """A namespace of its own: written by kubectl, read over an open connection, which costs a tenth."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self.name = name
        cluster.kubectl("create", "namespace", name)
        until(lambda: self.all("serviceaccounts"), "the default account")

    def kubectl(self, *words: str, text: str | None = None) -> str:
        return self._cluster.kubectl("-n", self.name, *words, input=text)

    def create(self, *objects: Mapping[str, Any]) -> None:
        items = [{"apiVersion": "v1", **each} for each in objects]
        self.kubectl("create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))

    def all(self, kind: str, labels: str = "") -> Sequence[Mapping[str, Any]]:
        return self._cluster.reader.all(kind, self.name, labels)

    def pod(self, name: str) -> Mapping[str, Any]:
        return self._cluster.reader.one("pods", self.name, name)

    def finish(self) -> None:
        """Let everything go, without waiting."""
        self._cluster.kubectl("delete", "namespace", self.name, "--wait=false")


class Stage:
    """A namespace on one node, with all Jobs of the matrix."""

    def __init__(self, cluster: Cluster, node: Node, namespace: str) -> None:
        self.space = Namespace(cluster, namespace)
        self.node = node
        self.space.create(
            {"kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "alpha", "b": "beta"}},
            {"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "sesame"}},
            *(self._job(title, case) for title, case in CASES.items() if not case.alone),
        )

    def pod(self, title: str) -> Mapping[str, Any]:
        """The one pod of a case, as soon as it is there."""
        found: list[Mapping[str, Any]] = []

        def look() -> bool:
            found[:] = self.space.all("pods", f"job-name={job_name(title)}")
            return bool(found)

        until(look, f"a pod of {title}")
        return found[0]

    def job(self, title: str) -> Mapping[str, Any]:
        jobs = self.space.all("jobs")
        return next(job for job in jobs if job["metadata"]["name"] == job_name(title))

    def finish(self) -> None:
        """Let everything go, without waiting."""
        for pod in self.space.all("pods"):
            self.let_go(pod)
        self.space.finish()

    def let_go(self, pod: Mapping[str, Any]) -> None:
        """Take our finalizer away; the Job controller takes its own, at any moment."""
        if FINALIZER in pod["metadata"].get("finalizers", []):
            name = pod["metadata"]["name"]
            removal = json.dumps({"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}})
            self.space.kubectl("patch", "pod", name, "--type=strategic", "-p", removal)

    def make(self, title: str) -> None:
        self.space.create(self._job(title, CASES[title]))

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
        filled = json.loads(json.dumps(template).replace(f'"{BUSYBOX}"', f'"{BUSYBOX_IMAGE}"'))
        job = {"backoffLimit": 0, "podReplacementPolicy": "Failed", "template": filled}
        if case.spec.get("restartPolicy") == "OnFailure":
            job["backoffLimit"] = 3
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": job_name(title)}, "spec": job}


class Meanwhile:
    """What happens to pods; the names that the matrix uses."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def shorten_deadline(self, pod: str) -> None:
        self._stage.space.kubectl("patch", "pod", pod, "--type=merge", "-p", '{"spec":{"activeDeadlineSeconds":1}}')

    def delete(self, pod: str) -> None:
        self._stage.space.kubectl("delete", "pod", pod, "--wait=false")

    def evict_by_api(self, pod: str) -> None:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        path = f"/api/v1/namespaces/{self._stage.space.name}/pods/{pod}/eviction"
        self._stage.space.kubectl("create", "--raw", path, "-f", "-", text=json.dumps(eviction))

    def create_secret(self, _pod: str) -> None:
        self._stage.space.create(
            {"kind": "Secret", "metadata": {"name": "late-secret"}, "stringData": {"a": "at last"}}
        )

    def create_configmap(self, _pod: str) -> None:
        self._stage.space.create({"kind": "ConfigMap", "metadata": {"name": "late-settings"}, "data": {"a": "at last"}})


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
    if not begun(stage.space.pod(pod["metadata"]["name"])):
        return ""
    return stage.space.kubectl("logs", pod["metadata"]["name"], "-c", container)


def begun(pod: Mapping[str, Any]) -> bool:
    return any("waiting" not in each["state"] for each in pod["status"].get("containerStatuses", []))


def waits(pod: Mapping[str, Any]) -> bool:
    return any("waiting" in each["state"] for each in pod["status"].get("containerStatuses", []))


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until the cluster is so; look a few times a second."""
    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"
        pause.wait(0.1)
