"""Start libretto-store: `python -m controller.entrypoints.store`."""

import asyncio
import logging
import os
import signal
import sys
import time
from pathlib import Path

from aiohttp import web

from controller.adapters.clock import SystemClock
from controller.adapters.cluster.client import Client, Json
from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.resources import Resource
from controller.adapters.file_blob_store import FileBlobs, FileBlobStore
from controller.adapters.results_service.application import make_application, runner_of
from controller.adapters.results_service.blobs import Owner
from controller.adapters.results_service.certificates import Certificate
from controller.adapters.results_service.tokens import TokenVerifier, issuer_of
from controller.entrypoints.operator.logs import configure
from controller.entrypoints.operator.probes import Health
from controller.entrypoints.store.metrics import StoreMetrics
from controller.entrypoints.store.settings import Settings, settings_from
from controller.errors import ConfigurationInvalid

KEYS = Resource("", "v1", "keys", "Keys")
"""What the requests for the issuer's description count as."""

NAMESPACES = "namespaces"
"""Below the volume's folder: one folder for each, so that none sees the content of another."""

log = logging.getLogger("libretto.store")


def main() -> None:
    """Run until SIGTERM. Exit code 2 where the settings are wrong."""
    environment = dict(os.environ)
    try:
        settings = settings_from(environment)
        connection = _connection(environment)
        certificate = _certificate(settings)
    except ConfigurationInvalid as error:
        sys.stderr.write(f"{error.message}\n" + (f"  {error.hint}\n" if error.hint else ""))
        sys.exit(2)
    configure(settings.log_level, settings.log_format)
    asyncio.run(serve(settings, connection, certificate))


async def serve(settings: Settings, connection: Connection, certificate: Certificate | None = None) -> None:
    """Serve until a signal; what is under way then may end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await asyncio.to_thread(_sweep, settings.folder)
    client, metrics = Client(connection), StoreMetrics()
    service = runner_of(application(settings, client, metrics))
    probes = runner_of(Health(lambda: None, lambda: _unready(settings), metrics.page).application())
    renewal = asyncio.create_task(certificate.keep()) if certificate is not None else None
    tls = certificate.context if certificate is not None else None
    try:
        for runner, port, context in ((service, settings.results_port, tls), (probes, settings.port, None)):
            await runner.setup()
            await web.TCPSite(runner, "0.0.0.0", port, ssl_context=context).start()  # noqa: S104 - in a pod
        ports = [runner.addresses[0][1] for runner in (service, probes)]
        log.info("serving the blobs in %s on port %s, probes on %s", settings.folder, *ports)
        await stop.wait()
    finally:
        if renewal is not None:
            renewal.cancel()
        await service.cleanup()
        await probes.cleanup()
        await client.close()


def application(settings: Settings, client: Client, metrics: StoreMetrics) -> web.Application:
    """Return the service over the folder, with tokens of the API server that `client` reaches."""

    async def get(path: str) -> Json:
        return await client.request("GET", KEYS, path, "get")

    def store_of(namespace: str, _: Owner | None) -> FileBlobs:
        return FileBlobs(settings.folder / NAMESPACES / namespace)

    return make_application(
        store_of=store_of,
        verify=TokenVerifier(lambda: issuer_of(get), SystemClock()),
        trusted=settings.trusted,
        observe=metrics.observe,
    )


def _unready(settings: Settings) -> str | None:
    return None if settings.folder.is_dir() else f"{settings.folder} is not there"


def _sweep(folder: Path) -> None:
    for namespace in (folder / NAMESPACES).glob("*"):
        # Beside the times that the files themselves have.
        FileBlobStore(namespace).sweep(time.time())  # noqa: TID251


def _connection(environment: dict[str, str]) -> Connection:
    if environment.get("KUBECONFIG"):
        from controller.adapters.cluster.kubeconfig import from_kubeconfig

        return from_kubeconfig(environment["KUBECONFIG"]).connection
    return Connection.in_cluster(environment)


def _certificate(settings: Settings) -> Certificate | None:
    if settings.certificate is None or settings.key is None:
        return None
    return Certificate(settings.certificate, settings.key)


if __name__ == "__main__":
    main()
