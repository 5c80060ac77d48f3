"""What do the Orchestration and Agent objects of a namespace define, and what is wrong with them?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.identity import agent_revision, definition_digest
from controller.definition.validate import check
from controller.model.digest import Digest
from controller.model.document import Document
from controller.model.problem import Problem

Json = dict[str, Any]


class Defined(NamedTuple):
    """What one object defines. Without an entry it has errors."""

    entry: CatalogEntry | AgentEntry | None
    problems: Sequence[Problem]


class Definitions:
    """The definitions of all namespaces, each object read once per generation."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, Defined]] = {}
        self._catalogs: dict[str, Catalog] = {}

    def of(self, definition: Mapping[str, Any]) -> Defined:
        """Return what an object defines."""
        metadata = definition["metadata"]
        uid, generation = metadata["uid"], metadata.get("generation", 1)
        known = self._known.get(uid)
        if known is None or known[0] != generation:
            known = self._known[uid] = (generation, defined(definition))
            self._catalogs.pop(metadata["namespace"], None)
        return known[1]

    def forget(self, definition: Mapping[str, Any]) -> None:
        """Drop an object that was deleted."""
        self._known.pop(definition["metadata"]["uid"], None)
        self._catalogs.pop(definition["metadata"]["namespace"], None)

    def changed(self, namespace: str) -> None:
        """Note that a definition of the namespace came, changed or went."""
        self._catalogs.pop(namespace, None)

    def catalog(self, namespace: str, objects: Iterable[Json]) -> Catalog:
        """Return all that names can mean in a namespace. Of two with one identity the older counts."""
        found = self._catalogs.get(namespace)
        if found is None:
            entries = [self.of(one).entry for one in sorted(objects, key=_age)]
            found = self._catalogs[namespace] = Catalog(
                store=[entry for entry in entries if isinstance(entry, CatalogEntry)],
                store_agents=[entry for entry in entries if isinstance(entry, AgentEntry)],
            )
        return found


def defined(definition: Mapping[str, Any]) -> Defined:
    """Read an object of kind Orchestration or Agent."""
    metadata = definition["metadata"]
    name = f"{definition['kind']}/{metadata['namespace']}/{metadata['name']}"
    spec = dict(definition.get("spec") or {})
    files: dict[str, Digest] = {}
    if definition["kind"] == "Agent":
        files = {path: file["digest"] for path, file in (spec.pop("files", None) or {}).items()}
    body = {
        "apiVersion": definition["apiVersion"],
        "kind": definition["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": spec,
    }
    checked = check([Document(name, body)])
    for one in checked.orchestrations:
        entry = CatalogEntry(
            one.spec, definition_digest(one.spec), one.spec.owner, metadata["namespace"], "active", name
        )
        return Defined(entry, checked.problems)
    for agent in checked.agents:
        revision = agent_revision(agent.spec, files)
        return Defined(AgentEntry(agent.spec, revision, files, metadata["namespace"], name), checked.problems)
    return Defined(None, checked.problems)


def _age(one: Json) -> tuple[str, str]:
    return one["metadata"].get("creationTimestamp", ""), one["metadata"]["name"]
