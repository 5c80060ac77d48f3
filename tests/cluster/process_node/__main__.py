"""The node's own process: settings on the first line of its input, orders on the others, the end with its last."""

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.cluster.process_node import sandbox
from tests.cluster.process_node.launcher import Launcher, start_spawner
from tests.cluster.process_node.settings import Settings


def main() -> None:
    settings = Settings.decode(sys.stdin.readline())
    sandbox.private_mounts()
    sandbox.mount_tmpfs(settings.folder)
    connection, spawner = start_spawner()
    try:
        asyncio.run(_serve(settings, connection))
    finally:
        connection.close()
        spawner.kill()
        spawner.wait()


async def _serve(settings: Settings, connection: socket.socket) -> None:
    from tests.cluster.process_node.api import Api
    from tests.cluster.process_node.container import Machine
    from tests.cluster.process_node.kubelet import Kubelet
    from tests.cluster.process_node.layers import Layer
    from tests.cluster.process_node.registration import Registration
    from tests.cluster.process_node.serving import LogServer

    folder = Path(settings.folder)
    layers = {
        name: Layer(folder / "layers" / str(place), image)
        for place, (name, image) in enumerate(settings.images.items())
    }
    launcher = Launcher(settings.starts_at_once)
    await launcher.connect(connection)
    api = Api(settings.server, settings.ca, settings.certificate, settings.key)
    address = _own_address(settings.server)
    kubelet = Kubelet(api, Machine(launcher, layers, address, settings.restart_backoff), settings)
    logs = LogServer(kubelet, address, folder)
    registration = Registration(api, settings.name, address, await logs.start(), private=settings.private)
    await registration.announce()
    endless = [asyncio.create_task(registration.keep()), asyncio.create_task(kubelet.run())]
    orders = asyncio.create_task(_obey(kubelet))
    done, _ = await asyncio.wait([*endless, orders], return_when=asyncio.FIRST_COMPLETED)
    for task in endless:
        task.cancel()
    await registration.retire()
    await logs.stop()
    await api.close()
    for task in done:
        task.result()


async def _obey(kubelet: Any) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _answer()
    while line := await reader.readline():
        order = json.loads(line)
        _answer(problem=kubelet.evict(order["namespace"], order["pod"], order["grace"]))


def _answer(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _own_address(server: str) -> str:
    """The address by which this machine is seen from the API server."""
    url = urlsplit(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent; it only chooses a route.
        probe.connect((url.hostname, url.port or 443))
        return str(probe.getsockname()[0])


if __name__ == "__main__":
    main()
