"""Which store the operator uses, and what it shows of itself there."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from controller.adapters.cluster.beside_config_maps import BesideConfigMaps
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.connection import Connection
from controller.adapters.results_service.certificates import Certificate
from controller.entrypoints.operator.settings import S3, Settings
from controller.entrypoints.operator.stores import Stores
from controller.errors import ConfigurationInvalid, StoreUnavailable
from controller.model.digest import digest_bytes
from tests.cluster.certificates import Authority
from tests.fakes.clock import SettableClock

CONTENT = b"x" * 5000
DIGEST = digest_bytes(CONTENT)


class Store:
    """A libretto-store that has one blob, and remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[tuple[str | None, str | None]] = []

    async def _get(self, request: web.Request) -> web.Response:
        await asyncio.sleep(0)
        self.shown.append((request.headers.get("Authorization"), request.headers.get("Libretto-Namespace")))
        return web.Response(body=CONTENT)

    async def play(self, use: Callable[[str], Awaitable[None]], tls: ssl.SSLContext | None = None) -> None:
        application = web.Application()
        application.router.add_get("/v1/blobs/{digest}", self._get)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        try:
            await use(f"{'http' if tls is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}")
        finally:
            await runner.cleanup()


def stores(settings: Settings) -> Stores:
    # As in a pod: the session of the API server has a token of its own.
    connection = Connection("https://10.0.0.1", ssl.create_default_context(), token="of-the-api")
    return Stores(settings, Client(connection), SettableClock())


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("of-the-store\n")
    return file


async def reads(made: Stores) -> None:
    try:
        assert await made.of_tree("team", lambda: None).get(DIGEST) == CONTENT
    finally:
        await made.close()


def test_a_store_never_sees_the_token_of_the_api_server(token: Path) -> None:
    store = Store()

    async def use(url: str) -> None:
        await reads(stores(Settings(blobs="store", store_url=url, store_token=str(token))))

    asyncio.run(store.play(use))
    assert store.shown == [("Bearer of-the-store", "team")]


def test_a_store_with_a_certificate_is_believed_if_the_authority_is_ours(token: Path, tmp_path: Path) -> None:
    signer, other = Authority(tmp_path / "signer"), Authority(tmp_path / "other")
    signer.create()
    other.create()
    certificate = Certificate(*signer.server("store", ["127.0.0.1"]))
    store = Store()

    async def use(url: str) -> None:
        settings = Settings(blobs="store", store_url=url, store_token=str(token))
        made = stores(settings._replace(results_ca=signer.certificate))
        assert made.courier.environment() == {"LIBRETTO_RESULTS_CA": signer.certificate.read_text()}
        await reads(made)
        for wrong in (settings, settings._replace(results_ca=other.certificate)):
            with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
                await reads(stores(wrong))

    asyncio.run(store.play(use, certificate.context))
    assert len(store.shown) == 1


def test_a_token_that_is_missing_is_told(tmp_path: Path) -> None:
    async def use(url: str) -> None:
        with pytest.raises(StoreUnavailable, match="token"):
            await reads(stores(Settings(blobs="store", store_url=url, store_token=str(tmp_path / "token"))))

    asyncio.run(Store().play(use))


def test_each_kind_has_its_store(token: Path) -> None:
    bucket = S3("b", "http://127.0.0.1:9", "us-east-1", True)
    kinds = {
        "configmap": ConfigMapBlobs,
        "s3": BesideConfigMaps,
        "store": BesideConfigMaps,
    }
    for kind, expected in kinds.items():
        settings = Settings(blobs=kind, s3=bucket, store_url="http://127.0.0.1:9", store_token=str(token))
        assert type(stores(settings).of_tree("team", lambda: None)) is expected
    assert stores(Settings()).courier == Settings().courier
    assert stores(Settings()).certificate is None


def test_files_that_are_no_certificates_are_told_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid):
        stores(Settings(results_ca=tmp_path / "ca.crt"))
    with pytest.raises(ConfigurationInvalid):
        stores(Settings(results_certificate=tmp_path / "tls.crt", results_key=tmp_path / "tls.key"))
