"""How does a test get a process node? It starts one beside itself, and talks to it in JSON lines on its pipes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

from tests.cluster.process_node.settings import Image, Instant, Settings

ROOT = Path(__file__).resolve().parents[3]
_STOP_SECONDS = 10


class ControlPlane(Protocol):
    """What the node needs to know of the cluster."""

    @property
    def server(self) -> str: ...
    @property
    def ca(self) -> str | Path: ...
    def client_certificate(self, user: str, groups: list[str]) -> tuple[str | Path, str | Path]: ...


class NodeFailed(Exception):
    """The node has ended, or refused what was asked."""


def project_image() -> Image:
    """The project's own image: the interpreter that runs the tests, with this source tree."""
    env = Image().env
    commands = Path(sys.executable).parent
    return Image(
        cmd=("python", "-c", ""),
        env={
            **env,
            "PATH": f"{commands}:{env['PATH']}",
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        },
        paths=[str(ROOT), sys.prefix, sys.base_prefix],
    )


def busybox_image() -> Image:
    busybox = shutil.which("busybox")
    if busybox is None:
        raise NodeFailed("the process node plays the image of busybox by the machine's: install busybox-static")
    return Image(cmd=("sh",), applets=busybox)


DEFAULT_IMAGES = {
    "localhost/libretto:test": project_image,
    "localhost/busy:1": busybox_image,
    "busybox": busybox_image,
}
"""Image reference -> what makes the image."""


class ProcessNode:
    """A node of a cluster that plays pods as processes."""

    def __init__(
        self,
        control_plane: ControlPlane,
        *,
        name: str = "process",
        images: Mapping[str, Image] | None = None,
        instant: Instant | None = None,
        private: bool = False,
        restart_backoff: float = 10.0,
    ) -> None:
        """`images` are added to `DEFAULT_IMAGES`; a `private` node takes only pods that tolerate its taint."""
        self.name = name
        self._control_plane = control_plane
        self._images = {key: make() for key, make in DEFAULT_IMAGES.items()} | dict(images or {})
        self._instant = instant
        self._private = private
        self._restart_backoff = restart_backoff
        self._process: subprocess.Popen[str] | None = None
        self._folder = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The node's own process."""
        assert self._process, "the node is not started"
        return self._process.pid

    def start(self) -> None:
        """Register the node and play its pods; returns when it is Ready."""
        if os.geteuid() != 0:
            raise NodeFailed("the process node mounts the volumes of pods: run it as root")
        user, groups = f"system:node:{self.name}", ["system:nodes"]
        certificate, key = self._control_plane.client_certificate(user, groups)
        self._folder = tempfile.mkdtemp(prefix="process-node-")
        settings = Settings(
            name=self.name,
            server=self._control_plane.server,
            ca=str(self._control_plane.ca),
            certificate=str(certificate),
            key=str(key),
            folder=self._folder,
            images=self._images,
            instant=self._instant,
            private=self._private,
            restart_backoff=self._restart_backoff,
        )
        command = [sys.executable, "-m", "tests.cluster.process_node"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._ask(settings.encode())

    def evict(self, namespace: str, pod: str, *, grace: float | None = None) -> None:
        """Evict a pod as the kubelet does under memory pressure; `grace` in seconds instead of the pod's own."""
        self._ask(json.dumps({"do": "evict", "namespace": namespace, "pod": pod, "grace": grace}))

    def stop(self) -> None:
        """End the node and everything that it has started; the API server hears only that it takes no more pods."""
        if self._process is None:
            return
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """As a machine that loses power: containers die, nobody tells the API server."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
            self._process = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process, "the node is not started"
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise NodeFailed(f"the process node ended with exit code {self._process.wait()}; its errors are above")
        told: dict[str, Any] = json.loads(answer)
        if told.get("problem"):
            raise NodeFailed(str(told["problem"]))
        return told
