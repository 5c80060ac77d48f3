"""The service shows the newest certificate that it could read, and those who ask believe the newest authority."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, web

from controller.adapters.results_service.certificates import Authority, Certificate
from controller.errors import ConfigurationInvalid
from tests.cluster.certificates import Authority as Signer

Write = Callable[[str], tuple[Path, Path, Path]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes certificate, key and authority as a Secret that is mounted, of a signer of that name."""

    def written(name: str) -> tuple[Path, Path, Path]:
        signer = Signer(tmp_path / name)
        signer.create()
        chain, key = signer.server("service", ["127.0.0.1"])
        for file, source in (("tls.crt", chain), ("tls.key", key), ("ca.crt", signer.certificate)):
            # Another file takes the name, as when the kubelet tells of a changed Secret.
            source.replace(tmp_path / file)
        return tmp_path / "tls.crt", tmp_path / "tls.key", tmp_path / "ca.crt"

    return written


async def reached(served: ssl.SSLContext, trusted: ssl.SSLContext) -> bool:
    """Whether somebody who trusts reaches who serves."""

    async def healthy(_: web.Request) -> web.Response:
        await asyncio.sleep(0)
        return web.Response(text="ok")

    application = web.Application()
    application.router.add_get("/", healthy)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=served)
    await site.start()
    try:
        async with (
            ClientSession() as session,
            session.get(f"https://127.0.0.1:{runner.addresses[0][1]}/", ssl=trusted) as reply,
        ):
            return reply.status == 200
    except ClientConnectorCertificateError:
        return False
    finally:
        await runner.cleanup()


def test_a_renewed_certificate_is_shown_without_a_restart(write: Write) -> None:
    chain, key, file = write("first")
    certificate, authority = Certificate(chain, key), Authority(file)
    old = authority.context()
    assert asyncio.run(reached(certificate.context, old))
    assert not certificate.renew()
    write("second")
    assert certificate.renew()
    assert not asyncio.run(reached(certificate.context, old))
    assert asyncio.run(reached(certificate.context, authority.context()))
    assert authority.text() == file.read_text()


def test_what_cannot_be_read_leaves_the_old_one_in_use(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    chain, key, file = write("first")
    certificate, authority = Certificate(chain, key), Authority(file)
    text = file.read_text()
    key.write_text("half of it")
    file.unlink()
    assert not certificate.renew()
    assert authority.text() == text
    assert asyncio.run(reached(certificate.context, authority.context()))
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert len(caplog.records) >= 2


def test_nothing_begins_with_files_that_are_none(write: Write, tmp_path: Path) -> None:
    chain, key, file = write("first")
    (tmp_path / "other").write_text("no certificate")
    for wrong in (tmp_path / "other", tmp_path / "absent"):
        for pair in ((wrong, key), (chain, wrong)):
            with pytest.raises(ConfigurationInvalid, match="no certificate with its key"):
                Certificate(*pair)
        with pytest.raises(ConfigurationInvalid, match="no certificates of an authority"):
            Authority(wrong)
    assert Authority(file).text()
