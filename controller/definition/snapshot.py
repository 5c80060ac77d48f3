"""What exactly will a run execute? Everything that it can reach, resolved once and kept by digest.

A run executes its snapshot, not the catalog: what changes in files or in the store afterwards never reaches it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.errors import Ambiguous, DefinitionInvalid, NotFound, StateTooNew, VerificationFailed
from controller.model.agent import AgentSpec
from controller.model.digest import Digest, canonical
from controller.model.orchestration import OrchestrationSpec
from controller.model.problem import Location, Problem
from controller.model.step import Step

DEEPEST = 5
"""Levels of children below a root run. Deeper nesting is nearly always a mistake, and every level is a run of its own."""

SNAPSHOT_VERSION = 1
"""Version of the form of a snapshot's bytes; newer ones are refused."""

SOURCE = "snapshot"
"""`source` of the entries of a snapshot: where they came from is no part of what they are."""


class Snapshot:
    """The orchestrations and agents that one run can reach."""

    def __init__(
        self,
        root: Digest,
        orchestrations: Mapping[Digest, CatalogEntry],
        children: Mapping[Digest, Mapping[str, Digest]],
        agents: Mapping[tuple[str, str], AgentEntry],
    ) -> None:
        self.root = root
        """Digest of the orchestration that the run plays."""
        self._orchestrations = orchestrations
        self._children = children
        self._agents = agents

    def orchestration(self, digest: Digest) -> CatalogEntry:
        """Return an orchestration of the run tree. Raises NotFound."""
        found = self._orchestrations.get(digest)
        if found is None:
            raise NotFound(f"the run's snapshot has no orchestration {digest}")
        return found

    def __contains__(self, digest: Digest) -> bool:
        """Return whether the run tree plays this orchestration."""
        return digest in self._orchestrations

    def child(self, parent: Digest, step: str) -> Digest:
        """Return the digest of what step `step` of orchestration `parent` plays. Raises NotFound."""
        found = self._children.get(parent, {}).get(step)
        if found is None:
            raise NotFound(f'the run\'s snapshot has no orchestration for step "{step}" of {parent}')
        return found

    def agent(self, organization: str, slug: str) -> AgentEntry:
        """Return an agent. Raises NotFound."""
        found = self._agents.get((organization, slug))
        if found is None:
            raise NotFound(f'the run\'s snapshot has no agent "{slug}" in organization "{organization}"')
        return found

    def agent_of(self, entry: CatalogEntry, step: Step) -> AgentEntry:
        """Return the agent that a step of `entry` calls. Raises NotFound."""
        return self.agent(step.organization or entry.organization, step.agent or "")

    def agents_of(self, digest: Digest) -> dict[str, AgentSpec]:
        """Return the agents of one orchestration, as `compile_graph` takes them."""
        entry = self.orchestration(digest)
        found: dict[str, AgentSpec] = {}
        for _, step in _agent_steps(entry.spec):
            key = f"{step.organization}/{step.agent}" if step.organization else step.agent or ""
            found[key] = self.agent_of(entry, step).spec
        return found

    def orchestrations(self) -> Iterator[tuple[Digest, CatalogEntry]]:
        """Yield every orchestration with its digest."""
        yield from self._orchestrations.items()

    def agents(self) -> Iterator[AgentEntry]:
        """Yield every agent, by organization and slug."""
        yield from (agent for _, agent in sorted(self._agents.items()))

    def files(self) -> dict[Digest, str]:
        """Return the digest and name of every file of every agent: the blobs that must exist before the run starts."""
        return {digest: name for agent in self._agents.values() for name, digest in sorted(agent.files.items())}

    def encode(self) -> bytes:
        """Return canonical bytes: equal for equal closures, wherever their files lie."""
        return canonical(
            {
                "version": SNAPSHOT_VERSION,
                "root": self.root,
                "orchestrations": {digest: self._encoded(digest) for digest in self._orchestrations},
                "agents": [
                    {
                        "slug": slug,
                        "organization": organization,
                        "revision": agent.revision,
                        "files": dict(agent.files),
                        "spec": _plain(agent.spec),
                    }
                    for (organization, slug), agent in sorted(self._agents.items())
                ],
            }
        )

    def _encoded(self, digest: Digest) -> dict[str, Any]:
        entry = self._orchestrations[digest]
        return {
            "spec": _plain(entry.spec),
            "owner": entry.owner,
            "organization": entry.organization,
            "children": dict(self._children.get(digest, {})),
        }

    @classmethod
    def decode(cls, content: bytes) -> "Snapshot":
        """Return the snapshot of `encode`'s bytes. Raises StateTooNew, and VerificationFailed for any other bytes."""
        try:
            body = orjson.loads(content)
            if body["version"] > SNAPSHOT_VERSION:
                raise StateTooNew("the snapshot of the run was written by a newer Libretto", hint="update Libretto")
            orchestrations = {
                digest: CatalogEntry(
                    OrchestrationSpec.model_validate(entry["spec"]),
                    digest,
                    entry["owner"],
                    entry["organization"],
                    "active",
                    SOURCE,
                )
                for digest, entry in body["orchestrations"].items()
            }
            children = {digest: entry["children"] for digest, entry in body["orchestrations"].items()}
            agents = {
                (agent["organization"], agent["slug"]): AgentEntry(
                    AgentSpec.model_validate(agent["spec"]),
                    agent["revision"],
                    agent["files"],
                    agent["organization"],
                    SOURCE,
                )
                for agent in body["agents"]
            }
            return cls(body["root"], orchestrations, children, agents)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise VerificationFailed(f"this is not the snapshot of a run: {error}") from error


def take(entry: CatalogEntry, catalog: Catalog) -> Snapshot:
    """Return all that a run of `entry` can reach.

    Raises DefinitionInvalid with every problem: an orchestration that plays itself, directly or not; nesting below
    `DEEPEST`; an orchestration or agent that is not there or not clear.
    """
    closure = _Closure(catalog)
    closure.visit(entry, ())
    if closure.problems:
        raise DefinitionInvalid(closure.problems)
    snapshot = Snapshot(entry.digest, closure.orchestrations, closure.children, closure.agents)
    # What a run sees must not depend on whether it was resumed: numbers such as 1.0 become 1 in canonical bytes.
    return Snapshot.decode(snapshot.encode())


class _Closure:
    """Walks from an orchestration to everything that it reaches, visiting each once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.orchestrations: dict[Digest, CatalogEntry] = {}
        self.children: dict[Digest, dict[str, Digest]] = {}
        self.agents: dict[tuple[str, str], AgentEntry] = {}
        self.problems: list[Problem] = []
        self._deepest: dict[Digest, tuple[CatalogEntry, ...]] = {}
        """The longest chain that begins with an orchestration whose visit has ended."""

    def visit(self, entry: CatalogEntry, above: tuple[CatalogEntry, ...]) -> tuple[CatalogEntry, ...]:
        """Visit `entry`, reached through the chain `above`; return the longest chain that begins with it."""
        chain = (*above, entry)
        self.orchestrations[entry.digest] = entry
        self.children[entry.digest] = {}
        self._collect_agents(entry)
        longest: tuple[CatalogEntry, ...] = ()
        for path, step in _child_steps(entry.spec):
            child = self._child(entry, step, path)
            if child is None:
                continue
            self.children[entry.digest][step.id] = child.digest
            below = self._below(child, chain, path)
            longest = max(longest, below, key=len)
        self._deepest[entry.digest] = (entry, *longest)
        return (entry, *longest)

    def _below(self, child: CatalogEntry, chain: tuple[CatalogEntry, ...], path: str) -> tuple[CatalogEntry, ...]:
        if any(child.digest == entry.digest for entry in chain):
            self._add(chain[-1], path, f"{chain[-1].title} plays itself: {_names((*chain, child))}", "IncludesItself")
            return ()
        known = self._deepest.get(child.digest)
        if known is None and len(chain) <= DEEPEST:
            return self.visit(child, chain)
        whole = (*chain, *(known or (child,)))
        if len(whole) > DEEPEST + 1:
            self._add(
                chain[-1],
                path,
                f"orchestrations are nested more than {DEEPEST} levels deep: {_names(whole)}",
                "TooDeep",
            )
        return known or (child,)

    def _child(self, entry: CatalogEntry, step: Step, path: str) -> CatalogEntry | None:
        try:
            child = self._catalog.child(entry, step)
        except (NotFound, Ambiguous) as error:
            self._add(entry, path, error.message, "UnknownOrchestration", error.hint)
            return None
        known = self.orchestrations.get(child.digest)
        if known is not None and (known.owner, known.organization) != (child.owner, child.organization):
            self._add(entry, path, f"{child.title} is there twice with different owners or organizations", "Ambiguous")
            return None
        return child

    def _collect_agents(self, entry: CatalogEntry) -> None:
        for path, step in _agent_steps(entry.spec):
            key = (step.organization or entry.organization, step.agent or "")
            if key in self.agents:
                continue
            try:
                self.agents[key] = self._catalog.agent(key[1], key[0])
            except NotFound as error:
                self._add(entry, path, error.message, "UnknownAgent", error.hint)

    def _add(self, entry: CatalogEntry, path: str, message: str, rule: str, hint: str | None = None) -> None:
        self.problems.append(Problem(_location(entry.source), path, message, rule, hint))


def _all_steps(spec: OrchestrationSpec) -> Iterator[tuple[str, Step]]:
    yield from ((f"spec.steps[{index}]", step) for index, step in enumerate(spec.steps))
    yield from ((f"spec.finally[{index}]", step) for index, step in enumerate(spec.finally_))


def _child_steps(spec: OrchestrationSpec) -> Iterator[tuple[str, Step]]:
    return ((f"{path}.orchestration", step) for path, step in _all_steps(spec) if step.type == "orchestration")


def _agent_steps(spec: OrchestrationSpec) -> Iterator[tuple[str, Step]]:
    return ((f"{path}.agent", step) for path, step in _all_steps(spec) if step.type == "agent")


def _names(chain: tuple[CatalogEntry, ...]) -> str:
    return " -> ".join(entry.title for entry in chain)


def _location(source: str) -> Location:
    file, _, line = source.rpartition(":")
    return Location(file, int(line), 1) if file and line.isdecimal() else Location(source, 1, 1)


def _plain(spec: OrchestrationSpec | AgentSpec) -> Any:
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
