"""Which definition or agent does a name mean?

A folder of definitions is asked first, as if all of it were active, then what was published. So a run from a folder
depends on nothing outside of it where the folder has the name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from controller.definition.compile import DEFAULT_ORGANIZATION
from controller.definition.findings import did_you_mean
from controller.definition.versions import precedence
from controller.errors import Ambiguous, InvariantViolated, NotFound
from controller.model.agent import AgentSpec
from controller.model.digest import Digest
from controller.model.names import Lifecycle
from controller.model.orchestration import OrchestrationSpec
from controller.model.step import Step

MOST_NAMES = 10
"""Names or versions that a hint lists."""


class CatalogEntry(NamedTuple):
    """One version of an orchestration, validated."""

    spec: OrchestrationSpec
    """With `name` filled in."""
    digest: Digest
    """Digest of the normalised definition."""
    owner: str | None
    """Agent that owns it; None: everybody's."""
    organization: str
    lifecycle: Lifecycle
    source: str
    """Where it comes from: `file:line`, or `store`."""

    @property
    def title(self) -> str:
        """Name and version, as messages say them."""
        return f"{self.spec.name} {self.spec.version}"


class AgentEntry(NamedTuple):
    """An agent, validated."""

    spec: AgentSpec
    """With `slug` filled in."""
    revision: Digest
    """Digest of the agent with the files beside it."""
    files: Mapping[str, Digest]
    """Files beside the agent's file, by relative path."""
    organization: str
    source: str
    """Where it comes from: `file:line`, or `store`."""


class Catalog:
    """All orchestrations and agents that a name can mean."""

    def __init__(
        self,
        *,
        folder: Iterable[CatalogEntry] = (),
        folder_agents: Iterable[AgentEntry] = (),
        store: Iterable[CatalogEntry] = (),
        store_agents: Iterable[AgentEntry] = (),
    ) -> None:
        """Folder entries are taken as active whatever they say. Of two entries with one identity the first counts.

        Raises InvariantViolated for an entry whose name or slug was not filled in.
        """
        self._folder = _by_name(entry._replace(lifecycle="active") for entry in folder)
        self._store = _by_name(store)
        self._agents: dict[tuple[str, str], AgentEntry] = {}
        for agent in (*folder_agents, *store_agents):
            self._agents.setdefault((agent.organization, _named(agent.spec.slug)), agent)

    def orchestration(
        self,
        name: str,
        version: str | None = None,
        owner: str | None = None,
        organization: str = DEFAULT_ORGANIZATION,
    ) -> CatalogEntry:
        """Return exactly `version`, whatever its lifecycle, or else the highest active one.

        `owner` None asks for anybody's; a definition without an owner is everybody's, but one of the owner's own wins
        at the same version.

        Raises NotFound with what there is instead, and Ambiguous when several owners have the version asked for.
        """
        for entries in (self._folder, self._store):
            fitting = [
                entry
                for entry in entries.get(name, ())
                if entry.organization == organization and (owner is None or entry.owner in {None, owner})
            ]
            found = _exactly(version, fitting) if version is not None else _latest(fitting)
            if found:
                return _only(found, name, owner)
        raise self._not_found(name, version, owner, organization)

    def child(self, parent: CatalogEntry, step: Step) -> CatalogEntry:
        """Return the orchestration that a step of `parent` plays.

        Its owner is the step's `agent`, else `orchestration.owner`, else the parent's owner. Raises NotFound, Ambiguous.
        """
        target = step.orchestration
        if target is None:
            raise InvariantViolated(f'step "{step.id}" of {parent.title} plays no orchestration')
        owner = step.agent or target.owner or parent.owner
        return self.orchestration(target.name, target.version, owner, step.organization or parent.organization)

    def agent(self, slug: str, organization: str = DEFAULT_ORGANIZATION) -> AgentEntry:
        """Return the agent of this slug. Raises NotFound with what there is instead."""
        found = self._agents.get((organization, slug))
        if found is not None:
            return found
        elsewhere = sorted(other for other, known in self._agents if known == slug)
        if elsewhere:
            hint = f"there is one in {_listed(elsewhere)}: name it in the step's `organization`"
        else:
            hint = _near(slug, [known for other, known in self._agents if other == organization])
        raise NotFound(f'no agent "{slug}" in organization "{organization}"', hint=hint)

    def _not_found(self, name: str, version: str | None, owner: str | None, organization: str) -> NotFound:
        named = [*self._folder.get(name, ()), *self._store.get(name, ())]
        if not named:
            known = sorted({*self._folder, *self._store})
            return NotFound(f'no orchestration "{name}"', hint=_near(name, known))
        here = [entry for entry in named if entry.organization == organization]
        if not here:
            others = sorted({entry.organization for entry in named})
            return NotFound(
                f'no orchestration "{name}" in organization "{organization}"', hint=f"there is one in {_listed(others)}"
            )
        owned = [entry for entry in here if owner is None or entry.owner in {None, owner}]
        if not owned:
            owners = sorted({entry.owner for entry in here if entry.owner is not None})
            return NotFound(f'no orchestration "{name}" of owner "{owner}"', hint=f"it belongs to {_listed(owners)}")
        wanted = "active version" if version is None else f"version {version}"
        return NotFound(f'no {wanted} of orchestration "{name}"', hint=f"available: {_versions(owned)}")


def _named(name: str | None) -> str:
    if name is None:
        raise InvariantViolated("a catalog takes only what has a name")
    return name


def _by_name(entries: Iterable[CatalogEntry]) -> dict[str, list[CatalogEntry]]:
    named: dict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in entries:
        known = named[_named(entry.spec.name)]
        if all(_identity(entry) != _identity(other) for other in known):
            known.append(entry)
    return dict(named)


def _identity(entry: CatalogEntry) -> tuple[str, str | None, str]:
    return entry.organization, entry.owner, entry.spec.version


def _exactly(version: str, entries: Sequence[CatalogEntry]) -> list[CatalogEntry]:
    return [entry for entry in entries if entry.spec.version == version]


def _latest(entries: Sequence[CatalogEntry]) -> list[CatalogEntry]:
    active = [entry for entry in entries if entry.lifecycle == "active"]
    if not active:
        return []
    highest = max(precedence(entry.spec.version) for entry in active)
    return [entry for entry in active if precedence(entry.spec.version) == highest]


def _only(found: Sequence[CatalogEntry], name: str, owner: str | None) -> CatalogEntry:
    own = [entry for entry in found if entry.owner == owner] or found
    if len(own) == 1:
        return own[0]
    owners = sorted(entry.owner for entry in own if entry.owner is not None)
    raise Ambiguous(
        f'several owners have version {own[0].spec.version} of orchestration "{name}"',
        hint=f"name the owner: {_listed(owners)}",
    )


def _versions(entries: Iterable[CatalogEntry]) -> str:
    newest_first = sorted(entries, key=lambda entry: precedence(entry.spec.version), reverse=True)
    words = dict.fromkeys(
        entry.spec.version if entry.lifecycle == "active" else f"{entry.spec.version} ({entry.lifecycle})"
        for entry in newest_first
    )
    return _shortened(list(words))


def _near(word: str, known: Sequence[str]) -> str:
    return did_you_mean(word, known) or (f"known: {_listed(sorted(known))}" if known else "none is known")


def _listed(words: Sequence[str]) -> str:
    return _shortened([f'"{word}"' for word in words])


def _shortened(words: Sequence[str]) -> str:
    rest = len(words) - MOST_NAMES
    return ", ".join(words[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
