"""What exactly is started for a container? Everything that the pod says about it, made into one plan for the sandbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.process_node.access import identity
from tests.cluster.process_node.environment import command_line, complete, expand, hostname, variables
from tests.cluster.process_node.layers import Layer
from tests.cluster.process_node.objects import Objects
from tests.cluster.process_node.sandbox import Plan
from tests.cluster.process_node.volumes import Volume

_MESSAGE_PATH = "/dev/termination-log"


@dataclass(frozen=True)
class Place:
    """The files of one start of a container."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def message(self) -> Path:
        return self.folder / "message"

    @property
    def scratch(self) -> Path:
        return self.folder / "scratch"


@dataclass(frozen=True)
class Planner:
    """What all containers of a pod have in common."""

    pod: Mapping[str, Any]
    volumes: Mapping[str, Volume]
    objects: Objects
    server: str

    async def plan(self, container: Mapping[str, Any], layer: Layer, place: Place) -> Plan:
        """Raises `Missing` or `RunAsRoot`."""
        who = identity(self.pod, container, layer.image.user)
        declared = await variables(self.pod, container, self.objects, self.server)
        place.scratch.mkdir(parents=True)
        place.message.touch()
        # Written by whichever user the container has.
        place.message.chmod(0o666)
        mounts = [(*mount,) for mount in layer.mounts]
        for mount in container.get("volumeMounts", []):
            mounts.append(self._mount(mount, declared))
        mounts.append((str(place.message), container.get("terminationMessagePath") or _MESSAGE_PATH, False))
        return Plan(
            argv=command_line(container, layer, declared),
            env=complete(declared, self.pod, layer, who.uid),
            cwd=container.get("workingDir") or layer.image.working_dir,
            lower=[layer.path, "/"],
            scratch=str(place.scratch),
            log=str(place.log),
            hostname=hostname(self.pod),
            mounts=sorted(mounts, key=lambda each: each[1].count("/")),
            read_only_root=who.read_only_root,
            uid=who.uid,
            gid=who.gid,
            groups=who.groups,
            no_new_privileges=who.no_new_privileges,
        )

    def _mount(self, mount: Mapping[str, Any], known: Mapping[str, str]) -> tuple[str, str, bool]:
        volume = self.volumes[mount["name"]]
        inner = expand(mount["subPathExpr"], known) if "subPathExpr" in mount else mount.get("subPath", "")
        source = volume.path / inner
        if not source.exists():
            source.mkdir(parents=True)
            source.chmod(0o777)
        return str(source), mount["mountPath"].rstrip("/") or "/", volume.read_only or mount.get("readOnly", False)
