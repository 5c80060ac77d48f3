"""As whom does a container run, and who may read a pod's files?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.cluster.process_node.status import containers_of


class RunAsRoot(Exception):
    """The pod forbids root and its image has no other user."""


@dataclass(frozen=True)
class Identity:
    uid: int
    gid: int
    groups: Sequence[int]
    no_new_privileges: bool
    read_only_root: bool


def identity(pod: Mapping[str, Any], container: Mapping[str, Any], image_user: int) -> Identity:
    """The user of a container: its own word, then the pod's, then the image's. Raises `RunAsRoot`."""
    of_pod = pod["spec"].get("securityContext") or {}
    context = of_pod | (container.get("securityContext") or {})
    uid = context.get("runAsUser", image_user)
    if uid == 0 and context.get("runAsNonRoot"):
        raise RunAsRoot("container has runAsNonRoot and image will run as root")
    groups = [*of_pod.get("supplementalGroups", [])]
    if "fsGroup" in of_pod:
        groups.append(of_pod["fsGroup"])
    return Identity(
        uid=uid,
        gid=context.get("runAsGroup", 0),
        groups=groups,
        no_new_privileges=context.get("allowPrivilegeEscalation") is False,
        read_only_root=bool(context.get("readOnlyRootFilesystem")),
    )


def volume_group(pod: Mapping[str, Any]) -> int | None:
    """The group that owns the pod's volumes."""
    group: int | None = (pod["spec"].get("securityContext") or {}).get("fsGroup")
    return group


def volume_user(pod: Mapping[str, Any]) -> int | None:
    """The one user of all containers, who owns tokens; nobody if they differ or are not named."""
    of_pod = pod["spec"].get("securityContext") or {}
    users = {(of_pod | (each.get("securityContext") or {})).get("runAsUser") for each in containers_of(pod)}
    user: int | None = users.pop() if len(users) == 1 else None
    return user
