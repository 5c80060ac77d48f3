"""Publishing definitions and moving them through their life: checked against what is published already."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from semver import Version

from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.lifecycle import Refusal, move
from controller.definition.snapshot import take
from controller.definition.versions import check_bump, precedence
from controller.errors import Ambiguous, DefinitionInvalid, NotFound, Refused, VerificationFailed
from controller.model.digest import Digest
from controller.model.names import Lifecycle
from controller.model.problem import Location, Problem
from controller.model.resource import API_VERSION
from controller.ports.blob_store import BlobStore
from controller.ports.object_store import ObjectStore, Published

ORCHESTRATION, AGENT = "Orchestration", "Agent"
_ABSENT = frozenset({"UnknownOrchestration", "UnknownAgent"})
_ALSO = "publish it first, or publish the folder that holds both"
NO_VERSION = ""
"""Agents have no versions: their revision is their content."""


class Candidate(NamedTuple):
    """An orchestration to publish."""

    entry: CatalogEntry
    version_at: Location
    """Where its version is written."""


class Change(NamedTuple):
    """What publishing did with one definition."""

    kind: str
    name: str
    version: str
    change: str
    """published, replaced, activated or unchanged."""
    lifecycle: str
    after: str | None = None
    """Version that it follows."""


def publish(
    candidates: Sequence[Candidate],
    agents: Sequence[AgentEntry],
    files: Mapping[Digest, bytes],
    known: Sequence[tuple[Published, CatalogEntry]],
    known_agents: Sequence[AgentEntry],
    objects: ObjectStore,
    blobs: BlobStore,
    now: int,
    *,
    activate: bool,
) -> list[Change]:
    """Publish orchestrations with the agents that they call, all or nothing of what is checked here.

    `known` is what is published. Publishing the same again changes nothing; a draft is replaced; the content of any
    other version never changes. Raises DefinitionInvalid with every version that is too low for its change, and with
    everything that the definitions play or call and that is not there.
    """
    problems = [problem for one in candidates for problem in _version_problems(one, [entry for _, entry in known])]
    if problems:
        raise DefinitionInvalid(problems)
    offered = Catalog(
        folder=[one.entry for one in candidates],
        folder_agents=agents,
        store=[entry for _, entry in known],
        store_agents=known_agents,
    )
    problems = [problem for one in candidates for problem in _missing(one.entry, offered)]
    if problems:
        raise DefinitionInvalid(problems)
    called = {key for one in candidates for key in _called(one.entry, offered)}
    changes = [
        _agent(agent, files, known_agents, objects, blobs, now)
        for agent in agents
        if not candidates or (agent.organization, agent.spec.slug or "") in called
    ]
    published = {_key(entry): one for one, entry in known}
    for one in candidates:
        changes.append(_orchestration(one.entry, published, known, objects, now, activate=activate))
    return changes


def _key(entry: CatalogEntry) -> tuple[str, str, str, str]:
    return entry.owner or "", entry.organization, entry.spec.name or "", entry.spec.version


def _version_problems(one: Candidate, known: Iterable[CatalogEntry]) -> list[Problem]:
    own = precedence(one.entry.spec.version)
    line = [entry for entry in known if _key(entry)[:3] == _key(one.entry)[:3]]
    same = next((entry for entry in line if entry.spec.version == one.entry.spec.version), None)
    if same is not None and same.digest == one.entry.digest:
        if same.lifecycle != "archived":
            return []
        message = f"{same.title} was archived; raise the version to publish it again"
        return [Problem(one.version_at, "spec.version", message, "VersionArchived")]
    earlier = [
        entry for entry in line if precedence(entry.spec.version) < own or (entry is same and same.lifecycle != "draft")
    ]
    if not earlier:
        return []
    before = max(earlier, key=lambda entry: precedence(entry.spec.version))
    return [
        Problem(one.version_at, "spec.version", f"after {before.title}: {problem}", "VersionTooLow")
        for problem in check_bump(before.spec, one.entry.spec)
    ]


def _missing(entry: CatalogEntry, catalog: Catalog) -> Sequence[Problem]:
    try:
        take(entry, catalog)
    except DefinitionInvalid as error:
        return [problem._replace(hint=_ALSO) if problem.rule in _ABSENT else problem for problem in error.problems]
    return ()


def _called(entry: CatalogEntry, catalog: Catalog) -> set[tuple[str, str]]:
    return {(agent.organization, agent.spec.slug or "") for agent in take(entry, catalog).agents()}


def _agent(
    agent: AgentEntry,
    files: Mapping[Digest, bytes],
    known: Sequence[AgentEntry],
    objects: ObjectStore,
    blobs: BlobStore,
    now: int,
) -> Change:
    slug = agent.spec.slug or ""
    same = next((one for one in known if (one.organization, one.spec.slug) == (agent.organization, slug)), None)
    if same is not None and same.revision == agent.revision:
        return Change(AGENT, slug, NO_VERSION, "unchanged", "active")
    for name, digest in agent.files.items():
        if blobs.put(files[digest]) != digest:
            raise VerificationFailed(f"{name} of agent {slug} changed while it was read")
    resource = _resource(AGENT, slug, agent.organization, agent.spec)
    new = objects.publish(
        Published(AGENT, "", agent.organization, slug, NO_VERSION, "active", resource, agent.files, now, now)
    )
    return Change(AGENT, slug, NO_VERSION, "published" if new else "replaced", "active")


def _orchestration(
    entry: CatalogEntry,
    published: Mapping[tuple[str, str, str, str], Published],
    known: Sequence[tuple[Published, CatalogEntry]],
    objects: ObjectStore,
    now: int,
    *,
    activate: bool,
) -> Change:
    name, version = entry.spec.name or "", entry.spec.version
    same = published.get(_key(entry))
    line = [one for _, one in known if _key(one)[:3] == _key(entry)[:3] and one.spec.version != version]
    lower = [one.spec.version for one in line if Version.parse(one.spec.version) < Version.parse(version)]
    after = max(lower, key=precedence, default=None)
    stored = next((one for _, one in known if _key(one) == _key(entry)), None)
    lifecycle = "active" if activate else "draft" if same is None else same.lifecycle
    unchanged = stored is not None and stored.digest == entry.digest and _history(stored) == _history(entry)
    if unchanged and same is not None:
        if same.lifecycle == lifecycle:
            return Change(ORCHESTRATION, name, version, "unchanged", lifecycle, after)
        objects.set_lifecycle(same, lifecycle, now)
        return Change(ORCHESTRATION, name, version, "activated", lifecycle, after)
    resource = _resource(ORCHESTRATION, name, entry.organization, entry.spec)
    created = now if same is None else same.created_at
    record = Published(
        ORCHESTRATION, entry.owner or "", entry.organization, name, version, lifecycle, resource, {}, created, now
    )
    new = objects.publish(record)
    return Change(ORCHESTRATION, name, version, "published" if new else "replaced", lifecycle, after)


def _history(entry: CatalogEntry) -> tuple[int | None, int | None]:
    """Return what is no part of the digest, and so may change without a new version: how many runs are kept."""
    return entry.spec.successful_runs_history_limit, entry.spec.failed_runs_history_limit


def _resource(kind: str, name: str, organization: str, spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": organization},
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
    }


def set_lifecycle(
    name: str,
    version: str | None,
    verb: str,
    known: Sequence[tuple[Published, CatalogEntry]],
    known_agents: Sequence[AgentEntry],
    objects: ObjectStore,
    now: int,
) -> tuple[Published, Lifecycle]:
    """Move one version. Without a version there must be exactly one that the verb can move.

    Raises NotFound, Ambiguous, Refused, and DefinitionInvalid for one that cannot be active, as something that it
    plays or calls is not there.
    """
    named = [(one, entry) for one, entry in known if one.name == name]
    if not named:
        raise NotFound(f'no orchestration "{name}" is published', hint="libretto definitions list")
    if version is not None:
        fitting = [(one, entry) for one, entry in named if one.version == version]
    else:
        movable = [
            (one, entry) for one, entry in named if not isinstance(move(entry.title, entry.lifecycle, verb), Refusal)
        ]
        fitting = movable or named[-1:]
    if not fitting:
        raise NotFound(f"{name} {version} is not published", hint="libretto definitions list")
    if len(fitting) > 1:
        versions = ", ".join(f"{name}@{one.version}" for one, _ in fitting)
        raise Ambiguous(f"several versions of {name} can be meant", hint=f"name one: {versions}")
    one, entry = fitting[0]
    target = move(entry.title, entry.lifecycle, verb)
    if isinstance(target, Refusal):
        raise Refused(f"{target.reason}. Nothing was changed.")
    if target == "active":
        catalog = Catalog(store=[other for _, other in known], store_agents=known_agents)
        if problems := _missing(entry, catalog):
            raise DefinitionInvalid(problems)
    objects.set_lifecycle(one, target, now)
    return one, target
