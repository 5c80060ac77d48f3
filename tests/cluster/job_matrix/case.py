"""How is a case written? A pod template in short form, what happens to it, and how it stands afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BUSYBOX = "BUSYBOX"
"""Replaced by the reference of a busybox image that the node has."""

Container = Mapping[str, Any]


@dataclass(frozen=True)
class End:
    """How a container stands at the end."""

    state: str
    """`terminated CODE REASON` or `waiting REASON`."""
    message: str | None = None
    """The whole message, without white space at its ends; None: whatever it is."""
    restarts: int = 0


@dataclass(frozen=True)
class Case:
    containers: Sequence[Container]
    ends: Mapping[str, End]
    phase: str
    inits: Sequence[Container] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    """More of the pod's spec."""
    reason: str = ""
    """Of the pod's status."""
    job: str = ""
    """The condition that the Job gets; empty: none while the pod stands so."""
    meanwhile: str = ""
    """What is done once the pod has begun: a method of the test's `Meanwhile`."""
    when: str = ""
    """Text in the log of `main` after which it is done; empty: as soon as the pod stands where it would stay."""
    logs: Mapping[str, str] = field(default_factory=dict)
    """Lines that the logs of containers have."""
    alone: bool = False
    """Its Job is made when its turn comes, not with all the others: its times matter."""
    disruption: str = ""
    """Reason of the condition DisruptionTarget."""


def run(name: str, script: str, **more: Any) -> Container:
    """A container that runs a script of busybox."""
    return {"name": name, "image": BUSYBOX, "imagePullPolicy": "Never", "command": ["sh", "-c", script], **more}


def sidecar(name: str, script: str, **more: Any) -> Container:
    return run(name, script, restartPolicy="Always", **more)


def until_term(at_term: str) -> str:
    """A script that waits for SIGTERM and then does something."""
    return f"trap '{at_term}' TERM; echo up; while :; do sleep 0.05; done"


SHARED: Mapping[str, Any] = {"volumes": [{"name": "shared", "emptyDir": {}}]}
AT: Mapping[str, Any] = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
OK = "terminated 0 Completed"
TERM_FILE = "/dev/termination-log"
PUBLISH = until_term(f"echo published > {TERM_FILE}; exit 0")
