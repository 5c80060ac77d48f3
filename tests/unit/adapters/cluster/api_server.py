"""Objects as an API server keeps them, behind the calls of `Client`; what was asked is kept."""

from collections.abc import Callable
from typing import Any, TypeVar

from controller.adapters.cluster.client import APPLY_PATCH
from controller.errors import Gone, NotFound
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]
T = TypeVar("T")


class ApiServer(AnsweringClient):
    """Knows the objects of one namespace, by kind and name."""

    def __init__(self, *objects: Json) -> None:
        self.objects = {(one["kind"], one["metadata"]["name"]): one for one in objects}
        self.asked: list[str] = []
        self.forgets = 0
        """So many times it does not know any more where a list was to go on."""
        self.made = 0

    async def answer(self, call: Call) -> Any:
        match call.verb:
            case "get":
                return self._got(call)
            case "list":
                return self._listed(call)
            case "create":
                return self._created(call)
            case "patch":
                return self._patched(call)
            case _:
                return await super().answer(call)

    def _got(self, call: Call) -> Json:
        self.asked.append(f"get {call.resource.plural} {call.name}{f'/{call.subresource}' if call.subresource else ''}")
        try:
            return self.objects[call.resource.kind, call.name]
        except KeyError:
            raise NotFound(call.name) from None

    def _listed(self, call: Call) -> Json:
        assert not call.brief
        where = int(call.query.get("continue") or 0)
        terms = [*([call.labels] if call.labels else []), *([f"from {where}"] if where else [])]
        self.asked.append(" ".join(["list", call.resource.plural, *terms]))
        if where and self.forgets:
            self.forgets -= 1
            raise Gone("forgotten")
        wanted = [term.split("=") for term in call.labels.split(",") if term]
        found = [
            one
            for (kind, _), one in sorted(self.objects.items())
            if kind == call.resource.kind
            and all((one["metadata"].get("labels") or {}).get(name) == value for name, value in wanted)
        ]
        end = where + int(call.query.get("limit") or len(found) or 1)
        more = {"continue": str(end)} if end < len(found) else {}
        return {"items": found[where:end], "metadata": {"resourceVersion": "1", **more}}

    def _created(self, call: Call) -> Json:
        metadata = dict(call.body.get("metadata") or {})
        self.made += 1
        metadata.setdefault("name", f"{metadata.get('generateName', '')}{self.made}")
        self.asked.append(f"create {call.resource.plural} {metadata['name']}")
        made = {**call.body, "metadata": metadata}
        self.objects[call.resource.kind, metadata["name"]] = made
        return made

    def _patched(self, call: Call) -> Json:
        self.asked.append(f"patch {call.resource.plural} {call.name} {call.form.partition('/')[2]}")
        known = self.objects.get((call.resource.kind, call.name))
        generation = 1 if known is None else known["metadata"].get("generation", 1) + 1
        if call.form == APPLY_PATCH:
            made = {**call.body, "metadata": {**call.body["metadata"], "generation": generation}}
        else:
            assert known is not None
            made = {**known, "spec": {**known["spec"], **call.body["spec"]}}
        self.objects[call.resource.kind, call.name] = made
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
