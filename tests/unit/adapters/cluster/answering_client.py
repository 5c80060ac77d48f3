"""A `Client` that sends nothing: every word of it becomes one `Call`, which a fake answers in one place."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from controller.adapters.cluster.client import METADATA, METADATA_LIST, Client
from controller.adapters.cluster.resources import Resource

Json = dict[str, Any]

_METHODS = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}


class Call(NamedTuple):
    """What an API server would be asked."""

    verb: str
    """As rights name it: `replace` is "update"."""
    resource: Resource
    namespace: str | None
    name: str
    """Empty for a collection."""
    subresource: str
    """Empty for an object as a whole."""
    body: Any
    """Never encoded."""
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def labels(self) -> str:
        """Return the selector of labels."""
        return self.query.get("labelSelector", "")

    @property
    def brief(self) -> bool:
        """Return whether nothing but metadata is asked for."""
        return self.headers.get("Accept") in (METADATA, METADATA_LIST)

    @property
    def form(self) -> str:
        """Return the kind of patch."""
        return self.headers.get("Content-Type", "")

    @property
    def uid(self) -> str | None:
        """Return the uid of the very object that may be deleted."""
        uid: str | None = self.body.get("preconditions", {}).get("uid")
        return uid


class AnsweringClient(Client):
    """What of `Client` is left when `answer` says what comes back."""

    def __init__(self) -> None:
        """Needs no connection."""

    async def answer(self, call: Call) -> Any:
        """Return the object, or the text of a log; or raise what `Client` would."""
        raise AssertionError(f"nobody answers {call}")

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
        assert _METHODS[verb] == method
        given = orjson.loads(body) if isinstance(body, bytes) else body
        found: Json = await self.answer(Call(verb, resource, *_where(resource, path), given, query, headers))
        return found

    async def text(
        self, resource: Resource, namespace: str, name: str, subresource: str, query: Mapping[str, str] = {}
    ) -> str:
        found: str = await self.answer(Call("get", resource, namespace, name, subresource, None, query, {}))
        return found


def _where(resource: Resource, path: str) -> tuple[str | None, str, str]:
    """Return the namespace, the name and the subresource that a path was made of."""
    parts = path.removeprefix(resource.path().removesuffix(resource.plural)).split("/")
    # The resource `namespaces` has the same word where others name theirs.
    namespace = parts[1] if parts[0] == "namespaces" != resource.plural else None
    name, subresource = [*parts[1 if namespace is None else 3 :], "", ""][:2]
    assert path == resource.path(namespace, name, subresource)
    return namespace, name, subresource
