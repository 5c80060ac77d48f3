"""What does the API server ask of the node? The logs of containers, as `kubectl logs` wants them."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cluster.process_node.container import Container
from tests.cluster.process_node.kubelet import Kubelet
from tests.cluster.process_node.states import Running, Waiting

_LOOK_SECONDS = 0.05
_CHUNK_BYTES = 1 << 16


class LogServer:
    """The kubelet's HTTPS endpoint, as far as logs go."""

    def __init__(self, kubelet: Kubelet, address: str, folder: Path) -> None:
        self._kubelet = kubelet
        self._address = address
        self._folder = folder
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; returns the port."""
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._address, 0, ssl_context=_certificate(self._folder, self._address))
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        where = (request.match_info[each] for each in ("namespace", "pod", "container"))
        container = self._kubelet.container(*where)
        if container is None:
            return web.Response(status=404, text="no such container on this node\n")
        record = container.record
        previous = request.query.get("previous") == "true"
        if previous and record.last is None:
            text = f'previous terminated container "{record.name}" not found\n'
            return web.Response(status=400, text=text)
        if isinstance(record.state, Waiting) and not record.last:
            text = f'container "{record.name}" is waiting to start: {record.state.reason}\n'
            return web.Response(status=400, text=text)
        log = container.place(previous=previous).log
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        lines = request.query.get("tailLines")
        limit = int(request.query.get("limitBytes", 1 << 40))
        data = log.read_bytes() if log.exists() else b""
        offset = len(data)
        if lines is not None:
            data = b"".join(data.splitlines(keepends=True)[-int(lines) :]) if int(lines) else b""
        await response.write(data[:limit])
        if request.query.get("follow") == "true" and not previous:
            await _follow(response, container, log, offset)
        await response.write_eof()
        return response


async def _follow(response: web.StreamResponse, container: Container, log: Path, offset: int) -> None:
    """Write what is added, until the container that was asked for has ended."""
    while True:
        running = isinstance(container.record.state, Running) and container.place().log == log
        with log.open("rb") as stream:
            stream.seek(offset)
            while chunk := stream.read(_CHUNK_BYTES):
                offset += len(chunk)
                await response.write(chunk)
        if not running:
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _certificate(folder: Path, address: str) -> ssl.SSLContext:
    """Signed by itself: the API server accepts any, unless it was given an authority for kubelets."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "process-node")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "serving.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
