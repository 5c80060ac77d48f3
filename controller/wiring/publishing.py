"""Publishing from files, and what is published: documents, store and clock behind `runtime.publish`."""

from pathlib import Path

from controller.definition.catalog import AgentEntry, CatalogEntry
from controller.definition.snapshot import take
from controller.definition.validate import check_together
from controller.errors import DefinitionInvalid, NotFound
from controller.model.names import Lifecycle
from controller.model.problem import Location
from controller.ports.object_store import ObjectStore, Published
from controller.runtime.publish import ORCHESTRATION, Candidate, Change, publish, set_lifecycle
from controller.wiring.definition_files import gather
from controller.wiring.definitions import Found, entries_of, published
from controller.wiring.local import Local


def publish_files(local: Local, path: Path, *, activate: bool) -> list[Change]:
    """Validate a file or folder and publish what it defines. Raises NotFound, DefinitionInvalid, StoreUnavailable."""
    if not path.exists():
        raise NotFound(f"{path} does not exist", hint="give a definition file or a folder of them")
    documents, shown = gather((path,))
    known, known_agents = catalogued(local.stores.objects)
    checked = check_together(documents, store=[entry for _, entry in known], store_agents=known_agents)
    mistakes = [problem for problem in checked.errors if problem.location.file in shown]
    if mistakes:
        raise DefinitionInvalid(mistakes)
    entries, agents, files = entries_of(checked)
    candidates = [
        Candidate(entry, one.document.location(("spec", "version")))
        for entry, one in zip(entries, checked.orchestrations, strict=True)
        if one.document.file in shown
    ]
    if not candidates and not any(one.document.file in shown for one in checked.agents):
        raise NotFound(f"{path} defines nothing to publish")
    own = agents if candidates else [agent for agent in agents if agent.source in shown]
    stores = local.stores
    changes = publish(
        candidates,
        own,
        files,
        known,
        known_agents,
        stores.objects,
        stores.blobs,
        local.clock.now(),
        activate=activate,
    )
    stores.ledger.flush()
    return changes


def unpublished(local: Local, found: Found) -> list[str]:
    """Return what a run of `found` would reach and that is not published as it stands in the files."""
    known, known_agents = published(local.stores.objects)
    digests = {entry.digest for entry in known}
    revisions = {(agent.spec.slug, agent.revision) for agent in known_agents}
    wanted = take(found.entry, found.catalog)
    names = [entry.title for digest, entry in wanted.orchestrations() if digest not in digests]
    return names + [
        f"agent {agent.spec.slug}" for agent in wanted.agents() if (agent.spec.slug, agent.revision) not in revisions
    ]


def publish_found(local: Local, found: Found) -> list[Change]:
    """Publish, as active, everything that a run of `found` reaches. Raises DefinitionInvalid, StoreUnavailable."""
    known, known_agents = catalogued(local.stores.objects)
    wanted = take(found.entry, found.catalog)
    stores = local.stores
    return publish(
        [Candidate(entry, _version_at(found, entry)) for _, entry in wanted.orchestrations()],
        list(wanted.agents()),
        found.files,
        known,
        known_agents,
        stores.objects,
        stores.blobs,
        local.clock.now(),
        activate=True,
    )


def _version_at(found: Found, entry: CatalogEntry) -> Location:
    """Entries of a closure do not say where they come from; those of the catalogue do."""
    own = found.catalog.orchestration(entry.spec.name or "", entry.spec.version, entry.owner, entry.organization)
    file, _, line = own.source.rpartition(":")
    return Location(file or own.source, int(line) if line.isdigit() else 1, 1)


def catalogued(objects: ObjectStore) -> tuple[list[tuple[Published, CatalogEntry]], list[AgentEntry]]:
    """Return what is published, each orchestration with its entry of a catalogue."""
    entries, agents = published(objects)
    return list(zip(objects.definitions(ORCHESTRATION), entries, strict=True)), agents


def move_published(local: Local, name: str, version: str | None, verb: str) -> tuple[Published, Lifecycle]:
    """Move a published version through its life. Raises as `runtime.publish.set_lifecycle`."""
    known, agents = catalogued(local.stores.objects)
    return set_lifecycle(name, version, verb, known, agents, local.stores.objects, local.clock.now())
