"""How does the node speak to the API server? As a kubelet does: its own certificate, JSON, watches that are renewed."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp

Json = Mapping[str, Any]

_STRATEGIC = "application/strategic-merge-patch+json"
_RETRY_SECONDS = 0.2
_CONNECTIONS = 16
_LINE_BYTES = 8 << 20
_GONE = 410


class Refused(Exception):
    """The API server said no."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class Api:
    """A client of the API server that waits out its absences."""

    def __init__(self, server: str, ca: str, certificate: str, key: str) -> None:
        context = ssl.create_default_context(cafile=ca)
        context.load_cert_chain(certificate, key)
        self._session = aiohttp.ClientSession(
            server,
            connector=aiohttp.TCPConnector(ssl=context, limit=_CONNECTIONS + 1),
            read_bufsize=_LINE_BYTES,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
        )

    async def close(self) -> None:
        await self._session.close()

    async def get(self, path: str) -> Json:
        return await self._call("GET", path)

    async def create(self, path: str, body: Json) -> Json:
        return await self._call("POST", path, body)

    async def update(self, path: str, body: Json) -> Json:
        return await self._call("PUT", path, body)

    async def patch(self, path: str, body: Json) -> Json:
        """A strategic merge patch: conditions of others stay."""
        return await self._call("PATCH", path, body, _STRATEGIC)

    async def delete(self, path: str, body: Json) -> Json:
        return await self._call("DELETE", path, body)

    async def watch(self, path: str, selector: str) -> AsyncIterator[tuple[str, Json]]:
        """All objects, and then whatever happens to them, for ever: `(SYNC, list)` and `(ADDED|MODIFIED|DELETED, object)`."""
        version = ""
        while True:
            if not version:
                listed = await self._call("GET", path, query={"fieldSelector": selector})
                version = listed["metadata"]["resourceVersion"]
                yield "SYNC", listed
            query = {
                "fieldSelector": selector,
                "watch": "1",
                "allowWatchBookmarks": "1",
                "resourceVersion": version,
                "timeoutSeconds": "300",
            }
            try:
                async with self._session.get(path, params=query) as response:
                    if response.status != 200:
                        version = "" if response.status == _GONE else version
                        await asyncio.sleep(_RETRY_SECONDS)
                        continue
                    async for line in response.content:
                        event: Json = json.loads(line)
                        if event["type"] == "ERROR":
                            version = ""
                            break
                        version = event["object"]["metadata"]["resourceVersion"]
                        if event["type"] != "BOOKMARK":
                            yield event["type"], event["object"]
            except aiohttp.ClientError:
                await asyncio.sleep(_RETRY_SECONDS)

    async def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        kind: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Json:
        """Try until the server has an opinion: a node outlives its API server."""
        while True:
            data = None if body is None else json.dumps(body).encode()
            try:
                async with self._session.request(
                    method, path, data=data, params=query, headers={"Content-Type": kind}
                ) as response:
                    text = await response.text()
                    if response.status < 300:
                        answer: Json = json.loads(text)
                        return answer
                    if response.status not in {429, 500, 502, 503, 504}:
                        raise Refused(response.status, text)
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(_RETRY_SECONDS)
