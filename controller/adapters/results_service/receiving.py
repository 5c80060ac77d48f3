"""Content that comes in: is it what it says it is, and does it come at all?"""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from blake3 import blake3

from controller.adapters.results_service.limits import Limits
from controller.errors import TooLarge, VerificationFailed
from controller.model.digest import Digest


def declared_size(request: web.Request, limits: Limits) -> int:
    """Return how many bytes a request brings. Raises TooLarge, HTTPLengthRequired, HTTPUnsupportedMediaType."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise web.HTTPUnsupportedMediaType(text="content is stored as it is: send it without Content-Encoding")
    if request.content_length is None:
        raise web.HTTPLengthRequired(text="say the length of the content (Content-Length)")
    if request.content_length > limits.largest_blob:
        raise TooLarge(f"{request.content_length} bytes; at most {limits.largest_blob} are taken")
    return request.content_length


async def checked(request: web.Request, digest: Digest, size: int, limits: Limits) -> AsyncIterator[bytes]:
    """Yield the content. Raises VerificationFailed at its end where it is not what the digest says."""
    hasher, received = blake3(), 0
    while True:
        try:
            async with asyncio.timeout(limits.quiet_s):
                part = await request.content.readany()
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text=f"nothing came for {limits.quiet_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            # Nobody reads this; it ends the transfer.
            raise web.HTTPBadRequest(text="the connection broke off") from error
        if not part:
            break
        hasher.update(part)
        received += len(part)
        yield part
    found = "blake3:" + hasher.hexdigest()
    if received != size or found != digest:
        raise VerificationFailed(f"the {received} bytes that came have the digest {found}")
