"""Blobs without a store of their own: immutable ConfigMaps, in parts where one would be too large.

It is the default because it needs nothing but the API server; each blob costs a request more. Who stores much content
sets up an S3 bucket or libretto-store.
"""

import asyncio
import base64
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from controller.adapters.cluster.names import DIGEST, blob_name, managed_labels, owner_reference
from controller.errors import AlreadyExists, NotFound, TooLarge, VerificationFailed
from controller.model.digest import Digest, digest_bytes, short

Json = dict[str, Any]

BLOB = "blob"
"""Value of the kind label."""

FILE = "agent-file"
"""Value of the kind label of agents' files: owned by nobody, and executed by all runs that call the agent."""

LARGEST_PART = 900 * 1024
"""Compressed bytes of one ConfigMap: its limit is 1 MiB, with names and labels."""

MOST_PARTS = 64
"""Parts of one blob. 56 MiB in etcd is more than anybody should keep there."""

PARTS, SIZE = "libretto.dev/parts", "libretto.dev/size"


class ConfigMaps(Protocol):
    """ConfigMaps of one namespace."""

    async def create(self, body: Json) -> Json:
        """Raises AlreadyExists."""

    async def get(self, name: str) -> Json:
        """Raises NotFound."""

    async def own(self, name: str, owner: Json) -> None:
        """Add an owner, so that the map lives as long as the longest-lived one."""


class ConfigMapBlobs:
    """Stores the large blobs of one namespace. `owner` gives the Run that a new blob belongs to; None: nobody's, swept
    when no run refers to it.
    """

    def __init__(self, maps: ConfigMaps, namespace: str, owner: Callable[[], Json | None], kind: str = BLOB) -> None:
        self._maps = maps
        self._namespace = namespace
        self._owner = owner
        self._kind = kind

    async def put(self, digest: Digest, content: bytes) -> None:
        """Store; storing twice is storing once. Raises TooLarge."""
        packed = zlib.compress(content, 6)
        parts = [packed[start : start + LARGEST_PART] for start in range(0, len(packed), LARGEST_PART)]
        if len(parts) > MOST_PARTS:
            raise TooLarge(
                f"a blob of {len(content)} bytes does not fit into ConfigMaps",
                hint="set up an S3 bucket or libretto-store (chart value blobs.kind)",
            )
        # The first part comes last: where it is, all are.
        for number in reversed(range(len(parts))):
            await self._store(self._map(digest, number, len(parts), len(content), parts[number]))

    async def get(self, digest: Digest) -> bytes:
        """Return the content. Raises NotFound, VerificationFailed."""
        name = blob_name(digest, 0)
        first = await self._maps.get(name)
        count = _number(first, PARTS)
        rest = await asyncio.gather(*(self._part(digest, number, count) for number in range(1, count)))
        parts = f"ConfigMap {name}" if count == 1 else f"ConfigMap {name} with its {count} parts"
        try:
            content = zlib.decompress(b"".join(_content(one) for one in (first, *rest)))
        except zlib.error as error:
            raise VerificationFailed(f"{parts} cannot be decompressed: {error}") from error
        found = digest_bytes(content)
        if found != digest:
            raise VerificationFailed(f"{parts} holds {short(found)}, not {short(digest)}: somebody wrote to it")
        return content

    async def _part(self, digest: Digest, number: int, count: int) -> Json:
        name = blob_name(digest, number)
        try:
            return await self._maps.get(name)
        except NotFound as error:
            raise VerificationFailed(f"ConfigMap {name}, part {number + 1} of {count}, is not there") from error

    async def size(self, digest: Digest) -> int | None:
        """Return the number of bytes; None where there is no such blob. Raises VerificationFailed."""
        try:
            found = await self._maps.get(blob_name(digest, 0))
        except NotFound:
            return None
        return _number(found, SIZE)

    async def offer(self, digest: Digest) -> None:
        """What is published lies here, and here couriers look: their request says if it is missing."""

    async def _store(self, body: Json) -> None:
        try:
            await self._maps.create(body)
        except AlreadyExists:
            owner = self._owner()
            if owner is not None:
                await self._maps.own(body["metadata"]["name"], owner)

    def _map(self, digest: Digest, number: int, parts: int, size: int, content: bytes) -> Json:
        owner = self._owner()
        metadata: Json = {
            "name": blob_name(digest, number),
            "namespace": self._namespace,
            "labels": managed_labels(self._kind),
            "annotations": {DIGEST: digest, PARTS: str(parts), SIZE: str(size)},
        }
        if owner is not None:
            # Several runs may own it, so none of them is its controller.
            metadata["ownerReferences"] = [owner_reference(owner, controller=False)]
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "immutable": True,
            "binaryData": {"content": base64.b64encode(content).decode()},
        }


def _content(one: Json) -> bytes:
    try:
        return base64.b64decode(one["binaryData"]["content"])
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationFailed(f"ConfigMap {one['metadata']['name']} has no content: somebody wrote to it") from error


def _number(one: Json, name: str) -> int:
    try:
        return int(one["metadata"]["annotations"][name])
    except (KeyError, TypeError, ValueError) as error:
        raise VerificationFailed(
            f"ConfigMap {one['metadata']['name']} does not say {name} any more: somebody wrote to it"
        ) from error
