"""What does a test see of a control plane? Addresses, certificates for anybody, kubectl, and ways to hurt it."""

import http.client
import json
import os
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tests.cluster.certificates import Authority, client_stem
from tests.cluster.components import write_kubeconfig
from tests.cluster.reading import Reader
from tests.cluster.tenancy import Tenancy


class KubectlFailed(Exception):
    """kubectl said no; the text is what it said."""


class ControlPlane:
    """A running control plane, for as long as the tenancy lasts."""

    def __init__(self, tenancy: Tenancy) -> None:
        self.tenancy = tenancy
        self.plan = tenancy.plan
        self._authority = Authority(self.plan.certificates)
        self.reader = Reader(self.connect)

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.plan.server

    @property
    def kubeconfig(self) -> Path:
        """Of the administrator."""
        return self.plan.kubeconfig

    @property
    def kubectl_program(self) -> Path:
        return self.plan.programs["kubectl"]

    @property
    def folder(self) -> Path:
        """Where files about this cluster are."""
        return self.plan.folder

    @property
    def ca(self) -> Path:
        return self._authority.certificate

    @property
    def etcd(self) -> str:
        """The URL of etcd."""
        return self.plan.etcd

    @property
    def audit_log(self) -> Path:
        """One JSON object a line: who did what to which resource, and the answer."""
        return self.plan.audit_log

    def client_certificate(self, user: str, groups: Sequence[str] = ()) -> tuple[Path, Path]:
        """Certificate and key of anybody."""
        return self._authority.client(user, groups)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection for raw requests of the administrator, who may impersonate anybody."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(*map(str, self.client_certificate("admin", ["system:masters"])))
        place = urlsplit(self.server)
        assert place.hostname is not None
        return http.client.HTTPSConnection(place.hostname, place.port, context=context, timeout=30)

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        path = self.plan.certificates / f"{client_stem(user, groups)}.kubeconfig"
        return path if path.exists() else write_kubeconfig(path, self.plan, self._authority, user, groups)

    def kubectl(
        self,
        *args: str,
        input: str | None = None,  # noqa: A002 - as subprocess.run calls it
        user: str | None = None,
        groups: Sequence[str] = (),
    ) -> str:
        """Run kubectl as the administrator, or as whom one names; answers with what it printed."""
        config = self.kubeconfig if user is None else self.kubeconfig_for(user, groups)
        command = [str(self.kubectl_program), f"--kubeconfig={config}", f"--cache-dir={self.folder / 'kubectl'}", *args]
        environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        told = subprocess.run(command, input=input, capture_output=True, text=True, check=False, env=environment)
        if told.returncode:
            raise KubectlFailed(f"kubectl {' '.join(args)}: {told.stderr.strip()}")
        return told.stdout

    def get(self, path: str, user: str | None = None) -> Any:
        """The object at this path of the API, e.g. `/api/v1/namespaces`."""
        return self.reader.get(path) if user is None else json.loads(self.kubectl("get", "--raw", path, user=user))

    def audit(self, start: int = 0) -> Iterator[Mapping[str, Any]]:
        """The audit log from this byte on; a line that is still being written is left out."""
        with self.audit_log.open("rb") as log:
            log.seek(start)
            for line in log:
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def kill_api_server(self) -> None:
        """As a crash; the port stays free until `start_api_server`."""
        self.tenancy.ask("kill")

    def start_api_server(self) -> None:
        """Start it again on its port; returns when it is ready."""
        self.tenancy.ask("start")

    def restart_api_server(self, *, politely: bool = False) -> None:
        self.tenancy.ask("kill", politely=politely)
        self.tenancy.ask("start")

    def pause(self, program: str) -> None:
        """Freeze a program, e.g. `etcd`: it keeps its connections and answers nothing."""
        self.tenancy.ask("pause", program=program)

    def resume(self, program: str) -> None:
        self.tenancy.ask("resume", program=program)

    def compact(self) -> str:
        """Forget all history: whoever watches or lists at a version up to the answered one is told 410 Gone.

        The API server keeps a window of its own in memory, so it is restarted.
        """
        revision = str(self.get("/api/v1/namespaces")["metadata"]["resourceVersion"])
        body = json.dumps({"revision": revision, "physical": True}).encode()
        request = Request(f"{self.etcd}/v3/kv/compaction", data=body, method="POST")
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            answer.read()
        self.restart_api_server()
        return revision

    def backup(self) -> None:
        """Keep what etcd holds now; everything is stopped for that."""
        self.tenancy.ask("backup")

    def restore(self) -> None:
        """Set the whole cluster back to the last `backup`, as after the loss of etcd; versions begin again from there."""
        self.tenancy.ask("restore")

    def end(self) -> None:
        """End the cluster, whoever else uses it."""
        self.tenancy.end()
        self.close()

    def close(self) -> None:
        """Leave; the last one to leave ends it."""
        self.reader.close()
        self.tenancy.close()
