"""How do definitions in files stand to what is published? What is new, what changed, and whom that would break."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from controller.definition.catalog import Catalog, CatalogEntry
from controller.definition.snapshot import take
from controller.definition.validate import check_together
from controller.definition.versions import breaking_changes, check_bump, precedence, required_bump
from controller.errors import DefinitionInvalid, NotFound
from controller.model.digest import Digest, canonical
from controller.model.orchestration import OrchestrationSpec
from controller.ports.object_store import ObjectStore
from controller.wiring.definition_files import gather
from controller.wiring.definitions import entries_of, published


class Difference(NamedTuple):
    """How one definition stands to what is published."""

    kind: str
    name: str
    version: str
    """Empty for agents, which have none."""
    change: str
    """new, changed or same."""
    digest: Digest
    published: Digest | None = None
    """Digest of what it is compared with: the same version, else the one before it, else the newest."""
    against: str | None = None
    """Version of that."""
    bump: str | None = None
    """Part of the version that the change has to raise at least: major, minor or patch."""
    breaking: Sequence[str] = ()
    """What would break those who use the published one."""
    steps: Sequence[str] = ()
    """What becomes of its steps."""
    problems: Sequence[str] = ()
    """Why it could not be published as it is."""


def differences(objects: ObjectStore, path: Path) -> list[Difference]:
    """Compare a file or folder with what is published. Raises NotFound, DefinitionInvalid."""
    if not path.exists():
        raise NotFound(f"{path} does not exist", hint="give a definition file or a folder of them")
    store, store_agents = published(objects)
    documents, shown = gather((path,))
    checked = check_together(documents, store=store, store_agents=store_agents)
    mistakes = [problem for problem in checked.errors if problem.location.file in shown]
    if mistakes:
        raise DefinitionInvalid(mistakes)
    entries, agents, _ = entries_of(checked)
    catalog = Catalog(folder=entries, folder_agents=agents, store=store, store_agents=store_agents)
    asked = [entry for entry, one in zip(entries, checked.orchestrations, strict=True) if one.document.file in shown]
    called = {agent.spec.slug for entry in asked for agent in take(entry, catalog).agents()}
    found = [_orchestration(entry, store) for entry in asked]
    revisions = {one.spec.slug: one.revision for one in store_agents}
    for agent in agents:
        if agent.spec.slug in called or agent.source in shown:
            before = revisions.get(agent.spec.slug)
            change = "new" if before is None else "same" if before == agent.revision else "changed"
            found.append(Difference("Agent", agent.spec.slug or "", "", change, agent.revision, before))
    return found


def _orchestration(entry: CatalogEntry, store: Sequence[CatalogEntry]) -> Difference:
    name, version = entry.spec.name or "", entry.spec.version
    line = [one for one in store if one.spec.name == name and one.owner == entry.owner]
    before = _compared(version, line)
    if before is None:
        return Difference("Orchestration", name, version, "new", entry.digest)
    same = before.spec.version == version
    if same and before.digest == entry.digest:
        return Difference("Orchestration", name, version, "same", entry.digest, before.digest, version)
    return Difference(
        "Orchestration",
        name,
        version,
        "changed" if same else "new",
        entry.digest,
        before.digest,
        before.spec.version,
        required_bump(before.spec, entry.spec),
        breaking_changes(before.spec, entry.spec),
        list(_steps(before.spec, entry.spec)),
        check_bump(before.spec, entry.spec),
    )


def _compared(version: str, line: Sequence[CatalogEntry]) -> CatalogEntry | None:
    same = [one for one in line if one.spec.version == version]
    earlier = [one for one in line if precedence(one.spec.version) < precedence(version)]
    return max(same or earlier or line, key=lambda one: precedence(one.spec.version), default=None)


def _steps(old: OrchestrationSpec, new: OrchestrationSpec) -> Iterator[str]:
    before = {step.id: step for step in (*old.steps, *old.finally_)}
    after = {step.id: step for step in (*new.steps, *new.finally_)}
    yield from (f"+ {id_}" for id_ in after if id_ not in before)
    yield from (f"- {id_}" for id_ in before if id_ not in after)
    for id_, step in after.items():
        if id_ in before:
            one, other = (value.model_dump(mode="json", by_alias=True) for value in (before[id_], step))
            if canonical(one) != canonical(other):
                yield f"~ {id_}: {', '.join(name for name in other if one.get(name) != other[name])}"
