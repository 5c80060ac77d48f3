"""Asking the API server: one session, few words, our errors. Nothing is retried here: who asks knows what may be."""

import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from controller.adapters.cluster.connection import Connection
from controller.adapters.cluster.replies import error_of
from controller.adapters.cluster.resources import Resource
from controller.errors import ServerUnavailable

Json = dict[str, Any]

REQUEST_S, CONNECT_S = 30.0, 5.0
"""A call that takes longer is taken for lost; a watch has limits of its own."""

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Forms of a reply that leave spec and status out: whoever wrote them knows them."""

ACCEPTED = "application/json, application/jwk-set+json"
"""The second is the form in which the API server gives the keys that it signs tokens with, and no other."""

_BRIEF = {"Accept": METADATA}

_LARGE = 2**20
"""From this size on aiohttp wants a body as a file, which it sends piece by piece."""

Counter = Callable[[str, str, int], None]
"""Told of every call: its verb, the resource, the code of the reply (0: none came)."""


def _uncounted(verb: str, resource: str, code: int) -> None:
    """Nobody counts."""


class Client:
    """Calls of the API server. Raises NotFound, AlreadyExists, Conflict, ObjectInvalid, Forbidden, Fenced, Throttled,
    TooLarge, Gone, Unauthorized and ServerUnavailable (which includes that no answer came: the call may have been
    carried out).
    """

    def __init__(self, connection: Connection, count: Counter = _uncounted) -> None:
        self._connection = connection
        self._count = count
        self._session: aiohttp.ClientSession | None = None

    @property
    def server(self) -> str:
        """Address of the API server."""
        return self._connection.server

    def session(self) -> aiohttp.ClientSession:
        """Return the session that all calls share; a new one where it was closed."""
        if self._session is None or self._session.closed:
            self._session = self._connection.session(aiohttp.ClientTimeout(total=REQUEST_S, sock_connect=CONNECT_S))
        return self._session

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str | None = None) -> Json:
        return await self.request("GET", resource, resource.path(namespace, name, subresource), "get")

    async def text(
        self, resource: Resource, namespace: str, name: str, subresource: str, query: Mapping[str, str] = {}
    ) -> str:
        """Return a part of an object that is no JSON, such as the log of a pod."""
        path = resource.path(namespace, name, subresource)
        content = await self._ask("GET", resource, path, "get", query=query, headers={"Accept": "*/*"})
        return content.decode(errors="replace")

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", parameters: Mapping[str, str] = {}
    ) -> Json:
        """Return the list object; its items have no kind."""
        query = {**({"labelSelector": labels} if labels else {}), **parameters}
        return await self.request("GET", resource, resource.path(namespace), "list", query=query)

    async def list_metadata(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", parameters: Mapping[str, str] = {}
    ) -> Json:
        """Return the list with nothing but the metadata of each item."""
        query = {**({"labelSelector": labels} if labels else {}), **parameters}
        path = resource.path(namespace)
        return await self.request("GET", resource, path, "list", query=query, headers={"Accept": METADATA_LIST})

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Json | bytes,
        *,
        dry_run: bool = False,
        brief: bool = False,
    ) -> Json:
        """Create an object and return it; `brief`: nothing but its metadata."""
        query, headers = {"dryRun": "All"} if dry_run else {}, _BRIEF if brief else {}
        path = resource.path(namespace)
        return await self.request("POST", resource, path, "create", body=body, query=query, headers=headers)

    async def replace(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Json | bytes,
        subresource: str | None = None,
        *,
        brief: bool = False,
    ) -> Json:
        """Replace an object and return it; `brief`: nothing but its metadata."""
        path, headers = resource.path(namespace, name, subresource), _BRIEF if brief else {}
        return await self.request("PUT", resource, path, "update", body=body, headers=headers)

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Any,
        *,
        form: str = MERGE_PATCH,
        subresource: str | None = None,
        query: Mapping[str, str] = {},
    ) -> Json:
        path, headers = resource.path(namespace, name, subresource), {"Content-Type": form}
        return await self.request("PATCH", resource, path, "patch", body=body, headers=headers, query=query)

    async def delete(
        self, resource: Resource, namespace: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> Json:
        """Delete an object; with `uid` only that very one."""
        body: Json = {"propagationPolicy": propagation}
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        return await self.request("DELETE", resource, resource.path(namespace, name), "delete", body=body)

    async def delete_collection(self, resource: Resource, namespace: str, labels: str) -> None:
        """Delete all objects with these labels in one call."""
        query = {"labelSelector": labels, "propagationPolicy": "Background"}
        await self.request("DELETE", resource, resource.path(namespace), "deletecollection", query=query)

    async def request(
        self,
        method: str,
        resource: Resource,
        path: str,
        verb: str,
        *,
        body: Any = None,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
    ) -> Json:
        """Make one call and return the JSON of its reply."""
        content = await self._ask(method, resource, path, verb, body=body, query=query, headers=headers)
        try:
            found: Json = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            # Nothing that an API server says: a middlebox answered in its place.
            raise ServerUnavailable(f"{verb} {resource.plural}: the answer is no JSON: {content[:100]!r}") from error
        return found

    async def _ask(
        self,
        method: str,
        resource: Resource,
        path: str,
        verb: str,
        *,
        body: Any = None,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
    ) -> bytes:
        data: Any = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        if data is not None and len(data) > _LARGE:
            data = io.BytesIO(data)
        what, code = f"{verb} {resource.plural} {path.rpartition('/')[2]}", 0
        sent = {"Content-Type": "application/json", "Accept": ACCEPTED, **headers}
        try:
            async with self.session().request(
                method, self._connection.server + path, data=data, params=query, headers=sent
            ) as reply:
                content = await reply.read()
                code = reply.status
                retry_after = reply.headers.get("Retry-After")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ServerUnavailable(f"{what}: no answer of the API server: {_said(error)}") from error
        finally:
            self._count(verb, resource.plural, code)
        if code >= 400:
            raise error_of(code, content, what, retry_after)
        return content

    @asynccontextmanager
    async def stream(
        self, resource: Resource, namespace: str | None, query: Mapping[str, str], quiet_s: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a watch. It ends with an error when nothing, not even a bookmark, comes for `quiet_s` seconds."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=quiet_s)
        what, code = f"watch {resource.plural}", 0
        try:
            async with self.session().get(
                self._connection.server + resource.path(namespace), params=query, timeout=timeout
            ) as reply:
                code = reply.status
                self._count("watch", resource.plural, code)
                if code >= 400:
                    raise error_of(code, await reply.read(), what, reply.headers.get("Retry-After"))
                try:
                    yield reply.content
                finally:
                    # To close it would be to wait for the goodbye of a server that may be gone; nobody waits for that.
                    if reply.connection is not None and reply.connection.transport is not None:
                        reply.connection.transport.abort()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise ServerUnavailable(f"{what}: the stream broke: {_said(error)}") from error


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
