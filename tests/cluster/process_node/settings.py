"""What is a process node told? The settings that cross from the test to the node's own process, as JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PRIVATE = "libretto.test/private"
"""Key of the taint (NoSchedule) of a node that belongs to one test."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Image:
    """What an image reference stands for: the machine's own files, seen through a private layer."""

    entrypoint: Sequence[str] = ()
    cmd: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    working_dir: str = "/"
    user: int = 0
    paths: Sequence[str] = ()
    """Folders of the machine that every user of the container must reach, however private their parents are."""
    applets: str = ""
    """Path of a busybox whose commands come first in PATH; empty for none."""


@dataclass(frozen=True)
class Instant:
    """Pods end well without a process: for measuring everything but pods."""

    messages: Mapping[str, str] = field(default_factory=dict)
    """Termination message by container name."""
    seconds: float = 0.0
    """For so long a pod is shown as Running first; 0: it succeeds by its first status patch."""


@dataclass(frozen=True)
class Settings:
    """A process node."""

    name: str
    server: str
    """URL of the API server; pods get it as KUBERNETES_SERVICE_HOST and _PORT."""
    ca: str
    certificate: str
    key: str
    folder: str
    """An empty folder; the node's files lie in memory, mounted there where only the node sees them."""
    images: Mapping[str, Image] = field(default_factory=dict)
    instant: Instant | None = None
    private: bool = False
    """Whether the scheduler may give it only pods that tolerate `PRIVATE`: others would go with the test that ends it."""
    restart_backoff: float = 10.0
    """Seconds before the second restart of a container, doubled with each further one, as the kubelet has it."""
    starts_at_once: int = 4
    """Containers between fork and exec at one time: on two cores more only makes each of them slower."""

    def encode(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Settings":
        document: dict[str, Any] = json.loads(text)
        images = {name: Image(**image) for name, image in document["images"].items()}
        instant = Instant(**document["instant"]) if document["instant"] else None
        return cls(**{**document, "images": images, "instant": instant})
