"""Which runs are played? Chains, wide and single steps, and 10,000 by one `foreach`; submitted by an administrator."""

import asyncio
import json
import ssl
import time
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp
import orjson

from tests.bench.cluster.laboratory import Laboratory
from tests.cluster.operators import orchestration, run, shell_agent

Json = dict[str, Any]

AT_ONCE = 50
"""Runs that are being created at one time."""
_ENDS = frozenset({"Succeeded", "Failed", "Aborted", "RolledBack"})
_SETTLED = {
    "fieldSelector": "status.state!=,status.state!=Pending,status.state!=Running,status.state!=AwaitingApproval"
}
"""The server tells only of those: who watches every write slows down what is measured."""


def agent(name: str = "worker", node: str = "instant") -> Json:
    """An agent whose pods are played by a node."""
    return shell_agent(name, "true", pod={"nodeSelector": {"kubernetes.io/hostname": node}})


def chain(name: str, length: int) -> Json:
    """Steps one after the other."""
    steps: list[Json] = []
    for number in range(length):
        before = {"dependsOn": [steps[-1]["id"]]} if steps else {}
        steps.append({"id": f"step-{number}", "agent": "worker", **before})
    return orchestration(name, *steps)


def wide(name: str, width: int, agent: str = "worker") -> Json:
    """Steps side by side."""
    steps = [{"id": f"step-{number}", "agent": agent} for number in range(width)]
    return orchestration(name, *steps, execution={"concurrency": {"maxParallel": width}})


def each(name: str, at_once: int) -> Json:
    """One step for each item of a parameter."""
    step = {"id": "each", "agent": "worker", "foreach": "parameters.items"}
    concurrency = {"concurrency": {"maxParallel": at_once}}
    return orchestration(name, step, parameters=[{"key": "items"}], execution=concurrency)


def gated() -> Json:
    """A step after which somebody must say yes."""
    return orchestration("gated", {"id": "asks", "agent": "worker", "checkpointAfter": {"question": "go on"}})


def apply(laboratory: Laboratory, namespace: str, *objects: Json) -> None:
    text = "\n---\n".join(json.dumps(one) for one in objects)
    laboratory.kubectl("apply", "-n", namespace, "--server-side", "-f", "-", input=text)


def any_job(laboratory: Laboratory, namespace: str) -> Json:
    """Return a Job that the operator has made."""
    found: Json = json.loads(laboratory.kubectl("get", "jobs", "-n", namespace, "-o", "json"))["items"][0]
    return found


def submit(laboratory: Laboratory, namespace: str, names: Sequence[str], reference: str, **spec: Any) -> float:
    """Create runs as fast as the server takes them; return when the first was sent, in seconds since the epoch."""
    return asyncio.run(_submit(laboratory, namespace, [run(name, reference, **spec) for name in names]))


def await_end(laboratory: Laboratory, namespace: str, count: int, seconds: float) -> dict[str, str]:
    """Watch until so many runs have ended; return name -> state. Raises TimeoutError."""
    return asyncio.run(_await_end(laboratory, namespace, count, seconds))


def session(laboratory: Laboratory) -> aiohttp.ClientSession:
    """A session of the administrator."""
    plane = laboratory.control_plane
    tls = ssl.create_default_context(cafile=str(plane.ca))
    tls.load_cert_chain(*plane.client_certificate("kubernetes-admin", ["system:masters"]))
    connector = aiohttp.TCPConnector(ssl=tls, limit=AT_ONCE + 2)
    return aiohttp.ClientSession(plane.server, connector=connector, timeout=aiohttp.ClientTimeout(total=None))


async def _submit(laboratory: Laboratory, namespace: str, runs: Sequence[Json]) -> float:
    path = f"/apis/libretto.dev/v1alpha1/namespaces/{namespace}/runs"
    waiting: Iterator[Json] = iter(runs)

    async with session(laboratory) as opened:

        async def create() -> None:
            for one in waiting:
                headers = {"Content-Type": "application/json"}
                async with opened.post(path, data=orjson.dumps(one), headers=headers) as reply:
                    if reply.status != 201:
                        raise RuntimeError((await reply.read()).decode())

        # The first handshake is not what is measured.
        async with opened.get(path, params={"limit": "1"}) as reply:
            await reply.read()
        began = time.time()
        await asyncio.gather(*(create() for _ in range(min(AT_ONCE, len(runs)))))
    return began


async def _await_end(laboratory: Laboratory, namespace: str, count: int, seconds: float) -> dict[str, str]:
    path = f"/apis/libretto.dev/v1alpha1/namespaces/{namespace}/runs"
    ended: dict[str, str] = {}
    async with asyncio.timeout(seconds), session(laboratory) as opened:
        while True:
            async with opened.get(path, params=_SETTLED) as reply:
                listed = orjson.loads(await reply.read())
            for one in listed["items"]:
                _note(one, ended)
            query = {**_SETTLED, "watch": "true", "resourceVersion": listed["metadata"]["resourceVersion"]}
            if len(ended) >= count:
                return ended
            async with opened.get(path, params=query) as reply:
                rest = b""
                async for chunk in reply.content.iter_any():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        _note(orjson.loads(line)["object"], ended)
                    if len(ended) >= count:
                        return ended


def _note(one: Json, ended: dict[str, str]) -> None:
    state = (one.get("status") or {}).get("state")
    if state in _ENDS:
        ended[one["metadata"]["name"]] = state
