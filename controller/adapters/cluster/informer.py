"""How does the cache of a resource stay true? List, watch from there, and list again whenever the stream cannot go on."""

import asyncio
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.pages import identity, whole
from controller.adapters.cluster.replies import error_of
from controller.adapters.cluster.resources import Resource
from controller.errors import Gone, LibrettoError, ServerUnavailable, Throttled

Json = dict[str, Any]

QUIET_S = 70.0
"""A bookmark comes every minute; a stream that is silent for longer is dead, though nobody closed it."""

WATCH_S = 290
"""The API server ends a watch after this time, before middleboxes do, and it is opened again from where it was."""

SHORTEST_S, LONGEST_S = 0.2, 10.0
"""Between tries while the API server cannot be reached."""

STEADY_S = 1.0
"""A stream that ends sooner and told nothing is a failed try: whoever closes each must not be asked a thousand times."""

RESYNC_S = 600.0
"""Between two looks at whether the watch told everything."""

SETTLE_S = 2.0
"""How long a watch may need for what a list already shows."""

FAILURES_FORGET = 10
"""After so many failures in a row, half a minute, nothing is built on what was known: everything is listed as it is."""

_HEAD = re.compile(
    rb'\{"type":"(?:ADDED|MODIFIED)","object":\{"kind":"\w+","apiVersion":"[\w./]+","metadata":\{"name":"([^"]+)",'
    rb'(?:"generateName":"[^"]*",)?"namespace":"([^"]+)","uid":"[^"]+","resourceVersion":"(\d+)"'
)
"""How an event begins: what begins otherwise is read."""

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
        dull: Callable[[bytes, Json], bool] = lambda *_: False,
        log: Log = lambda _: None,
        random: Random | None = None,
        quiet_s: float = QUIET_S,
        resync_s: float = RESYNC_S,
    ) -> None:
        """`dull` tells of a line of the stream that it says nothing that anybody would look at beyond what is remembered of
        the object: it is not even read.
        """
        self._client = client
        self._resource = resource
        self._cache = cache
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._labels = labels
        self._dull = dull
        self._log = log
        self._random = random or Random()  # noqa: S311 - jitter
        self._quiet_s, self._resync_s = quiet_s, resync_s
        self._versions: dict[str | None, str] = {}
        """Where each watch goes on; absent: a list comes first."""
        self._known: dict[str | None, str] = {}
        """The newest version that each namespace was seen at: nothing older may be taken for the truth."""
        self._heard: dict[str | None, float] = {}
        self.synced = asyncio.Event()
        """Set once everything was listed."""

    @property
    def heard(self) -> float | None:
        """When the stream that is silent longest last said anything, on the loop's clock; None before all were listed."""
        return min(self._heard.values()) if len(self._heard) == len(self._namespaces) else None

    async def run(self) -> None:
        """Follow all namespaces, for ever."""
        await asyncio.gather(self._compare_at_times(), *(self._follow(namespace) for namespace in self._namespaces))

    async def relist(self) -> None:
        """List everything as it is now: what is not in it is not there. Raises what the API server says."""
        for namespace in self._namespaces:
            await self._list(namespace)

    async def compare(self) -> int:
        """Return how many objects are not as the watch had told; if any, everything is listed again.

        Raises what the API server says.
        """
        wrong = 0
        for namespace in self._namespaces:
            if count := await self._differences(namespace):
                wrong += count
                await self._list(namespace)
        return wrong

    async def _follow(self, namespace: str | None) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            began, at_least, failed, point = loop.time(), 0.0, False, ""
            doubtful = failures >= FAILURES_FORGET
            try:
                if namespace not in self._versions or doubtful:
                    await self._list(namespace, not_older=None if doubtful else self._known.get(namespace))
                point = self._known[namespace]
                await self._watch(namespace)
            except Gone as error:
                # Our point is forgotten: nothing older than what we know may be taken for the truth.
                self._log(error.message)
                self._versions.pop(namespace, None)
            except LibrettoError as error:
                self._log(f"{error.reason}: {error.message}")
                failed = True
                at_least = float(error.retry_after) if isinstance(error, Throttled) else 0.0
            told = point not in ("", self._known.get(namespace))
            steady = told or loop.time() - began >= STEADY_S
            failures = (0 if steady else failures) + (failed or not steady)
            if failed or failures > 1:
                pause = min(LONGEST_S, SHORTEST_S * 2 ** min(failures - 1, 10))
                await asyncio.sleep(max(at_least, pause * self._random.uniform(0.5, 1.0)))

    async def _list(self, namespace: str | None, *, not_older: str | None = None) -> None:
        parameters: dict[str, str] = {}
        if not_older is not None:
            parameters = {"resourceVersion": not_older, "resourceVersionMatch": "NotOlderThan"}
        known = self._known.get(namespace, "0")
        items, version = await whole(
            self._client.list,
            self._resource,
            namespace,
            slim=self._cache.remembered,
            labels=self._labels,
            parameters=parameters,
        )
        if int(version) < int(known):
            self._log(f"the {self._resource.plural} are older than they were: etcd was restored")
            self._cache.forget(namespace)
        self._cache.replace(items, version, namespace)
        self._versions[namespace] = self._known[namespace] = version
        self._heard[namespace] = asyncio.get_running_loop().time()
        if len(self._heard) == len(self._namespaces):
            self.synced.set()

    async def _watch(self, namespace: str | None) -> None:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._versions[namespace],
            "timeoutSeconds": str(WATCH_S),
            **({"labelSelector": self._labels} if self._labels else {}),
        }
        async with self._client.stream(self._resource, namespace, query, self._quiet_s) as stream:
            rest = b""
            loop = asyncio.get_running_loop()
            while chunk := await stream.readany():
                self._heard[namespace] = loop.time()
                lines = (rest + chunk).split(b"\n")
                rest = lines.pop()
                for line in lines:
                    if line and not self._passed_over(namespace, line):
                        self._take(namespace, self._event(line))

    def _passed_over(self, namespace: str | None, line: bytes) -> bool:
        """Note only the version of what says nothing, or what our own write's answer told before: to read a pod takes longer
        than to judge it.
        """
        head = _HEAD.match(line)
        if head is None:
            return False
        name, where, version = (part.decode() for part in head.groups())
        known = self._cache.get(where, name)
        if known is None:
            return False
        if int(version) > int(known["metadata"]["resourceVersion"]):
            if not self._dull(line, known):
                return False
            self._cache.moved(where, name, version)
        self._versions[namespace] = self._known[namespace] = version
        return True

    def _event(self, line: bytes) -> Json:
        try:
            found: Json = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ServerUnavailable(f"watch {self._resource.plural}: no JSON: {line[:100]!r}") from error
        return found

    def _take(self, namespace: str | None, event: Json) -> None:
        given = event["object"]
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._cache.put(given)
            case "DELETED":
                self._cache.remove(given)
            case "ERROR":
                raise error_of(given.get("code") or 500, orjson.dumps(given), f"watch {self._resource.plural}")
            case _:
                pass  # a bookmark: only the version moves on
        self._versions[namespace] = self._known[namespace] = given["metadata"]["resourceVersion"]

    async def _compare_at_times(self) -> None:
        while True:
            await asyncio.sleep(self._resync_s * self._random.uniform(0.9, 1.1))
            try:
                if self.synced.is_set() and (wrong := await self.compare()):
                    self._log(f"{wrong} {self._resource.plural} were not as the watch had told")
            except LibrettoError as error:
                self._log(f"{self._resource.plural} cannot be compared: {error.reason}: {error.message}")

    async def _differences(self, namespace: str | None) -> int:
        """Count, by names and versions, which cost little, what a list shows and the watch does not tell in time."""
        known = self._known.get(namespace, "0")
        listed, version = await whole(
            self._client.list_metadata, self._resource, namespace, slim=identity, labels=self._labels
        )
        if int(version) < int(known):
            return len(self._cache) or 1  # the past was exchanged
        await asyncio.sleep(SETTLE_S)
        return self._cache.differences(listed, version, namespace)
