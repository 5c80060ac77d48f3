"""What does the API server hear of a pod? One patch for each edge of its status, and its deletion at the end."""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from tests.cluster.process_node.api import Api, Refused
from tests.cluster.process_node.states import now

_SETTLE_SECONDS = 0.02
"""Changes that come together go together; the final status waits for nobody."""


class Subject(Protocol):
    """A pod that is played."""

    pod: Mapping[str, Any]
    over: bool

    def status(self) -> dict[str, Any]: ...


class Reporter:
    """Tells the API server about one pod."""

    def __init__(self, api: Api, subject: Subject) -> None:
        self._api = api
        self._subject = subject
        self._changed = asyncio.Event()
        self._told: dict[str, Any] = {}
        self._turned = {each["type"]: each for each in subject.pod["status"].get("conditions", [])}

    def touch(self) -> None:
        """The status may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Report until the final status is told, or the pod is gone."""
        while True:
            await self._changed.wait()
            if self._told and not self._subject.over:
                await asyncio.sleep(_SETTLE_SECONDS)
            self._changed.clear()
            over = self._subject.over
            if not await self._tell() or over:
                return

    async def delete(self) -> None:
        """Remove the object of a pod that has ended."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._subject.pod["metadata"]["uid"]}}
        try:
            await self._api.delete(self._path(), options)
        except Refused as refused:
            _expect_gone(refused)

    async def _tell(self) -> bool:
        status = self._subject.status()
        for condition in status["conditions"]:
            before = self._turned.get(condition["type"])
            same = before is not None and before["status"] == condition["status"]
            condition["lastTransitionTime"] = before["lastTransitionTime"] if same and before else now()
            self._turned[condition["type"]] = condition
        if status == self._told:
            return True
        self._told = status
        patch = {"metadata": {"uid": self._subject.pod["metadata"]["uid"]}, "status": status}
        try:
            await self._api.patch(f"{self._path()}/status", patch)
        except Refused as refused:
            _expect_gone(refused)
            return False
        return True

    def _path(self) -> str:
        metadata = self._subject.pod["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


def _expect_gone(refused: Refused) -> None:
    """Absent, or another pod of that name: both mean that ours is gone."""
    if refused.code not in {404, 409}:
        raise refused
