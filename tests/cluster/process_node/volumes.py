"""What lies in a pod's volumes? Folders on the node, filled before the first container starts."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.process_node import fields
from tests.cluster.process_node.access import volume_group, volume_user
from tests.cluster.process_node.objects import Missing, Objects

_DEFAULT_MODE = 0o644
_TOKEN_SECONDS = 3600
_RENEW_AT = 0.8
"""Part of a token's life after which the kubelet fetches the next one."""


@dataclass(frozen=True)
class Volume:
    path: Path
    read_only: bool


@dataclass(frozen=True)
class _File:
    path: str
    data: bytes
    mode: int
    token: bool = False


class Volumes:
    """The volumes of one pod."""

    def __init__(self, pod: Mapping[str, Any], folder: Path, objects: Objects) -> None:
        self._pod = pod
        self._folder = folder
        self._objects = objects
        self._group = volume_group(pod)
        self._user = volume_user(pod)
        self._ready: dict[str, Volume] = {}

    async def prepare(self) -> Mapping[str, Volume]:
        """Make all volumes that are not there yet; raises `Missing` if one cannot be made now."""
        for declared in self._pod["spec"].get("volumes", []):
            if declared["name"] not in self._ready:
                self._ready[declared["name"]] = await self._volume(declared)
        return self._ready

    async def renew_tokens(self) -> None:
        """Keep tokens fresh, as long as the pod lives."""
        sources = [
            (declared["name"], source["serviceAccountToken"], declared["projected"].get("defaultMode", _DEFAULT_MODE))
            for declared in self._pod["spec"].get("volumes", [])
            for source in declared.get("projected", {}).get("sources", [])
            if "serviceAccountToken" in source
        ]
        while sources:
            shortest = min(source.get("expirationSeconds", _TOKEN_SECONDS) for _, source, _ in sources)
            await asyncio.sleep(shortest * _RENEW_AT)
            for name, source, mode in sources:
                self._write(self._ready[name].path, await self._token(source, mode))

    async def _volume(self, declared: Mapping[str, Any]) -> Volume:
        folder = self._folder / declared["name"]
        if "hostPath" in declared:
            return Volume(_host_folder(declared["hostPath"]), read_only=False)
        if "persistentVolumeClaim" in declared:
            claim = declared["persistentVolumeClaim"]
            path = await self._objects.claimed_path(self._pod["metadata"]["namespace"], claim["claimName"])
            return Volume(Path(path), read_only=claim.get("readOnly", False))
        files = await self._files(declared)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        if self._group is not None:
            os.chown(folder, -1, self._group)
            folder.chmod(0o2777)
        for file in files or []:
            self._write(folder, file)
        return Volume(folder, read_only=files is not None)

    async def _files(self, declared: Mapping[str, Any]) -> list[_File] | None:
        """What the volume is filled with; None for an empty one that is written by containers."""
        if "emptyDir" in declared:
            return None
        if "projected" in declared:
            mode = declared["projected"].get("defaultMode", _DEFAULT_MODE)
            files: list[_File] = []
            for source in declared["projected"].get("sources", []):
                files += await self._source(source, mode)
            return files
        for kind in ("configMap", "secret", "downwardAPI"):
            if kind in declared:
                return await self._source({kind: declared[kind]}, declared[kind].get("defaultMode", _DEFAULT_MODE))
        kinds = ", ".join(key for key in declared if key != "name")
        raise Missing(f"volume {declared['name']}: this node has no volumes of kind {kinds}")

    async def _source(self, source: Mapping[str, Any], mode: int) -> list[_File]:
        if "serviceAccountToken" in source:
            return [await self._token(source["serviceAccountToken"], mode)]
        if "downwardAPI" in source:
            return [self._downward(item, mode) for item in source["downwardAPI"].get("items", [])]
        kind = "configMap" if "configMap" in source else "secret"
        if kind not in source:
            raise Missing(f"projected volume: this node has no source of kind {', '.join(source)}")
        wanted = source[kind]
        name = wanted.get("name") or wanted["secretName"]
        namespace = self._pod["metadata"]["namespace"]
        optional = wanted.get("optional", False)
        data = await self._objects.data(kind.lower(), namespace, name, optional=optional)
        if "items" not in wanted:
            return [_File(key, value, mode) for key, value in data.items()]
        files = []
        for item in wanted["items"]:
            if item["key"] in data:
                files.append(_File(item["path"], data[item["key"]], item.get("mode", mode)))
            elif not optional:
                raise Missing(f"references non-existent {kind.lower()} key: {item['key']}")
        return files

    def _downward(self, item: Mapping[str, Any], mode: int) -> _File:
        if "fieldRef" in item:
            text = fields.field(self._pod, item["fieldRef"]["fieldPath"])
        else:
            reference = item["resourceFieldRef"]
            spec = self._pod["spec"]
            everyone = [*spec.get("initContainers", []), *spec["containers"]]
            container = next(each for each in everyone if each["name"] == reference["containerName"])
            text = fields.resource(container, reference)
        return _File(item["path"], text.encode(), item.get("mode", mode))

    async def _token(self, source: Mapping[str, Any], mode: int) -> _File:
        seconds = source.get("expirationSeconds", _TOKEN_SECONDS)
        token = await self._objects.token(self._pod, source.get("audience"), seconds)
        private = self._user is not None or self._group is not None
        return _File(source["path"], token.encode(), 0o600 if private else mode, token=True)

    def _write(self, folder: Path, file: _File) -> None:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.fresh")
        fresh.write_bytes(file.data)
        # The group may read whatever the pod has declared, as the kubelet has it.
        fresh.chmod(file.mode | (0o440 if self._group is not None else 0))
        owner = self._user if file.token and self._user is not None else -1
        os.chown(fresh, owner, -1 if self._group is None else self._group)
        fresh.replace(path)


def _host_folder(declared: Mapping[str, Any]) -> Path:
    path = Path(declared["path"])
    if declared.get("type") == "DirectoryOrCreate":
        path.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        raise Missing(f"hostPath {path} does not exist")
    return path
