"""A service with a store in a folder, and how it is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from controller.adapters.file_blob_store import FileBlobs
from controller.adapters.results_service.application import make_application
from controller.adapters.results_service.blobs import Blobs, Owner
from controller.adapters.results_service.limits import USUAL, Limits
from controller.adapters.results_service.tokens import Caller
from controller.errors import Unauthorized
from controller.model.digest import digest_bytes

CONTENT = b"0123456789" * 1000
DIGEST = digest_bytes(CONTENT)
BLOB = f"/v1/blobs/{DIGEST}"

Client = TestClient[web.Request, web.Application]
Play = Callable[[Client], Awaitable[None]]


class Service:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.owners: list[Owner | None] = []
        self.observed: list[tuple[str, int, int]] = []
        self.store: Blobs | None = None

    def _store_of(self, namespace: str, owner: Owner | None) -> Blobs:
        self.owners.append(owner)
        return self.store or FileBlobs(self.folder / namespace)

    async def _verify(self, token: str) -> Caller:
        await asyncio.sleep(0)
        namespace, _, pod = token.partition(":")
        if not pod:
            raise Unauthorized("the token is not valid")
        return Caller(namespace, "default", pod, f"{pod}-uid")

    def play(self, play: Play, limits: Limits = USUAL, **options: Any) -> None:
        application = make_application(
            store_of=self._store_of,
            verify=self._verify,
            limits=limits,
            observe=lambda route, status, moved, _: self.observed.append((route, status, moved)),
            **options,
        )

        async def run() -> None:
            async with TestClient(TestServer(application)) as client:
                await play(client)

        asyncio.run(run())


def as_(who: str = "team-a:pod-1", **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {who}", **{name.replace("_", "-"): value for name, value in more.items()}}


async def said(response: ClientResponse) -> tuple[int, str]:
    body = await response.json()
    assert body.keys() == {"reason", "message"}
    return response.status, body["reason"]
