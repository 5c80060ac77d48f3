"""The bare watch loop, to compare with: `python -m tests.bench.cluster.bare`, settings as JSON on standard input.

It plays every Run of a namespace in layers: all steps of a layer at once, the next layer when all their pods have ended.
Per step it makes the Job that the operator would make; per change it patches the Run's status once. It remembers nothing,
proves nothing, and would not survive anything.
"""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple

import aiohttp
import orjson
import uvloop

Json = dict[str, Any]

_MERGE = {"Content-Type": "application/merge-patch+json"}
_JSON = {"Content-Type": "application/json"}


class Settings(NamedTuple):
    """What it is told."""

    server: str
    ca: str
    certificate: str
    key: str
    namespace: str
    layers: list[int]
    """Steps of each layer."""
    job: Json
    """A Job as the operator makes it; only names and owner are replaced."""
    epoch: int
    lease: str


class _Run:
    """A run that is played."""

    def __init__(self, run: Json) -> None:
        self.name: str = run["metadata"]["name"]
        self.uid: str = run["metadata"]["uid"]
        self.version: str = run["metadata"]["resourceVersion"]
        self.layer = 0
        self.open = 0
        self.done = 0
        self.writing = asyncio.Lock()
        self.dirty = False


class Loop:
    """The whole program."""

    def __init__(self, settings: Settings, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._session = session
        self._runs: dict[str, _Run] = {}
        self._ended: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._job = json.dumps(settings.job)

    async def run(self) -> None:
        """Watch Runs and pods, for ever."""
        namespace = self._settings.namespace
        await asyncio.gather(
            self._follow(f"/apis/libretto.dev/v1alpha1/namespaces/{namespace}/runs", self._saw_run),
            self._follow(f"/api/v1/namespaces/{namespace}/pods", self._saw_pod),
        )

    async def _follow(self, path: str, seen: Any) -> None:
        while True:
            async with self._session.get(path) as reply:
                listed = orjson.loads(await reply.read())
            for one in listed["items"]:
                seen("ADDED", one)
            # A slow watcher's stream is closed.
            with suppress(aiohttp.ClientError):
                async for event in self._events(path, listed["metadata"]["resourceVersion"]):
                    seen(event["type"], event["object"])

    async def _events(self, path: str, version: str) -> AsyncIterator[Json]:
        query = {"watch": "true", "resourceVersion": version}
        async with self._session.get(path, params=query) as reply:
            rest = b""
            async for chunk in reply.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = orjson.loads(line)
                    if event["type"] == "ERROR":
                        return
                    yield event

    def _saw_run(self, kind: str, run: Json) -> None:
        uid = run["metadata"]["uid"]
        if kind == "ADDED" and uid not in self._runs and "status" not in run:
            made = self._runs[uid] = _Run(run)
            self._begin(made)

    def _saw_pod(self, kind: str, pod: Json) -> None:
        metadata = pod["metadata"]
        if kind == "DELETED" or pod["status"].get("phase") != "Succeeded" or metadata["uid"] in self._ended:
            return
        self._ended.add(metadata["uid"])
        run = self._runs[metadata["annotations"]["bench"]]
        run.open -= 1
        run.done += 1
        if run.open:
            self._write_soon(run)
            return
        run.layer += 1
        if run.layer < len(self._settings.layers):
            self._begin(run)
        else:
            self._write_soon(run)

    def _begin(self, run: _Run) -> None:
        run.open = self._settings.layers[run.layer]
        for number in range(run.open):
            self._start(self._create(run, number))
        self._write_soon(run)

    async def _create(self, run: _Run, number: int) -> None:
        job = json.loads(self._job)
        name = f"{run.name}-{run.layer}-{number}-{job['metadata']['name'][-12:]}"[-63:].strip("-")
        job["metadata"] |= {"name": name, "namespace": self._settings.namespace}
        job["metadata"]["ownerReferences"][0] |= {"name": run.name, "uid": run.uid}
        job["metadata"]["annotations"]["libretto.dev/epoch"] = str(self._settings.epoch)
        job["spec"]["template"]["metadata"]["annotations"]["bench"] = run.uid
        path = f"/apis/batch/v1/namespaces/{self._settings.namespace}/jobs"
        await self._send("POST", path, job, _JSON)

    def _write_soon(self, run: _Run) -> None:
        if not run.dirty:
            run.dirty = True
            self._start(self._write(run))

    async def _write(self, run: _Run) -> None:
        """Patch the status once; what changes meanwhile goes into the next patch."""
        async with run.writing:
            run.dirty = False
            layers = self._settings.layers
            over = run.layer == len(layers)
            frontier = {} if over else {f"step-{run.layer}": "Running"}
            status: Json = {
                "state": "Succeeded" if over else "Running",
                "steps": f"{run.done}/{sum(layers)}",
                "frontier": frontier,
                "epoch": self._settings.epoch,
                "lease": self._settings.lease,
            }
            patch = {"metadata": {"resourceVersion": run.version}, "status": status}
            path = f"/apis/libretto.dev/v1alpha1/namespaces/{self._settings.namespace}/runs/{run.name}/status"
            content = await self._send("PATCH", path, patch, _MERGE)
            run.version = orjson.loads(content)["metadata"]["resourceVersion"]

    async def _send(self, method: str, path: str, body: Json, headers: Mapping[str, str]) -> bytes:
        """Return the reply to a write, which is sent again when the API server asks for that."""
        while True:
            async with self._session.request(method, path, data=orjson.dumps(body), headers=headers) as reply:
                content = await reply.read()
                if reply.ok:
                    return content
                if reply.status != HTTPStatus.TOO_MANY_REQUESTS:
                    raise RuntimeError(f"{reply.status}: {content.decode()}")
            await asyncio.sleep(float(reply.headers.get("Retry-After", 1)))

    def _start(self, coroutine: Any) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().stop()
            raise error


async def _main(settings: Settings) -> None:
    tls = ssl.create_default_context(cafile=settings.ca)
    tls.load_cert_chain(settings.certificate, settings.key)
    connector = aiohttp.TCPConnector(ssl=tls, limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(settings.server, connector=connector, timeout=timeout) as session:
        print("ready", flush=True)
        await Loop(settings, session).run()


if __name__ == "__main__":
    uvloop.run(_main(Settings(**json.load(sys.stdin))))
