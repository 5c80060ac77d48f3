"""A Lease as an API server keeps it: versions that grow, writes that compare them, and answers that may be lost."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

from controller.errors import AlreadyExists, Conflict, NotFound, ServerUnavailable

Json = dict[str, Any]


class LeaseServer:
    """One Lease for all its clients."""

    def __init__(self) -> None:
        self.lease: Json | None = None
        self.version = 10
        self.epochs: list[int] = []
        """Epochs of all acquisitions, as they were written."""

    def delete(self) -> None:
        self.lease = None
        self.version += 1

    def write(self, body: Json, version: str | None) -> Json:
        held = self.lease
        if version is None and held is not None:
            raise AlreadyExists("it is there")
        if version is not None and (held is None or held["metadata"]["resourceVersion"] != version):
            raise Conflict("somebody else wrote")
        before = (held or {}).get("spec") or {}
        spec = body["spec"]
        acquired = before.get("leaseTransitions") != spec["leaseTransitions"]
        if acquired and spec["holderIdentity"]:
            self.epochs.append(spec["leaseTransitions"])
        self.version += 1
        self.lease = {
            "metadata": {**body["metadata"], "resourceVersion": str(self.version)},
            "spec": dict(spec),
        }
        return copy.deepcopy(self.lease)


class LeaseClient:
    """What an Elector calls. `trouble` is asked before each call what becomes of it: "", "lost" (it never arrives),
    "mute" (it is carried out, and no answer comes) or "hangs" (neither, for a long time).
    """

    def __init__(self, server: LeaseServer, trouble: Callable[[], str] = lambda: "", latency: float = 0.005) -> None:
        self._server = server
        self.trouble = trouble
        self.latency = latency
        self.calls: list[str] = []

    async def get(self, resource: Any, namespace: str, name: str) -> Json:
        return await self._carried_out("get", self._read)

    async def create(self, resource: Any, namespace: str, body: Json) -> Json:
        return await self._carried_out("create", lambda: self._server.write(body, None))

    async def replace(self, resource: Any, namespace: str, name: str, body: Json) -> Json:
        version = body["metadata"]["resourceVersion"]
        return await self._carried_out("update", lambda: self._server.write(body, version))

    def _read(self) -> Json:
        if self._server.lease is None:
            raise NotFound("it is not there")
        return copy.deepcopy(self._server.lease)

    async def _carried_out(self, verb: str, call: Callable[[], Json]) -> Json:
        self.calls.append(verb)
        fate = self.trouble()
        if fate == "hangs":
            await asyncio.sleep(30)
        if fate in ("lost", "hangs"):
            raise ServerUnavailable("no answer")
        await asyncio.sleep(self.latency / 2)
        answer = call()
        await asyncio.sleep(self.latency / 2)
        if fate == "mute":
            raise ServerUnavailable("no answer")
        return answer
