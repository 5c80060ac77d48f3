"""Reading a long list in pages: ten thousand pods in one answer would be half a gigabyte for a moment."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from controller.adapters.cluster.resources import Resource
from controller.errors import Gone

Json = dict[str, Any]

PAGE = 200
"""Items of one answer: a pod has 12 KB, a run up to 256 KiB."""

_OF_THE_FIRST = ("resourceVersion", "resourceVersionMatch")
"""What only the first page may be asked for: the others are of its moment."""


class Listed(NamedTuple):
    """What there is of a resource at one moment, or as much as is wanted of it."""

    items: list[Json]
    version: str


class Lister(Protocol):
    """A call that lists, e.g. `Client.list`."""

    async def __call__(
        self, resource: Resource, namespace: str | None, *, labels: str, parameters: Mapping[str, str]
    ) -> Json: ...


async def whole(
    lister: Lister,
    resource: Resource,
    namespace: str | None = None,
    *,
    slim: Callable[[Json], Json] = lambda item: item,
    labels: str = "",
    parameters: Mapping[str, str] = {},
) -> Listed:
    """Return all that there is, of each item what `slim` returns; once more from the first page where the API server forgot
    the moment that the pages are of. Raises what the lister raises: Gone where it forgets again, for whoever asks knows how
    long to wait.
    """
    first = {**parameters, "limit": str(PAGE)}
    rest = {name: value for name, value in first.items() if name not in _OF_THE_FIRST}
    # Items of a list have no kind of their own.
    kind = {"apiVersion": resource.api_version, "kind": resource.kind}
    found, where, again = list[Json](), "", False
    while True:
        asked = {**rest, "continue": where} if where else first
        try:
            page = await lister(resource, namespace, labels=labels, parameters=asked)
        except Gone:
            if not where or again:
                raise
            found, where, again = [], "", True
            continue
        found += [slim({**kind, **item}) for item in page.get("items") or ()]
        where = page["metadata"].get("continue") or ""
        if not where:
            return Listed(found, page["metadata"]["resourceVersion"])


def identity(item: Json) -> Json:
    """Return of the metadata of an item which object it is, and which state of it."""
    given = item["metadata"]
    return {name: given[name] for name in ("uid", "namespace", "name", "resourceVersion") if name in given}
