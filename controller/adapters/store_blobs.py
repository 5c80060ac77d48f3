"""Blobs behind libretto-store, as the operator reaches them: over HTTP, with the token of its own account."""

import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp

from controller.errors import NotFound, StoreUnavailable, TooLarge, VerificationFailed
from controller.model.digest import Digest

NAMESPACE = "Libretto-Namespace"
"""Header by which a trusted account says whose blobs it means."""


class StoreBlobs:
    """The blobs of one namespace. Raises NotFound, TooLarge, StoreUnavailable."""

    def __init__(
        self,
        session: Callable[[], aiohttp.ClientSession],
        address: str,
        token_file: Path,
        namespace: str,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        """`session` must put no other token on a request. `tls` gives what verifies an address with `https`; None: what the session has."""
        self._tls = tls
        self._session = session
        self._address = address.rstrip("/")
        self._token_file = token_file
        self._namespace = namespace

    async def put(self, digest: Digest, content: bytes) -> None:
        """Store; twice is once."""
        await self._ask("PUT", digest, content)

    async def get(self, digest: Digest) -> bytes:
        """Return the content."""
        return (await self._ask("GET", digest))[1]

    async def size(self, digest: Digest) -> int | None:
        """Return the number of bytes; None where there is no such blob."""
        try:
            return (await self._ask("HEAD", digest))[0]
        except NotFound:
            return None

    async def _ask(self, method: str, digest: Digest, content: bytes | None = None) -> tuple[int, bytes]:
        trusted: ssl.SSLContext | bool = True if self._tls is None else self._tls()
        what = f"{method} blob {digest} of libretto-store"
        try:
            headers = {"Authorization": f"Bearer {self._token_file.read_text().strip()}", NAMESPACE: self._namespace}
            async with self._session().request(
                method, f"{self._address}/v1/blobs/{digest}", data=content, headers=headers, ssl=trusted
            ) as reply:
                body = await reply.read()
                size = int(reply.headers.get("Content-Length") or len(body))
                status = reply.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise StoreUnavailable(f"{what}: no answer: {str(error) or type(error).__name__}") from error
        said = body[:300].decode(errors="replace")
        match status:
            case 404:
                raise NotFound(f"there is no blob {digest}")
            case 413:
                raise TooLarge(f"{what}: {said}")
            case 422:
                raise VerificationFailed(f"{what}: {said}")
            case _ if status >= 400:
                raise StoreUnavailable(f"{what}: {status} {said}")
            case _:
                return size, body
