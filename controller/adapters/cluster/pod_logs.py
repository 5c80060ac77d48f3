"""What has an attempt printed? The log of its newest pod, for as long as there is one."""

import codecs
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import CONNECT_S, Client
from controller.adapters.cluster.names import ATTEMPT, ROLE, RUN_UID, STEP, label_value
from controller.adapters.cluster.replies import error_of
from controller.adapters.cluster.resources import PODS
from controller.errors import NotFound, ServerUnavailable
from controller.model.attempt import AttemptKey

Json = dict[str, Any]

PROGRAM = "main"
"""Container of the step's own program."""

QUIET_S = 300.0
"""A program that prints nothing for so long may have lost its stream: it is opened again."""


class PodLog:
    """The log of one attempt. Raises Forbidden, ServerUnavailable."""

    def __init__(self, client: Client, namespace: str, key: AttemptKey, lines: int | None = None) -> None:
        """`lines`: only so many of the last ones."""
        self._client = client
        self._namespace = namespace
        labels = {RUN_UID: label_value(key.run), STEP: label_value(key.step), ROLE: key.role.value}
        labels[ATTEMPT] = str(key.attempt)
        self._labels = ",".join(f"{name}={value}" for name, value in labels.items())
        self._lines = {} if lines is None else {"tailLines": str(lines)}
        self._read = False

    def pod(self) -> Json | None:
        """Return the newest pod of the attempt; a node that went away may have cost it one."""
        pods = fiber.wait(self._client.list(PODS, self._namespace, labels=self._labels)).get("items") or ()
        return max(pods, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), default=None)

    def read(self, most: int = 1 << 20) -> str:
        """Return what was printed so far, `most` bytes of it at the end; nothing at a second call.

        Empty where there is no pod, or its program has not begun.
        """
        if self._read:
            return ""
        self._read = True
        pod = self.pod()
        if pod is None or not _began(pod):
            return ""
        query = {"container": PROGRAM, "limitBytes": str(most), **self._lines}
        try:
            return fiber.wait(self._client.text(PODS, self._namespace, pod["metadata"]["name"], "log", query))
        except NotFound:
            return ""

    def follow(self, running: Callable[[], bool], pause: Callable[[], None]) -> Iterator[str]:
        """Yield what is printed as it comes, until the attempt runs no longer; of further pods of it as well."""
        seen = set()
        while True:
            goes_on, pod = running(), self.pod()
            if pod is not None and pod["metadata"]["uid"] not in seen and _began(pod):
                seen.add(pod["metadata"]["uid"])
                yield from self._stream(pod["metadata"]["name"])
            elif not goes_on:
                return
            else:
                pause()

    def _stream(self, name: str) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=QUIET_S)
        query = {"container": PROGRAM, "follow": "true", **self._lines}
        where = self._client.server + PODS.path(self._namespace, name, "log")
        try:
            reply = fiber.wait(self._client.session().get(where, params=query, timeout=timeout))
            try:
                if reply.status >= 400:
                    raise error_of(reply.status, fiber.wait(reply.read()), f"get log of pod {name}")
                while chunk := fiber.wait(reply.content.readany()):
                    yield decoder.decode(chunk)
            finally:
                reply.close()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ServerUnavailable(f"the log of pod {name} broke off: {error!r}") from error


def _began(pod: Json) -> bool:
    """Return whether the program of a pod was started: before that the API server has no log of it."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if status["name"] == PROGRAM:
            return "waiting" not in (status.get("state") or {"waiting": {}})
    return False
