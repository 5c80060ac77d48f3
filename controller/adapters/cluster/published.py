"""Which definitions are in a namespace, and how does one get there? By server-side apply, each as one whole."""

from collections.abc import Sequence
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import APPLY_PATCH, Client
from controller.adapters.cluster.names import slug
from controller.adapters.cluster.resources import AGENTS, ORCHESTRATIONS
from controller.definition.compile import DEFAULT_ORGANIZATION
from controller.model.orchestration import OrchestrationSpec
from controller.model.record import parse_time
from controller.ports.object_store import Published

Json = dict[str, Any]

MANAGER = "libretto-cli"
"""Field manager of what the command line publishes."""

MODE = 0o755
"""Files of agents are programs as often as not, and reading hurts nobody."""


FIRST: str = OrchestrationSpec.model_fields["version"].default
"""Version of an orchestration that says none."""


class DefinitionObjects:
    """The Orchestration and Agent objects of a namespace, read anew by every call."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def all(self, kind: str | None = None) -> Sequence[Published]:
        """Return the definitions, ordered by kind, name and version text."""
        found: list[Published] = []
        for resource in (AGENTS, ORCHESTRATIONS):
            if kind in (None, resource.kind):
                items = fiber.wait(self._client.list(resource, self._namespace)).get("items") or ()
                found += [published(one, resource.kind) for one in items]
        return sorted(found, key=lambda one: (one.kind, one.name, one.version))

    def apply(self, definition: Published) -> bool:
        """Apply a definition; what it had and has no more goes, for its spec is one whole. True when it is a new object."""
        resource = AGENTS if definition.kind == "Agent" else ORCHESTRATIONS
        name, labels = self._object_name(definition), definition.resource["metadata"].get("labels") or {}
        spec = dict(definition.resource["spec"])
        if definition.files:
            spec["files"] = {path: {"digest": digest, "mode": MODE} for path, digest in definition.files.items()}
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name, "namespace": self._namespace, "labels": labels},
            "spec": spec,
        }
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        applied = fiber.wait(self._client.patch(resource, self._namespace, name, body, form=APPLY_PATCH, query=query))
        return bool(applied["metadata"].get("generation") == 1)

    def _object_name(self, definition: Published) -> str:
        """Return the name of the object of a definition: the one that it has, else its own name, with its version where
        another version bears the name already.
        """
        name = slug(definition.name, 200)
        objects = {one.resource["metadata"]["name"]: (one.name, one.version) for one in self.all(definition.kind)}
        identity = (definition.name, definition.version)
        there = next((known for known, other in objects.items() if other == identity), None)
        if there is not None or name not in objects:
            return there or name
        return slug(f"{definition.name}-{definition.version}", 240)


def published(one: Json, kind: str) -> Published:
    """Return what an object of a kind publishes."""
    metadata, spec = one["metadata"], dict(one["spec"])
    files = {path: file["digest"] for path, file in (spec.pop("files", None) or {}).items()}
    identity = "slug" if kind == "Agent" else "name"
    name = spec.get(identity) or metadata["name"]
    spec[identity] = name
    resource = {
        "apiVersion": AGENTS.api_version,
        "kind": kind,
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": spec,
    }
    made = parse_time(metadata["creationTimestamp"][:-1] + ".000Z")
    return Published(
        kind,
        spec.get("owner") or "",
        # As its file says it: the same definition is the same one here and there.
        spec.get("organization") or DEFAULT_ORGANIZATION,
        name,
        "" if kind == "Agent" else spec.get("version") or FIRST,
        "active",
        resource,
        files,
        made,
        made,
    )
