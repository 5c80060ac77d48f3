"""How does somebody look on while the operator drives a run? Two watches keep what is known of its tree true."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import orjson

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import ROOT_UID, label_value
from controller.adapters.cluster.resources import RUNS
from controller.adapters.cluster.run_object import key_uid
from controller.adapters.cluster.run_objects import RunObjects
from controller.errors import Gone, LibrettoError

Json = dict[str, Any]

QUIET_S = 70.0
"""A bookmark comes every minute; a stream that is silent for longer is dead, though nobody closed it."""

WATCH_S = 290
"""The API server ends a watch after this time, and it is opened again from where it was."""

SHORTEST_S, LONGEST_S = 0.2, 10.0
"""Between tries while the API server cannot be reached."""


class Following:
    """One run tree, from `begin` to `end`: runs that changed are taken up, and whoever looks on is woken."""

    def __init__(self, client: Client, runs: RunObjects, root: Json, say: Callable[[str], None]) -> None:
        """`say` is told once for each reason why there is nothing to see just now."""
        self._client = client
        self._runs = runs
        self._say = say
        self._root = root["metadata"]["uid"]
        self._uid = key_uid(root)
        self._selectors = (
            {"fieldSelector": f"metadata.name={root['metadata']['name']}"},
            {"labelSelector": f"{ROOT_UID}={label_value(self._uid)}"},
        )
        self._changed = asyncio.Event()
        self._said = ""
        self._tasks: list[asyncio.Task[None]] = []
        self.gone = False
        """Whether the run was deleted."""

    async def begin(self) -> None:
        """List the tree, and watch it from there. Raises what the API server says to a list."""
        versions = [await self._list(selector) for selector in self._selectors]
        self._runs.complete(self._uid)
        self._tasks = [
            asyncio.create_task(self._keep(selector, version))
            for selector, version in zip(self._selectors, versions, strict=True)
        ]

    async def end(self) -> None:
        """Look on no longer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def news(self) -> bool:
        """Return whether anything changed since the last call."""
        for task in self._tasks:
            if task.done():
                task.result()  # it only ends by a bug of ours
        found = self._changed.is_set()
        self._changed.clear()
        return found

    async def pause(self, seconds: float) -> None:
        """Wait for a change, at most so long."""
        changed = asyncio.create_task(self._changed.wait())
        await asyncio.wait([changed, *self._tasks], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()

    async def _keep(self, selector: Mapping[str, str], version: str | None) -> None:
        pause = SHORTEST_S
        while True:
            try:
                if version is None:
                    version = await self._list(selector)
                async for heard in self._watch(selector, version):
                    version, pause = heard, SHORTEST_S
            except Gone:
                version = None
            except LibrettoError as error:
                self._tell(f"{error.reason}: {error.message}")
            await asyncio.sleep(pause)
            pause = min(LONGEST_S, pause * 2)

    async def _list(self, selector: Mapping[str, str]) -> str:
        found = await self._client.list(RUNS, self._runs.namespace, parameters=selector)
        items = found.get("items") or ()
        for run in items:
            self._take(run)
        if "fieldSelector" in selector and all(run["metadata"]["uid"] != self._root for run in items):
            self.gone = True
            self._changed.set()
        return str(found["metadata"]["resourceVersion"])

    async def _watch(self, selector: Mapping[str, str], version: str) -> AsyncIterator[str]:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_S),
            **selector,
        }
        async with self._client.stream(RUNS, self._runs.namespace, query, QUIET_S) as stream:
            rest = b""
            while chunk := await stream.readany():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield self._hear(orjson.loads(line))

    def _hear(self, event: Json) -> str:
        """Take up an event, and return the version from which a watch goes on."""
        given = event["object"]
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._take(given)
            case "DELETED":
                self._runs.drop(given)
                self.gone = self.gone or given["metadata"]["uid"] == self._root
                self._changed.set()
            case "ERROR":
                raise Gone(str(given.get("message", given)))
            case _:
                pass  # a bookmark: only the version moves on
        return str(given["metadata"]["resourceVersion"])

    def _take(self, run: Json) -> None:
        self._said = ""
        self._runs.take(run)
        self._changed.set()

    def _tell(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say(text)
