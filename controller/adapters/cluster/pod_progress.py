"""How far do attempts say they are? In the logs of their couriers, which cost nobody a write.

What a program says of itself every second belongs neither into the ledger nor into the status of its run: each line would be a
write, of the only process that may write, and would wake everybody who watches. In the pod it is told once, and read by whoever
wants to know, as often as they want to; it lives exactly as long as it means anything.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import RUN_UID, attempt_key, label_value
from controller.adapters.cluster.resources import PODS
from controller.adapters.cluster.together import together
from controller.errors import InvariantViolated, NotFound
from controller.model.attempt import AttemptKey

Json = dict[str, Any]
Said = tuple[int, int]

COURIER = "courier"
"""Container whose log it is."""

MOST = 20
"""Attempts that are asked at one time: more than a screen shows."""

LINES = "3"
"""Lines that are read: the last is what is looked for, unless the courier had something else to say."""

_LINE = re.compile(r"^progress (\d{1,64})/(\d{1,64})$", re.MULTILINE)


class PodProgress:
    """What running attempts of a namespace say. Raises Forbidden, ServerUnavailable."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def of(self, keys: Sequence[AttemptKey]) -> Mapping[AttemptKey, Said]:
        """Return done and total of each of the first `MOST` attempts that said something: a request for each of them, and
        one for each of their runs.
        """
        wanted = set(keys[:MOST])
        runs = sorted({key.run for key in wanted})
        if not runs:
            return {}
        pods = [pod for found in fiber.wait(together(self._pods(run) for run in runs)) for pod in found]
        asked = {key: pod["metadata"]["name"] for key, pod in _by_age(pods) if key in wanted}
        told = fiber.wait(together(self._last(pod) for pod in asked.values()))
        return {key: said for key, said in zip(asked, told, strict=True) if said is not None}

    async def _pods(self, run: str) -> Sequence[Json]:
        running = {"fieldSelector": "status.phase=Running"}
        labels = f"{RUN_UID}={label_value(run)}"
        found = await self._client.list(PODS, self._namespace, labels=labels, parameters=running)
        return [pod for pod in found.get("items") or () if _listens(pod)]

    async def _last(self, pod: str) -> Said | None:
        query = {"container": COURIER, "tailLines": LINES}
        try:
            text = await self._client.text(PODS, self._namespace, pod, "log", query)
        except NotFound:
            return None  # it is gone meanwhile
        return last_of(text)


def last_of(text: str) -> Said | None:
    """Return what the last line about progress says."""
    found = _LINE.findall(text)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def _listens(pod: Json) -> bool:
    """Whether the courier of a pod runs: before that there is no log to read."""
    statuses = (pod.get("status") or {}).get("initContainerStatuses") or ()
    return any(one["name"] == COURIER and "running" in (one.get("state") or {}) for one in statuses)


def _by_age(pods: Iterable[Json]) -> Iterable[tuple[AttemptKey, Json]]:
    """Yield pods with their attempts, oldest first: of two of one attempt the newer counts."""
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"])):
        try:
            yield attempt_key(pod), pod
        except InvariantViolated:
            continue  # somebody's pod that bears our labels
