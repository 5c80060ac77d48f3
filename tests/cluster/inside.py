"""An operator inside of the test's own process, on a real API server: it can be killed before and after any call.

It is the operator without kopf, Lease and probes: the same caches, trees, queue and client. Killing it drops everything
that it had in memory, between two instructions, as a power failure does.
"""

import asyncio
import copy
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.lapse import UNBROKEN, Lapse
from controller.adapters.cluster.names import ROOT_UID, Mark
from controller.adapters.cluster.resources import (
    AGENTS,
    APPROVALS,
    INTERVENTIONS,
    JOBS,
    ORCHESTRATIONS,
    PODS,
    RUNS,
    Resource,
)
from controller.adapters.cluster.work_queue import WorkQueue
from controller.adapters.memory import MemoryNotifier
from controller.wiring.cluster.assembly import operator_over
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.operator import Operator
from controller.wiring.cluster.shared import Shared
from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import ACCOUNT, GROUPS, IMAGE
from tests.cluster.speaking import goodbyes

Json = dict[str, Any]

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing may catch it."""


class Interposer:
    """Stands between the operator and the API server. `before` and `after` are told of each write: its number, verb and
    resource; what they raise comes out of the call.
    """

    def __init__(
        self,
        before: Callable[[int, str, str], None] = lambda *_: None,
        after: Callable[[int, str, str], None] = lambda *_: None,
    ) -> None:
        self.before = before
        self.after = after
        self.writes: list[tuple[str, str]] = []
        self.lagging: Mapping[str, Json] = {}
        """Kinds whose lists are answered with these, from before; nothing is heard of them by a watch."""


class InterposedClient(Client):
    """A client whose writes can be the last ones of its process."""

    def __init__(self, connection: Connection, interposer: Interposer) -> None:
        super().__init__(connection)
        self._interposer = interposer
        self.counted: dict[tuple[str, str], int] = {}

    async def request(self, method: str, resource: Resource, path: str, verb: str, **named: Any) -> Json:
        self.counted[verb, resource.plural] = self.counted.get((verb, resource.plural), 0) + 1
        if verb == "list" and resource.plural in self._interposer.lagging:
            return copy.deepcopy(self._interposer.lagging[resource.plural])
        if verb not in WRITES or (named.get("query") or {}).get("dryRun"):
            return await super().request(method, resource, path, verb, **named)
        interposer = self._interposer
        number = len(interposer.writes)
        interposer.writes.append((verb, resource.plural))
        interposer.before(number, verb, resource.plural)
        try:
            return await super().request(method, resource, path, verb, **named)
        finally:
            # Also after a refusal: the process can die with any answer in its hands.
            interposer.after(number, verb, resource.plural)

    @asynccontextmanager
    async def stream(self, resource: Resource, *others: Any) -> AsyncIterator[aiohttp.StreamReader]:
        if resource.plural in self._interposer.lagging:
            await asyncio.Event().wait()
        async with super().stream(resource, *others) as stream:
            yield stream


class Inside:
    """One life of an operator."""

    def __init__(self, operator: Operator, client: InterposedClient, died: asyncio.Event) -> None:
        self.operator = operator
        self.client = client
        self.died = died


def connection_of(control_plane: ControlPlane, user: str = ACCOUNT) -> Connection:
    certificate, key = control_plane.client_certificate(user, GROUPS)
    tls = ssl.create_default_context(cafile=str(control_plane.ca))
    tls.load_cert_chain(certificate, key)
    return Connection(control_plane.server, tls)


@asynccontextmanager
async def operator_inside(
    control_plane: ControlPlane,
    namespace: str,
    *,
    epoch: int = 1,
    interposer: Interposer | None = None,
    settings: Mapping[str, Any] | None = None,
    lapse: Lapse = UNBROKEN,
) -> AsyncIterator[Inside]:
    """Run an operator for a namespace until the block ends, or it is killed. `lapse`: what its Lease would say."""
    client = InterposedClient(connection_of(control_plane), interposer or Interposer())
    configuration = Configuration(IMAGE, IMAGE, **(settings or {}))
    queue = WorkQueue()
    died = asyncio.Event()

    def shared(caches: Caches, wake: Callable[[str, str], None]) -> Shared:
        return Shared(client, configuration, SystemClock(), caches, MemoryNotifier(), wake)

    operator = operator_over(shared, queue)
    caches = operator.shared.caches
    watched = {
        RUNS: (caches.runs, ""),
        ORCHESTRATIONS: (caches.orchestrations, ""),
        AGENTS: (caches.agents, ""),
        APPROVALS: (caches.approvals, ""),
        INTERVENTIONS: (caches.interventions, ""),
        JOBS: (caches.jobs, ROOT_UID),
        PODS: (caches.pods, ROOT_UID),
    }
    informers = [
        Informer(client, resource, cache, namespaces=(namespace,), labels=labels)
        for resource, (cache, labels) in watched.items()
    ]
    tasks = [asyncio.create_task(informer.run()) for informer in informers]

    async def relist() -> None:
        for informer in informers:
            await informer.relist()

    operator.shared.lapse = lapse
    await operator.lead(Mark(epoch, f"inside-{namespace}"), relist)
    for worker in operator._workers:
        worker.add_done_callback(lambda task: died.set() if _was_killed(task) else None)
    try:
        yield Inside(operator, client, died)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in operator._workers:
            worker.cancel()
        await asyncio.gather(*operator._workers, return_exceptions=True)
        await client.close()
        await goodbyes()


def _was_killed(task: "asyncio.Task[None]") -> bool:
    return not task.cancelled() and isinstance(task.exception(), Killed)
