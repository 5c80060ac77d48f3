"""Does a container answer? Startup, readiness and liveness probes by exec, http and tcp."""

import asyncio
import dataclasses
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests.cluster.process_node.launcher import Launcher, NotStarted, Process
from tests.cluster.process_node.sandbox import Plan

_SIGKILL = 9


@dataclasses.dataclass(frozen=True)
class Prober:
    """Probes of one running container."""

    launcher: Launcher
    process: Process
    plan: Plan
    address: str
    ports: Mapping[str, int]
    """Named ports of the container."""

    async def watch(self, probe: Mapping[str, Any], answered: Callable[[bool], bool]) -> None:
        """Probe for ever, or until `answered` says so. It hears each change that the thresholds let through.

        A probe starts as failing, and its first success is told whatever the threshold of failures.
        """
        await asyncio.sleep(probe.get("initialDelaySeconds", 0))
        count, previous = 0, None
        while True:
            healthy = await self._once(probe)
            count = count + 1 if healthy is previous else 1
            previous = healthy
            threshold = probe.get("successThreshold", 1) if healthy else probe.get("failureThreshold", 3)
            if count == threshold and answered(healthy):
                return
            await asyncio.sleep(probe.get("periodSeconds", 10))

    async def _once(self, probe: Mapping[str, Any]) -> bool:
        try:
            async with asyncio.timeout(probe.get("timeoutSeconds", 1)):
                if "exec" in probe:
                    return await self.execute(probe["exec"]["command"]) == 0
                if "httpGet" in probe:
                    return await self._http(probe["httpGet"])
                if "tcpSocket" in probe:
                    return await self._tcp(probe["tcpSocket"])
        except (TimeoutError, OSError, aiohttp.ClientError):
            return False
        raise NotImplementedError(f"this node has no probe of kind {', '.join(probe)}")

    async def execute(self, command: list[str]) -> int:
        """Run a command in the container and return its exit status."""
        output = str(Path(self.plan.scratch).with_name("probe"))
        try:
            run = await self.launcher.join(
                self.process, dataclasses.replace(self.plan, argv=command, mounts=(), log=output)
            )
        except NotStarted:
            return 1
        try:
            return await asyncio.shield(run.ended)
        except asyncio.CancelledError:
            run.signal(_SIGKILL)
            raise

    async def _http(self, request: Mapping[str, Any]) -> bool:
        scheme = request.get("scheme", "HTTP").lower()
        host = request.get("host") or self.address
        url = f"{scheme}://{host}:{self._port(request['port'])}/{request.get('path', '/').lstrip('/')}"
        headers = {each["name"]: each["value"] for each in request.get("httpHeaders", [])}
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            return 200 <= response.status < 400

    async def _tcp(self, request: Mapping[str, Any]) -> bool:
        _, writer = await asyncio.open_connection(request.get("host") or self.address, self._port(request["port"]))
        writer.close()
        return True

    def _port(self, port: int | str) -> int:
        return self.ports[port] if isinstance(port, str) else port
