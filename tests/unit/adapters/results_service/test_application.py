"""Requests and answers, over a real connection."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from controller.adapters.results_service.blobs import Owner
from controller.adapters.results_service.limits import Limits
from controller.errors import DiskFull, NotFound, StoreUnavailable
from controller.model.digest import Digest, digest_bytes
from tests.unit.adapters.results_service.desk import BLOB, CONTENT, DIGEST, Client, Service, as_, said


def test_what_is_put_can_be_got(service: Service) -> None:
    async def play(client: Client) -> None:
        put = await client.put(BLOB, data=CONTENT, headers=as_(Libretto_Owner="nightly/uid-1"))
        assert (put.status, await put.json()) == (201, {"digest": DIGEST, "size": len(CONTENT)})
        again = await client.put(BLOB, data=CONTENT, headers=as_())
        assert again.status == 201
        got = await client.get(BLOB, headers=as_())
        assert (got.status, await got.read(), got.headers["Content-Length"]) == (200, CONTENT, str(len(CONTENT)))
        head = await client.head(BLOB, headers=as_())
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(CONTENT)))
        empty = f"/v1/blobs/{digest_bytes(b'')}"
        assert (await client.put(empty, data=b"", headers=as_())).status == 201
        assert await (await client.get(empty, headers=as_())).read() == b""

    service.play(play)
    assert service.owners[:2] == [Owner("nightly", "uid-1"), None]
    assert ("PUT /v1/blobs/{digest}", 201, len(CONTENT)) in service.observed
    assert ("GET /v1/blobs/{digest}", 200, len(CONTENT)) in service.observed


def test_namespaces_are_apart(service: Service) -> None:
    async def play(client: Client) -> None:
        await client.put(BLOB, data=CONTENT, headers=as_())
        assert await said(await client.get(BLOB, headers=as_("team-b:pod"))) == (404, "NotFound")
        assert (await client.head(BLOB, headers=as_("team-b:pod"))).status == 404
        reached = await client.get(BLOB, headers=as_("team-b:pod", Libretto_Namespace="team-a"))
        assert await said(reached) == (403, "Forbidden")

    service.play(play)


def test_a_trusted_account_may_name_a_namespace(service: Service) -> None:
    async def play(client: Client) -> None:
        await client.put(BLOB, data=CONTENT, headers=as_("libretto:operator", Libretto_Namespace="team-a"))
        assert (await client.get(BLOB, headers=as_())).status == 200
        outside = await client.get(BLOB, headers=as_("libretto:operator", Libretto_Namespace="../team-a"))
        assert await said(outside) == (400, "BadRequest")

    service.play(play, trusted={"libretto/default"})


REFUSALS: dict[str, tuple[str, str, bytes, Mapping[str, str], tuple[int, str]]] = {
    "nobody": ("PUT", BLOB, CONTENT, {}, (401, "Unauthorized")),
    "another scheme": ("PUT", BLOB, CONTENT, {"Authorization": "Basic x"}, (401, "Unauthorized")),
    "a bad token": ("GET", BLOB, b"", as_("nobody"), (401, "Unauthorized")),
    "another digest": ("PUT", BLOB, CONTENT[1:], as_(), (422, "VerificationFailed")),
    "no digest": ("PUT", "/v1/blobs/sha256:00", CONTENT, as_(), (400, "BadRequest")),
    "a path": ("PUT", "/v1/blobs/..%2f..%2fetc", CONTENT, as_(), (400, "BadRequest")),
    "too large": ("PUT", f"/v1/blobs/{digest_bytes(b'x')}", b"1" * 100_001, as_(), (413, "TooLarge")),
    "compressed": ("PUT", BLOB, CONTENT, as_(Content_Encoding="gzip"), (415, "UnsupportedMediaType")),
    "unknown": ("GET", f"/v1/blobs/{digest_bytes(b'x')}", b"", as_(), (404, "NotFound")),
    "no such way": ("DELETE", BLOB, b"", as_(), (405, "MethodNotAllowed")),
    "no such place": ("GET", "/v1/other", b"", as_(), (404, "NotFound")),
}


@pytest.mark.parametrize(("method", "path", "body", "headers", "answer"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(
    service: Service, method: str, path: str, body: bytes, headers: Mapping[str, str], answer: tuple[int, str]
) -> None:
    async def play(client: Client) -> None:
        response = await client.request(
            method, path, data=body, headers=headers, skip_auto_headers=["Content-Encoding"]
        )
        assert await said(response) == answer

    service.play(play, Limits(largest_blob=100_000))
    assert service.observed[0][1] == answer[0]
    # Nothing was kept of it, and nothing lies about.
    assert [path for path in service.folder.rglob("*") if path.is_file()] == []


def test_content_without_a_length(service: Service) -> None:
    async def endless() -> AsyncIterator[bytes]:
        await asyncio.sleep(0)
        yield CONTENT

    async def play(client: Client) -> None:
        assert await said(await client.put(BLOB, data=endless(), headers=as_())) == (411, "LengthRequired")

    service.play(play)


def test_health_and_metrics_ask_nobody_who_they_are(service: Service) -> None:
    async def play(client: Client) -> None:
        assert (await client.get("/healthz")).status == 200
        page = await client.get("/metrics")
        assert (await page.text(), page.content_type) == ("requests 1\n", "text/plain")

    service.play(play, metrics=lambda: (b"requests 1\n", "text/plain; version=0.0.4"))


class Troubled:
    """A store that fails, in one way or another."""

    def __init__(self, error: Exception, after: int = 0) -> None:
        self.error = error
        self.after = after

    async def receive(self, digest: Digest, size: int, content: AsyncIterator[bytes]) -> None:
        raise self.error

    async def send(self, digest: Digest) -> tuple[int, AsyncIterator[bytes]]:
        return 2000, self._parts()

    async def size(self, digest: Digest) -> int | None:
        raise self.error

    async def _parts(self) -> AsyncIterator[bytes]:
        for _ in range(self.after):
            await asyncio.sleep(0)
            yield b"1" * 1000
        raise self.error


TROUBLES = {
    "unavailable": (StoreUnavailable("the disk is away"), 503),
    "full": (DiskFull("no space left"), 507),
    "gone": (NotFound("gone"), 404),
}


@pytest.mark.parametrize(("error", "status"), TROUBLES.values(), ids=TROUBLES)
def test_trouble_of_the_store_is_told(service: Service, error: Exception, status: int) -> None:
    service.store = Troubled(error)

    async def play(client: Client) -> None:
        for method in ("PUT", "GET"):
            response = await client.request(method, BLOB, data=CONTENT, headers=as_())
            assert (await said(response))[0] == status

    service.play(play)


def test_content_that_breaks_off_is_not_taken_for_whole(service: Service) -> None:
    service.store = Troubled(StoreUnavailable("the disk is away"), after=1)

    async def play(client: Client) -> None:
        response = await client.get(BLOB, headers=as_())
        with pytest.raises(Exception, match=r"payload|reset|closed|disconnected|Connection"):
            await response.read()

    service.play(play)


def test_too_many_at_once_are_asked_to_come_back(service: Service) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    class Waiting(Troubled):
        async def receive(self, digest: Digest, size: int, content: AsyncIterator[bytes]) -> None:
            arrived.set()
            async for _ in content:
                pass
            await go.wait()

    service.store = Waiting(StoreUnavailable("never said"))

    async def play(client: Client) -> None:
        first = asyncio.create_task(client.put(BLOB, data=CONTENT, headers=as_()).__aenter__())
        await arrived.wait()
        second = await client.put(BLOB, data=CONTENT, headers=as_())
        assert (await said(second), second.headers["Retry-After"]) == ((429, "Throttled"), "1")
        go.set()
        assert (await first).status == 201

    service.play(play, Limits(transfers=1))
