"""What is known of one container? Its states over time, and the shape they have in a pod's status."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.cluster.process_node.messages import share

UNKNOWN = 137
"""Exit code of a container of which nothing is known any more."""


def now() -> str:
    """The time as the API writes it, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Waiting:
    reason: str
    message: str = ""


@dataclass(frozen=True)
class Running:
    started_at: str = field(default_factory=now)


@dataclass(frozen=True)
class Terminated:
    code: int
    reason: str
    message: str = ""
    started_at: str = ""
    finished_at: str = ""
    container_id: str = ""

    @classmethod
    def lost(cls) -> "Terminated":
        """The end of a container that was never seen to run or to end."""
        return cls(UNKNOWN, "ContainerStatusUnknown", "The container could not be located when the pod was terminated")

    def shape(self, containers: int) -> dict[str, Any]:
        shown: dict[str, Any] = {"exitCode": self.code, "reason": self.reason}
        optional = {
            "message": share(self.message, containers),
            "startedAt": self.started_at,
            "finishedAt": self.finished_at,
            "containerID": self.container_id,
        }
        return shown | {key: value for key, value in optional.items() if value}


@dataclass
class ContainerRecord:
    """One container of a pod, through all its restarts."""

    name: str
    image: str
    state: Waiting | Running | Terminated
    sidecar: bool = False
    initial: bool = False
    """It is one of the init containers, sidecar or not."""
    last: Terminated | None = None
    """How it ended before its latest restart."""
    restarts: int = 0
    started: bool = False
    """It runs and its startup probe has succeeded."""
    ready: bool = False
    container_id: str = ""

    def shape(self, containers: int) -> dict[str, Any]:
        match self.state:
            case Waiting(reason, message):
                state: dict[str, Any] = {"waiting": {"reason": reason} | ({"message": message} if message else {})}
            case Running(started_at):
                state = {"running": {"startedAt": started_at}}
            case Terminated() as terminated:
                state = {"terminated": terminated.shape(containers)}
        return {
            "name": self.name,
            "image": self.image,
            "imageID": f"process/{self.image}" if self.container_id else "",
            "containerID": self.container_id,
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": self.started,
            "state": state,
            "lastState": {"terminated": self.last.shape(containers)} if self.last else {},
        }
