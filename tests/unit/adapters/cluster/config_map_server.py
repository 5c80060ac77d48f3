"""ConfigMaps of one namespace as an API server keeps them: versions, owners, and patches that compare first."""

import copy
from collections.abc import Callable
from typing import Any

from controller.adapters.cluster.client import JSON_PATCH, MERGE_PATCH
from controller.adapters.cluster.resources import CONFIG_MAPS
from controller.errors import AlreadyExists, NotFound, ObjectInvalid
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]


class ConfigMapServer(AnsweringClient):
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

    def _there(self, name: str) -> Json:
        if name not in self.maps:
            raise NotFound(name)
        return self.maps[name]

    async def answer(self, call: Call) -> Any:
        assert (call.resource, call.namespace, call.subresource) == (CONFIG_MAPS, "space", "")
        self.calls.append(call.verb)
        self.before(call.verb)
        match call.verb:
            case "get":
                return copy.deepcopy(self._there(call.name))
            case "list":
                assert call.query == {"labelSelector": call.labels}
                assert not call.brief
                # None is what a server written in Go may say.
                return {"items": self._labelled(call.labels) or None}
            case "create":
                assert call.brief
                assert not call.query
                if call.body["metadata"]["name"] in self.maps:
                    raise AlreadyExists(call.body["metadata"]["name"])
                return {"metadata": self.keep(call.body)["metadata"]}
            case "update":
                assert not call.brief
                self._there(call.name)
                return self.keep(call.body)
            case "patch":
                assert not call.query
                return self._patched(self._there(call.name), call)
            case "delete":
                assert call.body == {"propagationPolicy": "Background"}
                self._there(call.name)
                return self.maps.pop(call.name)
            case "deletecollection":
                for one in self._labelled(call.labels):
                    del self.maps[one["metadata"]["name"]]
                return {}
            case _:
                return await super().answer(call)

    def _labelled(self, labels: str) -> list[Json]:
        name, _, value = labels.partition("=")
        return [one for one in self.maps.values() if (one["metadata"].get("labels") or {}).get(name) == value]

    def _patched(self, kept: Json, call: Call) -> Json:
        if call.form == MERGE_PATCH:
            assert call.body["metadata"]["uid"] == kept["metadata"]["uid"]
            return self.keep({**kept, "metadata": kept["metadata"] | call.body["metadata"]})
        assert call.form == JSON_PATCH
        test, change = call.body
        if test["value"] != kept["metadata"]["resourceVersion"]:
            raise ObjectInvalid("the server rejected our request due to an error in our request")
        assert change["path"] == "/metadata/ownerReferences"
        return self.keep({**kept, "metadata": {**kept["metadata"], "ownerReferences": change["value"]}})
