"""What is one cluster? Its folder, addresses and programs, as plain data that processes hand to each other."""

import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

_PORTS = range(20000, 30000)
"""Below the kernel's own range: a client that retries an absent server could otherwise be given the server's port."""

_LONGEST_SOCKET = 100


def home() -> Path:
    """Where all clusters of this user are."""
    folder = Path(tempfile.gettempdir()) / f"libretto-cluster-{os.getuid()}"
    if len(str(folder)) > _LONGEST_SOCKET - 40:
        folder = Path("/tmp") / folder.name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else: set TMPDIR to a folder of yours")
    return folder


@dataclass(frozen=True)
class Network:
    """The private link between this machine and a node: 10.N.254.0/30; pods and Services live behind it."""

    number: int
    """The N."""
    name: str
    """Of the network namespace, of the cgroup root and of the node; at most 12 letters, as interfaces demand."""

    @property
    def host(self) -> str:
        """This machine's end: where the API server listens, and servers that a test offers to pods."""
        return f"10.{self.number}.254.1"

    @property
    def node(self) -> str:
        """The node's end."""
        return f"10.{self.number}.254.2"

    @property
    def pods(self) -> str:
        return f"10.{self.number}.0.0/24"

    @property
    def services(self) -> str:
        return f"10.{self.number}.1.0/24"

    @property
    def dns(self) -> str:
        """The Service address of CoreDNS."""
        return f"10.{self.number}.1.10"


@dataclass(frozen=True)
class Plan:
    """One cluster."""

    name: str
    folder: Path
    programs: dict[str, Path]
    api_port: int
    etcd_port: int
    peer_port: int
    controllers_port: int
    scheduler_port: int
    network: Network | None = None
    """None: no real node can be there, and everything listens on loopback."""

    @property
    def address(self) -> str:
        """Where the API server listens."""
        return self.network.host if self.network else "127.0.0.1"

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.api_port}"

    @property
    def etcd(self) -> str:
        return f"http://127.0.0.1:{self.etcd_port}"

    @property
    def services(self) -> str:
        return self.network.services if self.network else "10.96.0.0/24"

    @property
    def first_service(self) -> str:
        """The address of the Service `kubernetes`."""
        return self.services.removesuffix("0/24") + "1"

    @property
    def certificates(self) -> Path:
        return self.folder / "pki"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def audit_log(self) -> Path:
        return self.logs / "audit.jsonl"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def socket(self) -> Path:
        """Where the supervisor listens."""
        return self.folder / "socket"

    def encode(self) -> str:
        return json.dumps(asdict(self), default=str)

    @classmethod
    def decode(cls, text: str) -> Self:
        told = json.loads(text)
        network = told.pop("network")
        folder = Path(told.pop("folder"))
        programs = {name: Path(path) for name, path in told.pop("programs").items()}
        return cls(**told, folder=folder, programs=programs, network=Network(**network) if network else None)


def make(name: str, programs: dict[str, Path], network: Network | None) -> Plan:
    ports = _free_ports()
    return Plan(
        name=name,
        folder=home() / name,
        programs=programs,
        api_port=next(ports),
        etcd_port=next(ports),
        peer_port=next(ports),
        controllers_port=next(ports),
        scheduler_port=next(ports),
        network=network,
    )


def _free_ports() -> Iterator[int]:
    taken = set()
    while True:
        port = secrets.choice(_PORTS)
        if port not in taken and _free(port):
            taken.add(port)
            yield port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True
