"""Speaking with a real API server: what it refuses, what it forgets, and what becomes of watches."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.resources import CONFIG_MAPS, JOBS, LEASES, Resource
from controller.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    LibrettoError,
    NotFound,
    ObjectInvalid,
    TooLarge,
    Unauthorized,
)
from tests.cluster import tenancy
from tests.cluster.control_plane import ControlPlane
from tests.cluster.fault_proxy import FaultProxy
from tests.cluster.faults import Answer, Call, Cut, Delay, Drop, Stream, Twice, on
from tests.cluster.speaking import (
    ADMINISTRATOR,
    MASTERS,
    administrator,
    client_of,
    config_map,
    connection,
    following,
    until,
)

QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
MB = 1_000_000


async def a_name_that_is_taken(client: Client, namespace: str) -> None:
    for _ in range(2):
        await client.create(CONFIG_MAPS, namespace, config_map("a"))


async def a_version_that_is_old(client: Client, namespace: str) -> None:
    made = await client.create(CONFIG_MAPS, namespace, config_map("a"))
    patch = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}}
    for text in ("x", "y"):
        await client.patch(CONFIG_MAPS, namespace, "a", {**patch, "data": {"x": text}})


async def another_uid(client: Client, namespace: str) -> None:
    await client.create(CONFIG_MAPS, namespace, config_map("a"))
    await client.delete(CONFIG_MAPS, namespace, "a", uid="another")


async def a_deleted_lease_that_is_written(client: Client, namespace: str) -> None:
    """The API server would make a Lease by an update, but not one that is meant to be there."""
    made = await client.create(LEASES, namespace, {"metadata": {"name": "a"}, "spec": {}})
    await client.delete(LEASES, namespace, "a")
    await client.replace(LEASES, namespace, "a", made)


async def a_quota_that_is_used_up(client: Client, namespace: str) -> None:
    await client.create(QUOTAS, namespace, {"metadata": {"name": "q"}, "spec": {"hard": {"count/configmaps": "0"}}})
    # The quota counts as soon as the controller manager has looked at it.
    async with asyncio.timeout(20):
        for number in range(10_000):
            await client.create(CONFIG_MAPS, namespace, config_map(f"a{number}"))


REFUSALS: dict[str, tuple[type[LibrettoError], Callable[[Client, str], Awaitable[Any]]]] = {
    "not there": (NotFound, lambda client, namespace: client.get(JOBS, namespace, "nothing")),
    "no such kind": (NotFound, lambda client, namespace: client.list(Resource("no.dev", "v1", "x", "X"), namespace)),
    "no such namespace": (NotFound, lambda client, _: client.create(CONFIG_MAPS, "nowhere", config_map("a"))),
    "name taken": (AlreadyExists, a_name_that_is_taken),
    "old version": (Conflict, a_version_that_is_old),
    "other uid": (Conflict, another_uid),
    "deleted meanwhile": (Conflict, a_deleted_lease_that_is_written),
    "quota": (Forbidden, a_quota_that_is_used_up),
    "no schema": (
        ObjectInvalid,
        lambda client, namespace: client.create(JOBS, namespace, {"metadata": {"name": "a"}, "spec": {}}),
    ),
    "1.5 MB in a ConfigMap": (
        TooLarge,
        lambda client, namespace: client.create(CONFIG_MAPS, namespace, config_map("a", x="y" * (3 * MB // 2))),
    ),
    "3.5 MB in a request": (
        TooLarge,
        lambda client, namespace: client.create(CONFIG_MAPS, namespace, config_map("a", x="y" * (7 * MB // 2))),
    ),
    "300 kB of annotations": (
        TooLarge,
        lambda client, namespace: client.create(
            CONFIG_MAPS, namespace, {"metadata": {"name": "a", "annotations": {"x": "y" * 300_000}}}
        ),
    ),
}


@pytest.mark.parametrize(("error", "call"), REFUSALS.values(), ids=list(REFUSALS))
def test_what_is_refused_becomes_our_error(
    control_plane: ControlPlane, namespace: str, error: type[LibrettoError], call: Callable[[Client, str], Any]
) -> None:
    async def whole() -> None:
        async with client_of(administrator(control_plane)) as client:
            with pytest.raises(error) as caught:
                await call(client, namespace)
            assert type(caught.value) is error
            assert getattr(caught.value, "quota", False) is (error is Forbidden)

    asyncio.run(whole())


def test_who_has_no_right_and_who_is_nobody(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    token = tmp_path / "token"

    async def whole() -> None:
        async with client_of(connection(control_plane, "a-stranger")) as stranger:
            with pytest.raises(Forbidden, match='User "a-stranger" cannot list') as caught:
                await stranger.list(JOBS, namespace)
            assert not caught.value.quota
        tls = ssl.create_default_context(cafile=str(control_plane.ca))
        token.write_text("forged")
        async with client_of(Connection(control_plane.server, tls, token_file=token)) as pod:
            with pytest.raises(Unauthorized):
                await pod.list(JOBS, namespace)
            # The kubelet wrote a good one meanwhile: the very next call has it.
            token.write_text(control_plane.kubectl("create", "token", "default", "-n", namespace))
            with pytest.raises(Forbidden, match=f'User "system:serviceaccount:{namespace}:default"'):
                await pod.list(JOBS, namespace)

    asyncio.run(whole())


@pytest.fixture(scope="module")
def own() -> Iterator[ControlPlane]:
    """A control plane that may be hurt: other tests use another one."""
    opened = ControlPlane(tenancy.enter())
    yield opened
    opened.close()


@pytest.mark.requirement("K8S-021")
def test_a_watch_outlives_its_server_and_its_history(own: ControlPlane) -> None:
    async def whole() -> None:
        async with (
            client_of(administrator(own)) as client,
            following(client, "default") as followed,
        ):
            for name in ("kept", "gone", "changed"):
                await client.create(CONFIG_MAPS, "default", config_map(name))
            await until(lambda: followed.names() == {"kept", "gone", "changed"}, "all are known")

            await asyncio.to_thread(own.kill_api_server)
            await asyncio.to_thread(own.start_api_server)
            await client.create(CONFIG_MAPS, "default", config_map("after"))
            await until(lambda: "after" in followed.names(), "the watch goes on after a crash", 30)

            # Changes while nobody can watch, and then the history that tells of them is thrown away.
            await asyncio.to_thread(own.kill_api_server)
            await until(lambda: "ServerUnavailable" in followed.logged[-1], "the watch is broken")
            await asyncio.to_thread(own.start_api_server)
            await client.delete(CONFIG_MAPS, "default", "gone")
            await client.patch(CONFIG_MAPS, "default", "changed", {"data": {"x": "y"}})
            await asyncio.to_thread(own.compact)
            await client.create(CONFIG_MAPS, "default", config_map("last"))
            await until(lambda: followed.names() == {"kept", "changed", "after", "last"}, "no ghosts", 30)
            changed = followed.cache.get("default", "changed")
            assert changed is not None
            assert changed["data"] == {"x": "y"}

    asyncio.run(whole())


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    made = FaultProxy(control_plane, ADMINISTRATOR, MASTERS)
    yield made
    made.close()


WATCHES = on("configmaps", watch=True)
LISTS = on("configmaps", method="GET", watch=False)


@pytest.mark.requirement("K8S-021")
def test_a_history_that_is_gone_is_listed_not_older_than_known(own: ControlPlane) -> None:
    """The API server itself says 410, in the stream: an informer that was away too long."""
    proxy = FaultProxy(own, ADMINISTRATOR, MASTERS)

    async def whole() -> None:
        async with (
            client_of(administrator(own)) as client,
            client_of(Connection(proxy.url, None)) as watching,
            following(watching, "default") as followed,
        ):
            await client.create(CONFIG_MAPS, "default", config_map("ghost"))
            await until(lambda: "ghost" in followed.names(), "it is known")
            assert proxy.silence() == 1
            await client.delete(CONFIG_MAPS, "default", "ghost")
            await asyncio.to_thread(own.compact)
            await client.create(CONFIG_MAPS, "default", config_map("new"))
            proxy.calm()
            await until(lambda: {"ghost", "new"} & followed.names() == {"new"}, "the ghost is gone", 30)
            assert any("too old resource version" in line for line in followed.logged), followed.logged

    try:
        asyncio.run(whole())
    finally:
        proxy.close()


@pytest.mark.requirement("K8S-021")
def test_a_watch_through_trouble(control_plane: ControlPlane, namespace: str, proxy: FaultProxy) -> None:
    """Closed, cut without a word, doubled, refused, away: after each the cache says what is there."""

    async def whole() -> None:
        async with (
            client_of(administrator(control_plane)) as client,
            client_of(Connection(proxy.url, None)) as watching,
        ):
            proxy.when(WATCHES, Stream(events=2))
            proxy.when(WATCHES, Stream(events=5, times=3))
            proxy.when(WATCHES, Answer(500, "InternalError"))
            proxy.when(WATCHES, Answer(429, "TooManyRequests", retry_after=1))
            proxy.when(WATCHES, Answer(410, "Expired"))
            proxy.when(LISTS, Answer(503), times=2)
            proxy.when(LISTS, Cut())
            async with following(watching, namespace, quiet_s=1.5) as followed:
                for number in range(12):
                    await client.create(CONFIG_MAPS, namespace, config_map(f"a{number}"))
                everything = {f"a{number}" for number in range(12)}
                await until(lambda: followed.names() == everything, "all are known")
                told = sorted(change for change in followed.told if "kube-root-ca" not in change)
                assert told == sorted(f"+{name}" for name in everything), "each once, though some were told three times"

                await until(lambda: proxy.silence() == 1, "the stream is open again, and silent from now on")
                await client.delete(CONFIG_MAPS, namespace, "a0")
                await until(lambda: "a0" not in followed.names(), "a silent stream is left")

                proxy.refuse()
                await client.delete(CONFIG_MAPS, namespace, "a1")
                proxy.accept()
                await until(lambda: "a1" not in followed.names(), "it comes back")
                assert followed.names() == everything - {"a0", "a1"}

    asyncio.run(whole())


def test_writes_through_trouble(control_plane: ControlPlane, namespace: str, proxy: FaultProxy) -> None:
    """Lost before, lost after, doubled: what a caller hears, and what is really there."""
    creates = on("configmaps", method="POST")

    async def whole() -> None:
        async with client_of(Connection(proxy.url, None)) as client:
            proxy.when(creates, Drop())
            with pytest.raises(LibrettoError, match="no answer"):
                await client.create(CONFIG_MAPS, namespace, config_map("a"))
            proxy.when(creates, Drop(carried_out=True))
            with pytest.raises(LibrettoError, match="no answer"):
                await client.create(CONFIG_MAPS, namespace, config_map("a"))
            with pytest.raises(AlreadyExists):
                await client.create(CONFIG_MAPS, namespace, config_map("a"))
            proxy.when(creates, Cut())
            with pytest.raises(LibrettoError, match="no answer"):
                await client.create(CONFIG_MAPS, namespace, config_map("b"))
            proxy.when(creates, Twice())
            with pytest.raises(AlreadyExists):
                await client.create(CONFIG_MAPS, namespace, config_map("c"))
            proxy.when(creates, Delay(0.2))
            began = asyncio.get_running_loop().time()
            await client.create(CONFIG_MAPS, namespace, config_map("d"))
            assert asyncio.get_running_loop().time() - began >= 0.2
            gone: list[str] = []

            def dies(call: Call) -> bool:
                gone.append(call.method)
                return False

            proxy.before = dies
            with pytest.raises(LibrettoError, match="no answer"):
                await client.create(CONFIG_MAPS, namespace, config_map("e"))
            found = await client.list(CONFIG_MAPS, namespace)
            names = {one["metadata"]["name"] for one in found["items"]}
            assert names - {"kube-root-ca.crt"} == {"a", "b", "c", "d"}
            assert gone == ["POST"]

    asyncio.run(whole())
