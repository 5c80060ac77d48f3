"""What an operator writes into the status of a run comes back by the watch. It is known already, so kopf need not see it."""

import re
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Any

import aiohttp

from controller.adapters.cluster.resources import Resource

_CHANGED = b'{"type":"MODIFIED"'
_WHICH = re.compile(rb'"resourceVersion":"(\d+)","uid":"([^"]+)"')
"""Of the metadata: they come before all that a person may write, but for annotations, and who forges those deceives himself
about his own object only.
"""


class WithoutEchoes:
    """Middleware of kopf's session: leaves events out of a watch that say no more than what is known.

    To kopf an event costs a tenth of what a step costs the operator. kopf may ask for the same events once more when it opens
    the watch again; they are left out then, too.
    """

    def __init__(self, resource: Resource, version_of: Callable[[str], str | None]) -> None:
        """`version_of` returns the version at which the object of a uid is known."""
        self._path = f"/{resource.plural}"
        self._version_of = version_of

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        watches = request.url.query.get("watch") == "true" and request.url.path.endswith(self._path)
        if watches and response.status == HTTPStatus.OK:
            # It reads as one does, which is all that kopf asks of it.
            response.content = _Content(response.content, self._is_echo)  # type: ignore[assignment]
        return response

    def _is_echo(self, line: bytes) -> bool:
        found = _WHICH.search(line) if line.startswith(_CHANGED) else None
        return found is not None and self._version_of(found[2].decode()) == found[1].decode()


class _Content:
    """The content of a response, without some of its lines."""

    def __init__(self, content: aiohttp.StreamReader, left_out: Callable[[bytes], bool]) -> None:
        self._content = content
        self._left_out = left_out

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)

    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Yield what is there, in whole lines."""
        rest = b""
        async for chunk in self._content.iter_chunked(size):
            *lines, rest = (rest + chunk).split(b"\n")
            kept = [line for line in lines if not self._left_out(line)]
            if kept:
                yield b"\n".join([*kept, b""])
        if rest:
            yield rest
