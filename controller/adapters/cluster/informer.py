"""How does the cache of a resource stay true? List, watch from there, and list again whenever the stream cannot go on."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.resources import Resource
from controller.errors import Gone, LibrettoError, Throttled

Json = dict[str, Any]

QUIET_S = 70.0
"""A bookmark comes every minute; a stream that is silent for longer is dead, though nobody closed it."""

WATCH_S = 290
"""The API server ends a watch after this time, before middleboxes do, and it is opened again from where it was."""

SHORTEST_S, LONGEST_S = 0.2, 10.0
"""Between tries while the API server cannot be reached."""

Log = Callable[[str], None]


class Informer:
    """Keeps one cache true, until it is cancelled. One list and one stream per namespace (or one for all)."""

    def __init__(
        self,
        client: Client,
        resource: Resource,
        cache: Cache,
        *,
        namespaces: Sequence[str] = (),
        labels: str = "",
        dull: Callable[[bytes], bool] = lambda _: False,
        log: Log = lambda _: None,
        random: Random | None = None,
    ) -> None:
        """`dull` tells of a line of the stream that it says nothing that anybody would look at: it is not even read."""
        self._client = client
        self._resource = resource
        self._cache = cache
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._labels = labels
        self._dull = dull
        self._log = log
        self._random = random or Random()  # noqa: S311 - jitter
        self._versions: dict[str | None, str] = {}
        self.heard: float | None = None
        """When the stream last said anything, on the loop's clock."""
        self.synced = asyncio.Event()
        """Set once everything was listed."""

    async def run(self) -> None:
        """Follow all namespaces, for ever."""
        await asyncio.gather(*(self._follow(namespace) for namespace in self._namespaces))

    async def relist(self) -> None:
        """List everything as it is now: what is not in it is not there. Raises what the API server says."""
        for namespace in self._namespaces:
            await self._list(namespace, exactly=True)

    async def _follow(self, namespace: str | None) -> None:
        wait = SHORTEST_S
        while True:
            try:
                if namespace not in self._versions:
                    await self._list(namespace)
                await self._watch(namespace)
                wait = SHORTEST_S
                continue
            except Gone:
                # Our point is forgotten: nothing older than what we know may be taken for the truth.
                await self._relist_from(namespace)
                continue
            except Throttled as error:
                pause = float(error.retry_after)
            except LibrettoError as error:
                self._log(f"{error.reason}: {error.message}")
                pause = wait
            wait = min(LONGEST_S, wait * 2)
            await asyncio.sleep(pause * self._random.uniform(0.5, 1.0))

    async def _relist_from(self, namespace: str | None) -> None:
        known = self._versions.pop(namespace, None)
        try:
            await self._list(namespace, not_older=known)
        except LibrettoError as error:
            self._log(f"{error.reason}: {error.message}")
            await asyncio.sleep(SHORTEST_S)

    async def _list(self, namespace: str | None, *, exactly: bool = False, not_older: str | None = None) -> None:
        parameters: dict[str, str] = {}
        if not exactly and not_older is not None:
            parameters = {"resourceVersion": not_older, "resourceVersionMatch": "NotOlderThan"}
        found = await self._client.list(self._resource, namespace, labels=self._labels, parameters=parameters)
        version = found["metadata"]["resourceVersion"]
        items = found.get("items") or ()
        for item in items:
            # Items of a list have no kind of their own.
            item.setdefault("kind", self._resource.kind)
            item.setdefault("apiVersion", self._resource.api_version)
        self._cache.replace(items, version, namespace)
        self._versions[namespace] = version
        self.heard = asyncio.get_running_loop().time()
        if len(self._versions) == len(self._namespaces):
            self.synced.set()

    async def _watch(self, namespace: str | None) -> None:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._versions[namespace],
            "timeoutSeconds": str(WATCH_S),
            **({"labelSelector": self._labels} if self._labels else {}),
        }
        async with self._client.stream(self._resource, namespace, query, QUIET_S) as stream:
            rest = b""
            loop = asyncio.get_running_loop()
            while chunk := await stream.readany():
                self.heard = loop.time()
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    if line and not self._dull(line):
                        self._take(namespace, orjson.loads(line))

    def _take(self, namespace: str | None, event: Json) -> None:
        given = event["object"]
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._cache.put(given)
            case "DELETED":
                self._cache.remove(given)
            case "ERROR":
                message = f"the watch of {self._resource.plural} ends: {given.get('message', given)}"
                raise Gone(message)
            case _:
                pass  # a bookmark: only the version moves on
        self._versions[namespace] = given["metadata"]["resourceVersion"]
