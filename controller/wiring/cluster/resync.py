"""Did a watch miss anything? Now and then the caches that kopf feeds are compared with the API server."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.pages import identity, whole
from controller.adapters.cluster.resources import Resource
from controller.errors import NotFound

Json = dict[str, Any]


class Resync:
    """Compares by names and versions, which costs little, and reads again only what differs."""

    def __init__(
        self,
        client: Client,
        caches: Mapping[Resource, Cache],
        namespaces: Sequence[str],
        monotonic: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`monotonic` returns seconds of a clock that never goes back."""
        self._client = client
        self._caches = caches
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._monotonic = monotonic
        self._compared_at = {resource: monotonic() for resource in caches}

    async def relist(self) -> None:
        """Read everything as it is now. Raises what the API server says."""
        for resource, cache in self._caches.items():
            for namespace in self._namespaces:
                items, version = await whole(self._client.list, resource, namespace, slim=cache.remembered)
                cache.replace(items, version, namespace)
            self._compared_at[resource] = self._monotonic()

    async def compare(self) -> int:
        """Mend what differs, and return how many objects did. Raises what the API server says."""
        mended = 0
        for resource, cache in self._caches.items():
            for namespace in self._namespaces:
                mended += await self._compare(resource, cache, namespace)
            self._compared_at[resource] = self._monotonic()
        return mended

    def ages(self) -> dict[str, float]:
        """Return for each kind the seconds since all of it was compared; before the first time, since the start."""
        now = self._monotonic()
        return {resource.kind: now - at for resource, at in self._compared_at.items()}

    async def _compare(self, resource: Resource, cache: Cache, namespace: str | None) -> int:
        listed, version = await whole(self._client.list_metadata, resource, namespace, slim=identity)
        there = {metadata["uid"]: metadata for metadata in listed}
        mended = 0
        for known in list(cache.all(namespace)):
            metadata = known["metadata"]
            if metadata["uid"] not in there and int(metadata["resourceVersion"]) <= int(version):
                cache.remove(known)
                mended += 1
        for metadata in there.values():
            place = metadata.get("namespace", ""), metadata["name"]
            have = cache.get(*place)
            if have is None or int(have["metadata"]["resourceVersion"]) < int(metadata["resourceVersion"]):
                try:
                    cache.put(await self._client.get(resource, *place))
                except NotFound:
                    continue
                mended += 1
        return mended
