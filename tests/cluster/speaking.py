"""Clients of tests that speak with a real API server, and patience with what they see."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.informer import Informer
from controller.adapters.cluster.resources import CONFIG_MAPS
from tests.cluster.control_plane import ControlPlane

Json = dict[str, Any]

ADMINISTRATOR = "transport-administrator"
MASTERS = ("system:masters",)

_GOODBYE_LOOKS = 200


def administrator(control_plane: ControlPlane) -> Connection:
    return connection(control_plane, ADMINISTRATOR, *MASTERS)


def connection(control_plane: ControlPlane, user: str, *groups: str) -> Connection:
    certificate, key = control_plane.client_certificate(user, groups)
    tls = ssl.create_default_context(cafile=str(control_plane.ca))
    tls.load_cert_chain(certificate, key)
    return Connection(control_plane.server, tls)


@asynccontextmanager
async def client_of(connected: Connection) -> AsyncIterator[Client]:
    client = Client(connected)
    try:
        yield client
    finally:
        await client.close()
        await goodbyes()


async def goodbyes() -> None:
    """Wait until what was closed has left its sockets: TLS takes leave first, and a loop that ends before keeps them open.

    Clients beside it in the same loop keep theirs, so it is not waited for ever.
    """
    loop: Any = asyncio.get_running_loop()
    for _ in range(_GOODBYE_LOOKS):
        # Of an idle loop the selector knows nothing but what wakes it.
        if len(loop._selector.get_map()) <= 1:
            return
        await asyncio.sleep(0.01)


class Following:
    """An informer of the ConfigMaps of a namespace, at work."""

    def __init__(self, client: Client, namespace: str, **options: Any) -> None:
        self.told: list[str] = []
        self.logged: list[str] = []
        self.cache = Cache(listener=self._changed)
        self.informer = Informer(
            client, CONFIG_MAPS, self.cache, namespaces=(namespace,), log=self.logged.append, **options
        )

    def names(self) -> set[str]:
        return {one["metadata"]["name"] for one in self.cache.all()} - {"kube-root-ca.crt"}

    def _changed(self, old: Json | None, new: Json | None) -> None:
        one = new or old
        assert one is not None
        self.told.append(f"{'-' if new is None else '+' if old is None else '~'}{one['metadata']['name']}")


@asynccontextmanager
async def following(client: Client, namespace: str, **options: Any) -> AsyncIterator[Following]:
    made = Following(client, namespace, **options)
    task = asyncio.create_task(made.informer.run())
    try:
        await asyncio.wait_for(made.informer.synced.wait(), 30)
        yield made
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def config_map(name: str, **data: str) -> Json:
    return {"metadata": {"name": name}, "data": data}


async def until(holds: Callable[[], object], what: str, seconds: float = 20) -> float:
    """Wait until something holds; return how long that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not holds():
        assert loop.time() - began < seconds, f"never within {seconds} s: {what}"
        await asyncio.sleep(0.01)
    return loop.time() - began
