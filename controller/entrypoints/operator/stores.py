"""Where does large content go, and who takes it from couriers? ConfigMaps, a bucket, or libretto-store."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from controller.adapters.cluster.beside_config_maps import BesideConfigMaps, Offered
from controller.adapters.cluster.blob_store import LargeBlobs
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.jobs.place import Courier
from controller.adapters.cluster.resources import Resource
from controller.adapters.results_service.application import make_application
from controller.adapters.results_service.blobs import Blobs, Gathered, Memory, Owner
from controller.adapters.results_service.certificates import Authority, Certificate
from controller.adapters.results_service.tokens import TokenVerifier, issuer_of
from controller.entrypoints.operator.settings import Settings
from controller.ports.clock import Clock

if TYPE_CHECKING:
    from controller.adapters.s3_blob_store import S3Blobs

Json = dict[str, Any]

KEYS = Resource("", "v1", "keys", "Keys")
"""What requests for the issuer of tokens count as."""


STORE_CONNECT_S, STORE_QUIET_S = 5.0, 30.0
"""Seconds until a connection to libretto-store must stand, and in which something must have moved on it."""


class Stores:
    """The stores of all namespaces, as trees and couriers use them. Raises ConfigurationInvalid."""

    def __init__(self, settings: Settings, client: Client, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self._memory = Memory()
        self._offered = Offered(clock.monotonic)
        self._authority = Authority(settings.results_ca) if settings.results_ca is not None else None
        self._sessions: list[aiohttp.ClientSession] = []
        self._system: ssl.SSLContext | None = None
        self.certificate: Certificate | None = None
        """By which the results service speaks TLS; None: it speaks plain HTTP."""
        if settings.results_certificate is not None and settings.results_key is not None:
            self.certificate = Certificate(settings.results_certificate, settings.results_key)

    async def close(self) -> None:
        """Close the connections to libretto-store."""
        if self._sessions:
            await self._sessions.pop().close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the session for libretto-store: that of the API server would put the operator's own token on each request."""
        if not self._sessions:
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=STORE_CONNECT_S, sock_read=STORE_QUIET_S)
            self._sessions.append(aiohttp.ClientSession(timeout=timeout))
        return self._sessions[0]

    def _tls(self) -> ssl.SSLContext:
        """Return what verifies libretto-store."""
        if self._authority is not None:
            return self._authority.context()
        if self._system is None:
            self._system = ssl.create_default_context()
        return self._system

    @property
    def courier(self) -> Courier:
        """What couriers are told: whom they may believe, too."""
        told = self._settings.courier
        return told if self._authority is None else told._replace(authority=self._authority.text)

    def of_tree(self, namespace: str, owner: Callable[[], Json | None]) -> LargeBlobs:
        """Return the store for what a tree leaves."""
        maps = ConfigMapBlobs(NamespaceConfigMaps(self._client, namespace), namespace, owner)
        match self._settings.blobs:
            case "s3":
                return BesideConfigMaps(namespace, self._bucket(namespace), maps, self._offered)
            case "store":
                from controller.adapters.store_blobs import StoreBlobs

                token = Path(self._settings.store_token)
                store = StoreBlobs(self._session, self._settings.store_url, token, namespace, self._tls)
                return BesideConfigMaps(namespace, store, maps, self._offered)
            case _:
                return maps

    def service(self) -> web.Application:
        """Return the results service over these stores. With libretto-store couriers go there instead."""

        async def get(path: str) -> Json:
            return await self._client.request("GET", KEYS, path, "get")

        return make_application(
            store_of=self._of_courier,
            verify=TokenVerifier(lambda: issuer_of(get), self._clock),
        )

    def _of_courier(self, namespace: str, owner: Owner | None) -> Blobs:
        if self._settings.blobs == "s3":
            return self._bucket(namespace)

        def owning() -> Json | None:
            return None if owner is None else {"metadata": {"name": owner.name, "uid": owner.uid}}

        maps = NamespaceConfigMaps(self._client, namespace)
        return Gathered(ConfigMapBlobs(maps, namespace, owning), self._memory)

    def _bucket(self, namespace: str) -> "S3Blobs":
        from controller.adapters.s3_blob_store import Bucket, S3Blobs, store_of

        given = self._settings.s3
        assert given is not None  # checked with the settings
        return S3Blobs(
            store_of(
                Bucket(
                    given.bucket,
                    namespace,
                    given.endpoint,
                    given.region,
                    allow_http=given.allow_http,
                )
            )
        )
