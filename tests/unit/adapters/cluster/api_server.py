"""Objects as an API server keeps them, behind the calls of `Client`; what was asked is kept."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.resources import Resource
from controller.errors import Gone, NotFound

Json = dict[str, Any]
T = TypeVar("T")


class ApiServer(Client):
    """Knows the objects of one namespace, by kind and name."""

    def __init__(self, *objects: Json) -> None:
        self.objects = {(one["kind"], one["metadata"]["name"]): one for one in objects}
        self.asked: list[str] = []
        self.forgets = 0
        """So many times it does not know any more where a list was to go on."""
        self.made = 0

    async def get(self, resource: Resource, namespace: str | None, name: str, subresource: str | None = None) -> Json:
        del namespace
        self.asked.append(f"get {resource.plural} {name}{f'/{subresource}' if subresource else ''}")
        try:
            return self.objects[resource.kind, name]
        except KeyError:
            raise NotFound(name) from None

    async def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str = "", parameters: Mapping[str, str] = {}
    ) -> Json:
        del namespace
        where = int(parameters.get("continue") or 0)
        self.asked.append(
            " ".join(["list", resource.plural, *([labels] if labels else []), *([f"from {where}"] if where else [])])
        )
        if where and self.forgets:
            self.forgets -= 1
            raise Gone("forgotten")
        wanted = [term.split("=") for term in labels.split(",") if term]
        found = [
            one
            for (kind, _), one in sorted(self.objects.items())
            if kind == resource.kind
            and all((one["metadata"].get("labels") or {}).get(name) == value for name, value in wanted)
        ]
        end = where + int(parameters.get("limit") or len(found) or 1)
        more = {"continue": str(end)} if end < len(found) else {}
        return {"items": found[where:end], "metadata": {"resourceVersion": "1", **more}}

    async def create(
        self,
        resource: Resource,
        namespace: str | None,
        body: Json | bytes,
        *,
        dry_run: bool = False,
        brief: bool = False,
    ) -> Json:
        del namespace, dry_run, brief
        assert isinstance(body, dict)
        metadata = dict(body.get("metadata") or {})
        self.made += 1
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{self.made}")
        self.asked.append(f"create {resource.plural} {metadata['name']}")
        made = {**body, "metadata": metadata}
        self.objects[resource.kind, metadata["name"]] = made
        return made

    async def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Any,
        *,
        form: str = "",
        subresource: str | None = None,
        query: Mapping[str, str] = {},
    ) -> Json:
        del namespace, subresource, query
        self.asked.append(f"patch {resource.plural} {name} {form.partition('/')[2]}".rstrip())
        known = self.objects.get((resource.kind, name))
        generation = 1 if known is None else known["metadata"].get("generation", 1) + 1
        if "apply" in form:
            made = {**body, "metadata": {**body["metadata"], "generation": generation}}
        else:
            assert known is not None
            made = {**known, "spec": {**known["spec"], **body["spec"]}}
        self.objects[resource.kind, name] = made
        return made


def in_a_loop(call: Callable[[], T]) -> T:
    """Call what waits for the API server."""
    import asyncio

    from controller.adapters.cluster import fiber

    return asyncio.run(fiber.run(call))


def run(name: str, *, created: str = "2026-01-01T00:00:00Z", status: Json | None = None, **spec: Any) -> Json:
    """A Run object; its uid is `uid-NAME`."""
    metadata: Json = {"name": name, "namespace": "space", "uid": f"uid-{name}", "creationTimestamp": created}
    parent = spec.get("parent")
    if parent is not None:
        metadata["labels"] = {"libretto.dev/root-uid": parent["rootUid"]}
    body = {"orchestrationRef": {"name": "nightly"}, **spec}
    return {"kind": "Run", "metadata": metadata, "spec": body, "status": status or {}}


def child(name: str, parent: str, root: str) -> Json:
    """A Run object that a step of another made."""
    link = {"uid": f"uid-{name}", "parentUid": f"uid-{parent}", "rootUid": f"uid-{root}", "step": "load"}
    return run(name, parent=link)
