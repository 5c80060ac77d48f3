"""Who kills what does not end? The leader, when the grace of a program is over."""

import asyncio
import logging
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.jobs.reaping import due
from controller.adapters.cluster.resources import PODS
from controller.errors import LibrettoError, NotFound
from controller.ports.clock import Clock

Json = dict[str, Any]

LEAST_GRACE_S = 2
"""What is left for the courier of a pod that is killed."""

log = logging.getLogger("libretto.operator")


class Reaper:
    """Looks at every pod that changes, and comes back when its time is up."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._due: dict[str, Json] = {}
        """Pods whose time was up while another one led, or nobody did."""
        self._active = False

    @property
    def active(self) -> bool:
        """Whether this process leads: only a leader kills. Who comes to lead kills what was due before."""
        return self._active

    @active.setter
    def active(self, active: bool) -> None:
        self._active = active
        if active:
            due, self._due = self._due, {}
            for pod in due.values():
                self._kill(pod)

    def look(self, pod: Json | None, uid: str) -> None:
        """Take note of a pod as it is now; None: it is gone."""
        timer = self._timers.pop(uid, None)
        if timer is not None:
            timer.cancel()
        self._due.pop(uid, None)
        if pod is None:
            return
        at = due(pod)
        if at is not None:
            wait = max(0, at - self._clock.now()) / 1000
            self._timers[uid] = asyncio.get_running_loop().call_later(wait, self._kill, pod)

    def _kill(self, pod: Json) -> None:
        if not self._active:
            self._due[pod["metadata"]["uid"]] = pod
            return
        call = asyncio.ensure_future(self._delete(pod))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _delete(self, pod: Json) -> None:
        metadata = pod["metadata"]
        log.warning(
            "pod %s in %s ignores that it was asked to end: killing it", metadata["name"], metadata["namespace"]
        )
        body = {"gracePeriodSeconds": LEAST_GRACE_S, "preconditions": {"uid": metadata["uid"]}}
        path = PODS.path(metadata["namespace"], metadata["name"])
        try:
            await self._client.request("DELETE", PODS, path, "delete", body=body)
        except NotFound:
            return
        except LibrettoError as error:
            log.warning("pod %s could not be killed: %s", metadata["name"], error)
