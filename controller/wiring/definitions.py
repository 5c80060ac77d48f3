"""Finding what a person wants to run: a path, or the name of something published."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import get_args

from controller.adapters.documents.definition_files import definitions_folder, files, load_together, renamed
from controller.adapters.git_revision import commit_of
from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.checked import Checked
from controller.definition.identity import agent_revision, definition_digest
from controller.definition.validate import check_together
from controller.errors import DefinitionInvalid, NotFound
from controller.model.agent import AgentSpec
from controller.model.digest import Digest, digest_bytes
from controller.model.document import Document
from controller.model.names import Lifecycle
from controller.model.orchestration import OrchestrationSpec
from controller.model.problem import Problem
from controller.model.run import DefinitionPlace
from controller.ports.object_store import ObjectStore, Published

_LIFECYCLES: Mapping[str, Lifecycle] = {word: word for word in get_args(Lifecycle)}


@dataclass(frozen=True)
class Found:
    """An orchestration to run, with everything that names in it can mean."""

    entry: CatalogEntry
    catalog: Catalog
    files: Mapping[Digest, bytes] = field(default_factory=dict)
    """Content of agents' files by digest, where they come from disk."""
    documents: Sequence[Document] = ()
    warnings: Sequence[Problem] = ()
    locate: Callable[[], Mapping[Digest, DefinitionPlace]] = dict

    @cached_property
    def places(self) -> Mapping[Digest, DefinitionPlace]:
        """Where definitions that come from disk were written; looked for when first asked, for it takes a second reading."""
        return self.locate()


def find(target: str, objects: ObjectStore) -> Found:
    """Return what `target` means: a file or folder, else `name` or `name@version` in the store.

    Raises DefinitionInvalid with all problems of the file; NotFound.
    """
    store, store_agents = published(objects)
    path = Path(target)
    if path.exists():
        return _in_folder(path, store, store_agents)
    name, _, version = target.partition("@")
    catalog = Catalog(store=store, store_agents=store_agents)
    if "/" in target or target.endswith((".yaml", ".yml", ".json")):
        raise NotFound(f"{target} does not exist", hint="give a definition file, its folder, or a published name")
    if not store:
        raise NotFound(
            f'"{target}" is neither a file nor a folder, and nothing is published',
            hint="give a definition file or its folder; libretto definitions publish PATH publishes",
        )
    return Found(catalog.orchestration(name, version or None), catalog)


def _in_folder(path: Path, store: Sequence[CatalogEntry], store_agents: Sequence[AgentEntry]) -> Found:
    # Read once, with everything that belongs to it; what was asked for keeps the names that the user gave it.
    asked = {file.resolve(): str(file) for file in files(path)}
    documents = [
        renamed(document, asked.get(Path(document.file).resolve(), document.file)) for document in load_together(path)
    ]
    checked = check_together(documents, store=store, store_agents=store_agents)
    own = set(asked.values())
    mistakes = [problem for problem in checked.errors if problem.location.file in own]
    if mistakes:
        raise DefinitionInvalid(mistakes)
    entries, agents, contents = entries_of(checked)
    wanted = [entry for entry in entries if entry.source.rpartition(":")[0] in own]
    if len(wanted) != 1:
        names = ", ".join(sorted(entry.spec.name or "" for entry in wanted)) or "none"
        raise NotFound(
            f"{path} holds {len(wanted)} orchestrations ({names}), not one",
            hint="name the file of the one to run",
        )
    catalog = Catalog(folder=entries, folder_agents=agents, store=store, store_agents=store_agents)
    warnings = [problem for problem in checked.problems if problem.location.file in own]

    def locate() -> Mapping[Digest, DefinitionPlace]:
        return _places(checked, commit_of(definitions_folder(path)))

    return Found(wanted[0], catalog, contents, documents, warnings, locate)


def _places(checked: Checked, commit: str | None) -> dict[Digest, DefinitionPlace]:
    found = {}
    for one in checked.orchestrations:
        paths = [("spec", "steps", number) for number in range(len(one.spec.steps))]
        paths += [("spec", "finally", number) for number in range(len(one.spec.finally_))]
        lines = {
            step.id: one.findings.line(path)
            for step, path in zip((*one.spec.steps, *one.spec.finally_), paths, strict=True)
        }
        place = DefinitionPlace(file=one.document.file, line=one.findings.line(()), commit=commit, lines=lines)
        found[definition_digest(one.spec)] = place
    return found


def entries_of(checked: Checked) -> tuple[list[CatalogEntry], list[AgentEntry], dict[Digest, bytes]]:
    """Return what checked documents hold as entries of a catalogue, and the agents' files by digest."""
    entries = [
        CatalogEntry(
            one.spec,
            definition_digest(one.spec),
            one.spec.owner,
            one.organization,
            "active",
            f"{one.document.file}:{one.findings.line(())}",
        )
        for one in checked.orchestrations
    ]
    agents, files = [], {}
    for agent in checked.agents:
        digests = {name: digest_bytes(content) for name, content in agent.document.files.items()}
        files.update({digests[name]: content for name, content in agent.document.files.items()})
        revision = agent_revision(agent.spec, digests)
        agents.append(AgentEntry(agent.spec, revision, digests, agent.organization, agent.document.file))
    return entries, agents, files


def published(objects: ObjectStore) -> tuple[list[CatalogEntry], list[AgentEntry]]:
    """Return what the store holds as entries of a catalogue."""
    orchestrations, agents = [], []
    for one in objects.definitions():
        if one.kind == "Orchestration":
            orchestrations.append(_stored_orchestration(one))
        else:
            agents.append(_stored_agent(one))
    return orchestrations, agents


def _stored_orchestration(one: Published) -> CatalogEntry:
    spec = OrchestrationSpec.model_validate(one.resource["spec"])
    return CatalogEntry(
        spec, definition_digest(spec), one.owner or None, one.organization, _LIFECYCLES[one.lifecycle], "store"
    )


def _stored_agent(one: Published) -> AgentEntry:
    spec = AgentSpec.model_validate(one.resource["spec"])
    return AgentEntry(spec, agent_revision(spec, one.files), one.files, one.organization, "store")
