"""An operator under test: a real process with the rights that the chart grants, on a real API server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import binaries, waiting, writing
from tests.cluster.control_plane import ControlPlane, KubectlFailed

ACCOUNT = "system:serviceaccount:libretto-system:libretto"
"""The operator's account, as the chart and the admission policies know it."""

NAMESPACE = "libretto-system"
"""Where the chart installs it."""

GROUPS = ("system:serviceaccounts", "system:serviceaccounts:libretto-system", "system:authenticated")
IMAGE = "localhost/libretto:test"
PROGRAM = ("-m", "controller.entrypoints.operator")
"""What the interpreter runs."""

ROOT = Path(__file__).resolve().parents[2]

Json = dict[str, Any]


class OperatorProcess:
    """One process of the operator. It looks after one namespace, whose Lease it competes for."""

    def __init__(
        self, control_plane: ControlPlane, folder: Path, namespace: str, settings: Mapping[str, str] | None = None
    ) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self.port, self.results_port = free_port(), free_port()
        self.log_path = folder / f"operator-{self.port}.log"
        self._environment = {
            **settings_for(control_plane, self.port, self.results_port),
            "LIBRETTO_NAMESPACES": namespace,
            "LIBRETTO_LEASE_NAMESPACE": namespace,
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, leads: bool = True) -> "OperatorProcess":
        """Start it, and wait until it leads, or until it stands by."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *PROGRAM],
                cwd=ROOT,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until((lambda: self.log().count("leading with epoch") >= 1) if leads else self.ready, f"{self} leads", self.log)
        return self

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    def ready(self) -> bool:
        """Whether it says so to a kubelet."""
        return self.probe("readyz")[0] == 200

    def probe(self, path: str) -> tuple[int, str]:
        """Return the status and text of a probe; 0 while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    def kill(self) -> None:
        """End it as a power failure does."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)

    def stop(self) -> float:
        """End it as a kubelet does; return the seconds it took."""
        began = time.monotonic()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
        return time.monotonic() - began

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Bench:
    """What tests do to runs of one namespace, as an administrator."""

    def __init__(self, control_plane: ControlPlane, namespace: str) -> None:
        self.control_plane = control_plane
        self.namespace = namespace

    def kubectl(self, *args: str, **options: Any) -> str:
        return self.control_plane.kubectl("-n", self.namespace, *args, **options)

    def apply(self, *objects: Json) -> None:
        """Create objects; what the API server cannot do yet, just after its start, is tried again."""
        until(lambda: self._applied(*objects), "objects are taken")

    def _applied(self, *objects: Json) -> bool:
        try:
            writing.apply(self.control_plane, self.namespace, *objects)
        except writing.WriteFailed as error:
            if any(word in str(error) for word in ("ServiceUnavailable", "failed to create", "not yet synced")):
                return False
            raise
        return True

    def get(self, kind: str, name: str) -> Json:
        return self.control_plane.reader.one(kind, self.namespace, name)

    def all(self, kind: str, labels: str = "") -> list[Json]:
        return self.control_plane.reader.all(kind, self.namespace, labels)

    def grant_leases(self, namespace: str) -> None:
        """Let the operator's account keep its Lease in another namespace."""
        grant(self.control_plane, namespace)

    def state(self, run: str) -> str | None:
        return (self.get("run", run).get("status") or {}).get("state")

    def until_state(self, run: str, *states: str, seconds: float = 60) -> Json:
        """Wait for a state of a run, and return its status."""
        words = states or ("Succeeded", "Failed", "Aborted", "RolledBack")
        until(lambda: self.state(run) in words, f"run {run} is {' or '.join(words)}", self.tell(run), seconds)
        status: Json = self.get("run", run)["status"]
        return status

    def tell(self, run: str) -> Callable[[], str]:
        return lambda: "\n".join([json.dumps(self.get("run", run), indent=1)[-2500:], *self._logs()])

    def _logs(self) -> list[str]:
        """The last that each container of each pod said."""
        found = []
        for pod in self.all("pods"):
            name = pod["metadata"]["name"]
            try:
                said = self.kubectl("logs", name, "--all-containers", "--prefix", "--tail=5", "--ignore-errors")
            except KubectlFailed as error:
                said = str(error)
            found.append(f"--- {name} {pod['status'].get('phase')}\n{said}")
        return found


def run(name: str, orchestration: str, **spec: Any) -> Json:
    """Return a Run object."""
    return _object("Run", name, {"orchestrationRef": {"name": orchestration}, **spec})


def orchestration(name: str, *steps: Json, **spec: Any) -> Json:
    """Return an Orchestration object."""
    return _object("Orchestration", name, {"version": "1.0.0", "steps": list(steps), **spec})


def shell_agent(name: str, script: str, **spec: Any) -> Json:
    """Return an Agent whose image runs a shell script."""
    return _object("Agent", name, {"image": {"name": "busybox", "command": ["sh", "-c", script]}, **spec})


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": "libretto.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def until(
    holds: Callable[[], object], what: str, evidence: Callable[[], str] = lambda: "", seconds: float = 60
) -> None:
    """Wait for something that happens elsewhere; fail with evidence when it does not."""
    try:
        waiting.until(holds, what, seconds)
    except waiting.NeverCame as error:
        raise AssertionError(f"{error}\n{evidence()}") from error


def settings_for(control_plane: ControlPlane, port: int, results_port: int) -> Json:
    """Return the environment of an operator outside of the cluster: its account, ports and addresses."""
    return {
        "KUBECONFIG": str(control_plane.kubeconfig_for(ACCOUNT, GROUPS)),
        "LIBRETTO_IMAGE": IMAGE,
        "LIBRETTO_PORT": str(port),
        "LIBRETTO_RESULTS_PORT": str(results_port),
        "LIBRETTO_RESULTS_URL": f"http://{reachable(control_plane)}:{results_port}",
        "LIBRETTO_POD_UID": f"operator-{port}",
        "LIBRETTO_LOG_FORMAT": "text",
        # aiohttp reads all authorities of a machine when it is imported; the operator trusts its cluster's own.
        "SSL_CERT_FILE": os.devnull,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def reachable(control_plane: ControlPlane) -> str:
    """Return the address at which pods of all nodes reach servers of this machine."""
    host = control_plane.server.rpartition("/")[2].rpartition(":")[0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, 9))
        return str(probe.getsockname()[0])


@cache
def granted() -> tuple[Json, ...]:
    """Return the objects by which the chart gives the operator its rights."""
    helm = binaries.find("helm")["helm"]
    command = [str(helm), "template", "libretto", "charts/libretto", "-n", "libretto-system"]
    command += ["--show-only", "templates/rbac.yaml", "--show-only", "templates/serviceaccount.yaml"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(one for one in yaml.safe_load_all(told) if one)


def grant(control_plane: ControlPlane, namespace: str) -> None:
    """Give the operator's account what the chart would, with its Leases in `namespace`."""
    objects: list[Json] = [_object("Namespace", "libretto-system", {}) | {"apiVersion": "v1"}]
    for one in granted():
        metadata = dict(one["metadata"])
        if one["kind"] in ("Role", "RoleBinding"):
            metadata["namespace"] = namespace
        objects.append({**one, "metadata": metadata})
    writing.apply(control_plane, namespace, *objects, force=True)
