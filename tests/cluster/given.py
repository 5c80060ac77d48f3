"""A cluster that a person gives to the tests: its API server is not ours to stop, and its certificates are not ours to make.

Only a variable of its own gives one, never KUBECONFIG: the tests install Libretto's kinds and policies, act as anybody and
delete namespaces, and whoever has a kubeconfig in the environment did not ask for that.
"""

import http.client
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.cluster import binaries
from tests.cluster.certificates import client_stem
from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.plan import Plan
from tests.cluster.reading import Reader
from tests.cluster.tenancy import Tenancy

VARIABLE = "LIBRETTO_TEST_KUBECONFIG"
"""Names the kubeconfig of an administrator."""

_PORT = re.compile(r":(\d+)$", re.MULTILINE)


class NotForTests(Exception):
    """The cluster must not be used by tests; the text says why."""


def cluster() -> "GivenCluster | None":
    """Return the cluster that a person gives to the tests, if one does. Raises NotForTests."""
    path = os.environ.get(VARIABLE)
    return GivenCluster(Path(path)) if path else None


class GivenCluster(ControlPlane):
    """Somebody else's cluster. What needs more than its API server leaves itself out."""

    def __init__(self, kubeconfig: Path) -> None:
        if not kubeconfig.is_file():
            raise NotForTests(f"{VARIABLE} is {str(kubeconfig)!r}, which is no file")
        self._folder = tempfile.TemporaryDirectory(prefix="libretto-given-")
        self._kubectl = binaries.find("kubectl")["kubectl"]
        self._given = kubeconfig
        self._proxy: subprocess.Popen[str] | None = None
        self.reader = Reader(self.connect)
        try:
            self._refuse_an_installation()
        except NotForTests:
            self.close()
            raise

    def _refuse_an_installation(self) -> None:
        """Definitions that Helm keeps belong to people who use them; ours would replace them."""
        try:
            told = self.kubectl("get", "crd", "runs.libretto.dev", "--ignore-not-found", "-o", "json")
        except KubectlFailed as problem:
            raise NotForTests(f"the cluster of {VARIABLE} cannot be used: {problem}") from problem
        labels = (json.loads(told)["metadata"].get("labels") or {}) if told.strip() else {}
        if labels.get("app.kubernetes.io/managed-by") == "Helm":
            raise NotForTests(
                f"Libretto is installed in the cluster of {VARIABLE}: the tests would replace its definitions"
            )

    @property
    def server(self) -> str:
        return self.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")

    @property
    def kubeconfig(self) -> Path:
        return self._given

    @property
    def kubectl_program(self) -> Path:
        return self._kubectl

    @property
    def folder(self) -> Path:
        return Path(self._folder.name)

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Of the administrator, who impersonates this user."""
        path = self.folder / f"{client_stem(user, groups)}.kubeconfig"
        content = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
        content["users"][0]["user"] |= {"as": user, "as-groups": list(groups)}
        path.touch(mode=0o600)
        path.write_text(json.dumps(content))
        return path

    def connect(self) -> http.client.HTTPConnection:
        """Through `kubectl proxy`, which knows every kind of credentials."""
        if self._proxy is None:
            command = [str(self._kubectl), f"--kubeconfig={self._given}", "proxy", "--port=0"]
            self._proxy = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            assert self._proxy.stdout is not None
            said = self._proxy.stdout.readline()
            found = _PORT.search(said)
            assert found is not None, said
            self._port = int(found[1])
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)

    def close(self) -> None:
        """Leave. Libretto's kinds, policies and roles stay."""
        self.reader.close()
        if self._proxy is not None:
            self._proxy.terminate()
            self._proxy.wait()
            assert self._proxy.stdout is not None
            self._proxy.stdout.close()
        self._folder.cleanup()

    def leave_out(self, why: str) -> NoReturn:
        """Skip the test that asks for what only a control plane of ours has."""
        pytest.skip(f"left out on the cluster of {VARIABLE}: {why}")

    # What only a control plane of ours has

    @property
    def tenancy(self) -> Tenancy:  # type: ignore[override]
        self.leave_out("it stops, starts or freezes programs of the control plane")

    @property
    def plan(self) -> Plan:  # type: ignore[override]
        self.leave_out("it reads files of the control plane")

    @property
    def audit_log(self) -> Path:
        self.leave_out("it reads the audit log")

    def audit(self, start: int = 0) -> Iterator[Mapping[str, Any]]:
        del start
        self.leave_out("it reads the audit log")

    @property
    def etcd(self) -> str:
        self.leave_out("it speaks with etcd")

    @property
    def ca(self) -> Path:
        self.leave_out("it makes certificates that the server must trust")

    def client_certificate(self, user: str, groups: Sequence[str] = ()) -> tuple[Path, Path]:
        del user, groups
        self.leave_out("it makes certificates that the server must trust")
