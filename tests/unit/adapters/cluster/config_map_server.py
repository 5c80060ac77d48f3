"""ConfigMaps of one namespace as an API server keeps them: versions, owners, and patches that compare first."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from controller.adapters.cluster.client import JSON_PATCH, MERGE_PATCH, Client
from controller.adapters.cluster.resources import CONFIG_MAPS, Resource
from controller.errors import AlreadyExists, NotFound, ObjectInvalid

Json = dict[str, Any]


class ConfigMapServer(Client):
    """What NamespaceConfigMaps calls. `before` is called before each call is carried out, with its verb."""

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.maps: dict[str, Json] = {}
        self.calls: list[str] = []
        self.before = before
        self.version = 0

    def keep(self, body: Json) -> Json:
        self.version += 1
        kept = copy.deepcopy(body)
        kept["metadata"]["resourceVersion"] = str(self.version)
        self.maps[body["metadata"]["name"]] = kept
        return copy.deepcopy(kept)

    def _called(self, verb: str, resource: Resource, namespace: str | None) -> None:
        assert (resource, namespace) == (CONFIG_MAPS, "space")
        self.calls.append(verb)
        self.before(verb)

    def _there(self, name: str) -> Json:
        if name not in self.maps:
            raise NotFound(name)
        return self.maps[name]

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str | None = None) -> Json:
        self._called("get", resource, namespace)
        assert subresource is None
        return copy.deepcopy(self._there(name))

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", parameters: Mapping[str, str] = {}
    ) -> Json:
        self._called("list", resource, namespace)
        assert not parameters
        name, _, value = labels.partition("=")
        found = [one for one in self.maps.values() if (one["metadata"].get("labels") or {}).get(name) == value]
        return {"items": found} if found else {"items": None}  # what a server written in Go may say

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Json | bytes,
        *,
        dry_run: bool = False,
        brief: bool = False,
    ) -> Json:
        self._called("create", resource, namespace)
        assert isinstance(body, dict)
        assert brief
        assert not dry_run
        if body["metadata"]["name"] in self.maps:
            raise AlreadyExists(body["metadata"]["name"])
        return {"metadata": self.keep(body)["metadata"]}

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
        self._called("update", resource, namespace)
        assert isinstance(body, dict)
        assert (subresource, brief) == (None, False)
        self._there(name)
        return self.keep(body)

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
        self._called("patch", resource, namespace)
        assert (subresource, query) == (None, {})
        kept = self._there(name)
        if form == MERGE_PATCH:
            assert body["metadata"]["uid"] == kept["metadata"]["uid"]
            return self.keep({**kept, "metadata": kept["metadata"] | body["metadata"]})
        assert form == JSON_PATCH
        test, change = body
        if test["value"] != kept["metadata"]["resourceVersion"]:
            raise ObjectInvalid("the server rejected our request due to an error in our request")
        assert change["path"] == "/metadata/ownerReferences"
        return self.keep({**kept, "metadata": {**kept["metadata"], "ownerReferences": change["value"]}})

    async def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        uid: str | None = None,
        propagation: str = "Background",
    ) -> Json:
        self._called("delete", resource, namespace)
        assert (uid, propagation) == (None, "Background")
        self._there(name)
        return self.maps.pop(name)

    async def delete_collection(self, resource: Resource, namespace: str, labels: str) -> None:
        self._called("deletecollection", resource, namespace)
        name, _, value = labels.partition("=")
        for one in [one for one in self.maps.values() if one["metadata"]["labels"].get(name) == value]:
            del self.maps[one["metadata"]["name"]]
