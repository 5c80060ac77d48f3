"""How is the API server reached, and as whom? From inside of a pod three files say it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path

import aiohttp
import orjson

from controller import __version__
from controller.errors import ConfigurationInvalid

IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount")

TOKEN_S = 60.0
"""How long a token that was read from its file is used: the kubelet renews it long before it expires."""

AGENT = f"libretto/{__version__}"


class Connection:
    """An address, and what proves who asks."""

    def __init__(
        self, server: str, tls: ssl.SSLContext | None, *, token_file: Path | None = None, token: str | None = None
    ) -> None:
        self.server = server.rstrip("/")
        self._tls = tls
        self._token_file = token_file
        self._token = token

    @classmethod
    def in_cluster(cls, environment: Mapping[str, str], folder: Path = IN_CLUSTER) -> "Connection":
        """Return the connection of a pod's own account. Raises ConfigurationInvalid outside of a pod."""
        host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
        if not host or not (folder / "token").exists():
            raise ConfigurationInvalid(
                "this is no pod with a service account: there is no API server to speak with",
                hint="set KUBECONFIG, or mount a service account's token",
            )
        tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        name = f"[{host}]" if ":" in host else host
        return cls(f"https://{name}:{port}", tls, token_file=folder / "token")

    def session(
        self, timeout: aiohttp.ClientTimeout, *middlewares: aiohttp.ClientMiddlewareType
    ) -> aiohttp.ClientSession:
        """Return a new session; its replies come through `middlewares`."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls or False, limit=0, keepalive_timeout=60),
            timeout=timeout,
            headers={"User-Agent": AGENT},
            middlewares=(*middlewares, *((_Bearer(self._read_token),) if self._token or self._token_file else ())),
            json_serialize=lambda value: orjson.dumps(value).decode(),
        )

    def _read_token(self) -> str:
        if self._token_file is not None:
            return self._token_file.read_text().strip()
        return self._token or ""


class _Bearer:
    """Puts the token on every request, and reads it again from time to time, and after it was refused."""

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._value = ""
        self._read_at: float | None = None

    async def __call__(
        self,
        request: aiohttp.ClientRequest,
        handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
    ) -> aiohttp.ClientResponse:
        now = asyncio.get_running_loop().time()
        if self._read_at is None or now - self._read_at > TOKEN_S:
            self._value, self._read_at = f"Bearer {self._read()}", now
        request.headers["Authorization"] = self._value
        reply = await handler(request)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._read_at = None  # perhaps the file has a newer one by now
        return reply
