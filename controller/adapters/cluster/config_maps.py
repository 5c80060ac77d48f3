"""The ConfigMaps of one namespace, as blobs, shards and kept results need them."""

from collections.abc import Sequence
from typing import Any

from controller.adapters.cluster.client import JSON_PATCH, Client
from controller.adapters.cluster.names import NEEDED, owner_reference
from controller.adapters.cluster.resources import CONFIG_MAPS
from controller.errors import Conflict, ObjectInvalid

Json = dict[str, Any]

TRIES = 5
"""Two runs may add themselves as owners at one time."""


class NamespaceConfigMaps:
    """Calls about ConfigMaps of one namespace."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def create(self, body: Json) -> Json:
        """Create one, and return its metadata."""
        return await self._client.create(CONFIG_MAPS, self._namespace, body, brief=True)

    async def get(self, name: str) -> Json:
        return await self._client.get(CONFIG_MAPS, self._namespace, name)

    async def list(self, labels: str) -> Sequence[Json]:
        found = await self._client.list(CONFIG_MAPS, self._namespace, labels=labels)
        items: Sequence[Json] = found.get("items") or ()
        return items

    async def replace(self, body: Json) -> Json:
        return await self._client.replace(CONFIG_MAPS, self._namespace, body["metadata"]["name"], body)

    async def delete(self, name: str) -> None:
        await self._client.delete(CONFIG_MAPS, self._namespace, name)

    async def delete_all(self, labels: str) -> None:
        await self._client.delete_collection(CONFIG_MAPS, self._namespace, labels)

    async def own(self, name: str, owner: Json) -> None:
        """Add an owner, unless it is one already. What nobody owns is noted to be needed: it stays while there are runs."""
        for _ in range(TRIES):
            found = await self.get(name)
            metadata = found["metadata"]
            owners = metadata.get("ownerReferences") or []
            if any(one["uid"] == owner["metadata"]["uid"] for one in owners):
                return
            if not owners:
                if NEEDED not in (metadata.get("annotations") or {}):
                    note = {"metadata": {"uid": metadata["uid"], "annotations": {NEEDED: "true"}}}
                    await self._client.patch(CONFIG_MAPS, self._namespace, name, note)
                return
            added = [*owners, owner_reference(owner, controller=False)]
            version = metadata["resourceVersion"]
            patch = [
                {"op": "test", "path": "/metadata/resourceVersion", "value": version},
                {"op": "replace", "path": "/metadata/ownerReferences", "value": added},
            ]
            try:
                await self._client.patch(CONFIG_MAPS, self._namespace, name, patch, form=JSON_PATCH)
            except (Conflict, ObjectInvalid):
                continue
            return
        raise Conflict(f"ConfigMap {name} changes all the time")
