"""Who keeps a cluster running? One process that owns its programs and ends with the last connection to it.

The kernel closes the connections of whoever dies, so nothing has to be counted and a killed test run leaves nothing.
`python -m tests.cluster.supervisor` reads the plan from standard input, and says on standard output when all is up.
"""

import argparse
import json
import os
import selectors
import shutil
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPSConnection
from typing import Any, NamedTuple

from tests.cluster import components, network, node_remains, remains
from tests.cluster.certificates import Authority
from tests.cluster.node_programs import NodePrograms
from tests.cluster.plan import Plan
from tests.cluster.process_node.node import NodeFailed
from tests.cluster.processes import ProgramFailed, Programs, answers
from tests.cluster.shared_process_node import OwnedProcessNode

_FIRST_CONNECTION_SECONDS = 30
_READY_SECONDS = 60.0
_CONTROLLERS, _SCHEDULER, _API, _ETCD = "kube-controller-manager", "kube-scheduler", "kube-apiserver", "etcd"

Request = Mapping[str, Any]


class ControlPlanePrograms:
    """The programs of a control plane, and what one may do to them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.programs = Programs(plan.logs)
        self._authority = Authority(plan.certificates)

    def start(self) -> None:
        self._authority.create()
        admin = ("admin", ["system:masters"])
        components.write_kubeconfig(self.plan.kubeconfig, self.plan, self._authority, *admin)
        self._start_etcd()
        self._start_on_etcd()

    def _start_on_etcd(self) -> None:
        self.start_api_server()
        self.programs.start(_CONTROLLERS, components.controller_manager(self.plan, self._authority))
        self.programs.start(_SCHEDULER, components.scheduler(self.plan, self._authority))
        first = "/api/v1/namespaces/default/serviceaccounts/default"
        self.programs.wait(_CONTROLLERS, lambda: self._get(first), _READY_SECONDS, "the default ServiceAccount")

    def start_api_server(self) -> None:
        """Start it, on the same port each time; returns when it is ready."""
        self.programs.start(_API, components.api_server(self.plan, self._authority))
        self.programs.wait(_API, lambda: self._get("/readyz"), _READY_SECONDS, "readiness")

    def end_api_server(self, *, politely: bool) -> None:
        self.programs.end(_API, politely=politely)

    def copy_etcd(self, *, back: bool) -> None:
        """Keep etcd's data beside it, or set it back to what was kept."""
        for name in (_SCHEDULER, _CONTROLLERS, _API, _ETCD):
            self.programs.end(name, politely=True)
        held, kept = self.plan.folder / "etcd", self.plan.folder / "etcd-kept"
        source, target = (kept, held) if back else (held, kept)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
        self._start_etcd()
        self._start_on_etcd()

    def _start_etcd(self) -> None:
        self.programs.start(_ETCD, components.etcd(self.plan))
        self.programs.wait(_ETCD, lambda: answers(f"{self.plan.etcd}/health"), _READY_SECONDS, "health")

    def pause(self, name: str) -> None:
        os.kill(self.programs.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        os.kill(self.programs.pid(name), signal.SIGCONT)

    def _get(self, path: str) -> bool:
        context = ssl.create_default_context(cafile=str(self._authority.certificate))
        context.load_cert_chain(*map(str, self._authority.client("admin", ["system:masters"])))
        connection = HTTPSConnection(self.plan.address, self.plan.api_port, context=context, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


class Nodes(NamedTuple):
    """What a cluster may have to run pods; not there until somebody asks."""

    process: OwnedProcessNode
    real: NodePrograms


class Supervisor:
    """Answers requests, one at a time, and ends when nobody is connected any more."""

    def __init__(self, control_plane: ControlPlanePrograms, nodes: Nodes, *, stays: bool) -> None:
        self._control_plane = control_plane
        self._stays = stays
        self._selector = selectors.DefaultSelector()
        self._connections: dict[socket.socket, bytes] = {}
        self._ended = False
        self._verbs: dict[str, Callable[[Request], Any]] = {
            "start": lambda _: control_plane.start_api_server(),
            "kill": lambda request: control_plane.end_api_server(politely=bool(request.get("politely"))),
            "pause": lambda request: control_plane.pause(request["program"]),
            "resume": lambda request: control_plane.resume(request["program"]),
            "backup": lambda _: control_plane.copy_etcd(back=False),
            "restore": lambda _: control_plane.copy_etcd(back=True),
            "process_node": lambda _: nodes.process.start(),
            "evict": lambda request: nodes.process.evict(request["namespace"], request["pod"], request["grace"]),
            "real_node": lambda request: nodes.real.start(request["programs"]),
            "import": lambda request: nodes.real.import_image(request["archive"]),
            "kubelet": lambda request: nodes.real.restart_kubelet() if request["runs"] else nodes.real.end_kubelet(),
            "end": self._end,
        }

    def serve(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
            listening.bind(str(self._control_plane.plan.socket))
            listening.listen()
            self._selector.register(listening, selectors.EVENT_READ)
            print(json.dumps({"ready": True}), flush=True)
            patience: float | None = _FIRST_CONNECTION_SECONDS
            while not self._ended:
                events = self._selector.select(None if self._stays else patience)
                if not events and not self._connections:
                    return
                for key, _ in events:
                    if key.fileobj is listening:
                        self._welcome(listening.accept()[0])
                        patience = None
                    elif isinstance(key.fileobj, socket.socket):
                        self._hear(key.fileobj)
                if not self._connections and patience is None and not self._stays:
                    return

    def _end(self, _: Request) -> None:
        self._ended = True

    def _welcome(self, connection: socket.socket) -> None:
        self._connections[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _hear(self, connection: socket.socket) -> None:
        heard = b""
        with suppress(OSError):
            heard = connection.recv(1 << 16)
        if not heard:
            self._selector.unregister(connection)
            self._connections.pop(connection)
            connection.close()
            return
        *lines, self._connections[connection] = (self._connections[connection] + heard).split(b"\n")
        for line in lines:
            with suppress(OSError):
                connection.sendall(json.dumps(self._answer(json.loads(line))).encode() + b"\n")

    def _answer(self, request: Request) -> Mapping[str, Any]:
        try:
            return {"answer": self._verbs[request["do"]](request)}
        except (ProgramFailed, NodeFailed, OSError, LookupError, ValueError, RuntimeError) as problem:
            return {"problem": f"{type(problem).__name__}: {problem}"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.supervisor")
    parser.add_argument("--stays", action="store_true", help="until told to end, whoever is connected")
    arguments = parser.parse_args()
    plan = Plan.decode(sys.stdin.readline())
    plan.folder.mkdir(mode=0o700)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    plan.logs.mkdir()
    os.dup2(os.open(plan.logs / "supervisor.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND), sys.stderr.fileno())
    with remains.claimed(plan.folder):
        control_plane = ControlPlanePrograms(plan)
        nodes = Nodes(OwnedProcessNode(plan), NodePrograms(plan, control_plane.programs))
        try:
            (plan.folder / "plan.json").write_text(plan.encode())
            if plan.network:
                network.make(plan.network)
            control_plane.start()
            # Its connections close when all is cleared away: whoever reads to the end of one knows that it is.
            supervisor = Supervisor(control_plane, nodes, stays=arguments.stays)
            supervisor.serve()
        except (ProgramFailed, OSError, RuntimeError) as problem:
            print(json.dumps({"problem": str(problem)}), flush=True)
            sys.exit(1)
        finally:
            plan.socket.unlink(missing_ok=True)
            nodes.process.stop()
            control_plane.programs.end_all()
            node_remains.clear(plan)
            shutil.rmtree(plan.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
