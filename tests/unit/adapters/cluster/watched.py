"""A resource that can be listed and watched, as an informer sees it, and everything that may happen to its streams."""

import asyncio
import copy
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson

from controller.errors import LibrettoError, ServerUnavailable

Json = dict[str, Any]


class Stream:
    """One watch."""

    def __init__(self, quiet_s: float) -> None:
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._quiet_s = quiet_s
        self.mute = False

    def say(self, kind: str, given: Json) -> None:
        self.send(orjson.dumps({"type": kind, "object": given}) + b"\n")

    def send(self, chunk: bytes) -> None:
        if not self.mute:
            self._chunks.put_nowait(chunk)

    def close(self) -> None:
        self._chunks.put_nowait(None)

    async def readany(self) -> bytes:
        try:
            async with asyncio.timeout(self._quiet_s):
                chunk = await self._chunks.get()
        except TimeoutError as error:
            raise ServerUnavailable("the stream broke") from error
        return chunk or b""


class Watched:
    """One resource of an API server."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.version = 100
        self.forgotten = 0
        """Watches from before this version are told 410."""
        self.streams: list[Stream] = []
        self.lists: list[Mapping[str, str]] = []
        self.list_refusals: deque[LibrettoError] = deque()
        self.watch_refusals: deque[LibrettoError] = deque()
        self.opened: list[tuple[float, int]] = []
        """When each watch was opened, and from where."""
        self._history: list[tuple[int, str, Json]] = []
        self._uids = 0

    def put(self, name: str, **more: Any) -> Json:
        self.version += 1
        known = self.objects.get(name)
        if known is None:
            self._uids += 1
        uid = known["metadata"]["uid"] if known else f"uid-{self._uids}"
        metadata = {"name": name, "namespace": "space", "uid": uid, "resourceVersion": str(self.version)}
        self.objects[name] = {"kind": "Job", "apiVersion": "batch/v1", "metadata": metadata, **more}
        self._tell("MODIFIED" if known else "ADDED", self.objects[name])
        return self.objects[name]

    def delete(self, name: str) -> None:
        self.version += 1
        gone = self.objects.pop(name)
        self._tell("DELETED", {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}})

    def bookmark(self) -> None:
        for stream in self.streams:
            stream.say("BOOKMARK", {"metadata": {"resourceVersion": str(self.version)}})

    def compact(self) -> None:
        """Forget history."""
        self.forgotten = self.version + 1
        self.version += 1

    def restore(self, version: int, *objects: Json) -> None:
        """Exchange the past for another one, as a backup of etcd does."""
        self.version = version
        self.objects = {one["metadata"]["name"]: one for one in objects}
        self._history.clear()

    def close_streams(self) -> None:
        for stream in self.streams:
            stream.close()

    async def list(self, resource: Any, namespace: str | None, *, labels: str, parameters: Mapping[str, str]) -> Json:
        await asyncio.sleep(0.001)
        self.lists.append(parameters)
        if self.list_refusals:
            raise self.list_refusals.popleft()
        named = ("kind", "apiVersion")
        return self._whole([{key: one[key] for key in one if key not in named} for one in self.objects.values()])

    async def list_metadata(
        self, resource: Any, namespace: str | None, *, labels: str, parameters: Mapping[str, str]
    ) -> Json:
        await asyncio.sleep(0.001)
        return self._whole([{"metadata": one["metadata"]} for one in self.objects.values()])

    @asynccontextmanager
    async def stream(
        self, resource: Any, namespace: str | None, query: Mapping[str, str], quiet_s: float
    ) -> AsyncIterator[Stream]:
        since = int(query["resourceVersion"])
        self.opened.append((asyncio.get_running_loop().time(), since))
        if self.watch_refusals:
            raise self.watch_refusals.popleft()
        opened = Stream(quiet_s)
        if since < self.forgotten:
            opened.say("ERROR", {"code": 410, "reason": "Expired", "message": "too old resource version"})
            opened.close()
        for version, kind, given in self._history:
            if version > since:
                opened.say(kind, given)
        self.streams.append(opened)
        try:
            yield opened
        finally:
            self.streams.remove(opened)

    def _whole(self, items: Any) -> Json:
        return copy.deepcopy({"metadata": {"resourceVersion": str(self.version)}, "items": items})

    def _tell(self, kind: str, given: Json) -> None:
        self._history.append((self.version, kind, copy.deepcopy(given)))
        for stream in self.streams:
            stream.say(kind, given)
