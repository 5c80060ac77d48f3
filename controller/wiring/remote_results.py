"""How do people read what lies in a bucket or in libretto-store? Through the results service, where they say how to reach it."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp

from controller.adapters.cluster.beside_config_maps import BesideConfigMaps, Offered
from controller.adapters.cluster.blob_store import LargeBlobs
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.results_service.certificates import Authority
from controller.adapters.store_blobs import StoreBlobs
from controller.errors import ConfigurationInvalid
from controller.ports.clock import Clock

CONNECT_S, QUIET_S = 5.0, 30.0
"""Seconds until a connection must stand, and in which something must have moved on it."""

URL, TOKEN, CA = "LIBRETTO_RESULTS_URL", "LIBRETTO_RESULTS_TOKEN_FILE", "LIBRETTO_RESULTS_CA"

HOW = "docs/spec/results.md#who-looks-on says how to get one"


class RemoteResults:
    """The blobs of a namespace for somebody who reads: the results service first, if it was named, then ConfigMaps."""

    def __init__(self, environment: Mapping[str, str], namespace: str, maps: ConfigMapBlobs, clock: Clock) -> None:
        """Raises ConfigurationInvalid."""
        self._session: aiohttp.ClientSession | None = None
        self.blobs: LargeBlobs = maps
        url, token, ca = (environment.get(name, "") for name in (URL, TOKEN, CA))
        if not url:
            return
        if not url.startswith(("http://", "https://")):
            raise ConfigurationInvalid(f"{URL} is {url!r}; expected http:// or https://")
        if not Path(token).is_file():
            raise ConfigurationInvalid(f"{TOKEN} is {token!r}; with {URL} it names a file with a token", hint=HOW)
        tls = Authority(Path(ca)).context if ca else ssl.create_default_context
        store = StoreBlobs(self._opened, url, Path(token), namespace, tls)
        self.blobs = BesideConfigMaps(namespace, store, maps, Offered(clock.monotonic))

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=QUIET_S)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._session
