"""Which Jobs get no pod, and why? One question answers it for all Jobs of a namespace, for most of them only have to wait."""

import asyncio
from collections.abc import Sequence
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.resources import EVENTS

Json = dict[str, Any]

FRESH_S = 5.0
"""How long an answer counts for the other Jobs of the namespace. A third of the patience with a Job without a pod, so what it
misses was refused for the first time after so much of that: rare, and told at the next look.
"""


class PodRefusals:
    """Asks for events that say that a pod could not be made."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked: dict[str, tuple[float, asyncio.Task[frozenset[str]]]] = {}
        """Namespace -> when it was asked about, on the loop's clock, and the uids of its Jobs that were refused a pod."""

    async def of(self, namespace: str, job: Json) -> Sequence[Json]:
        """Return the events about a Job of which any says that it was refused a pod, else nothing."""
        uid = job["metadata"]["uid"]
        if uid not in await self._refused(namespace):
            return ()
        # Of all reasons: a refusal from before a pod was made after all is none.
        found = await self._client.list(EVENTS, namespace, parameters={"fieldSelector": f"regarding.uid={uid}"})
        items: Sequence[Json] = found.get("items") or ()
        return items

    async def _refused(self, namespace: str) -> frozenset[str]:
        now = asyncio.get_running_loop().time()
        asked_at, task = self._asked.get(namespace, (0.0, None))
        if task is None or now - asked_at >= FRESH_S or (task.done() and (task.cancelled() or task.exception())):
            task = asyncio.ensure_future(self._list(namespace))
            self._asked[namespace] = now, task
        # Whoever waits for it may be cancelled; the others still want to know.
        return await asyncio.shield(task)

    async def _list(self, namespace: str) -> frozenset[str]:
        parameters = {"fieldSelector": "reason=FailedCreate,regarding.kind=Job"}
        found = await self._client.list(EVENTS, namespace, parameters=parameters)
        return frozenset(str((event.get("regarding") or {}).get("uid")) for event in found.get("items") or ())
