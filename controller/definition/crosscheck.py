"""Do definitions that are used together fit together?"""

from collections.abc import Iterable, Sequence

from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.checked import CheckedAgent, CheckedOrchestration
from controller.definition.findings import did_you_mean
from controller.definition.snapshot import DEEPEST
from controller.errors import Ambiguous, NotFound
from controller.model.document import Path
from controller.model.orchestration import OrchestrationSpec
from controller.model.step import Step

_Identity = tuple[str | None, str, str, str]


def crosscheck(
    orchestrations: Sequence[CheckedOrchestration],
    agents: Sequence[CheckedAgent],
    *,
    store: Iterable[CatalogEntry] = (),
    store_agents: Iterable[AgentEntry] = (),
) -> None:
    """Add to the findings of each document what is wrong between them.

    Unknown agents and modes that they do not have; unknown orchestrations and versions; orchestrations that play
    themselves or nest too deep; parameters that a child does not know or misses; two definitions of one identity.
    `store` and `store_agents` are what is published and may be used too.
    """
    entries = [_entry(checked) for checked in orchestrations]
    catalog = Catalog(
        folder=entries,
        folder_agents=[AgentEntry(agent.spec, "", {}, agent.organization, "") for agent in agents],
        store=store,
        store_agents=store_agents,
    )
    _duplicates(orchestrations, agents)
    children: dict[_Identity, list[CatalogEntry]] = {}
    for checked, entry in zip(orchestrations, entries, strict=True):
        found = [_step(checked, entry, step, path, catalog) for path, step in _steps(checked.spec)]
        children.setdefault(_identity(entry), [child for child in found if child is not None])
    for checked, entry in zip(orchestrations, entries, strict=True):
        for path, step in _steps(checked.spec):
            if step.type == "orchestration" and step.orchestration is not None:
                _nesting(checked, entry, step, (*path, "orchestration", "name"), catalog, children)


def _entry(checked: CheckedOrchestration) -> CatalogEntry:
    return CatalogEntry(checked.spec, "", checked.spec.owner, checked.organization, "active", "")


def _steps(spec: OrchestrationSpec) -> list[tuple[Path, Step]]:
    ordinary: list[tuple[Path, Step]] = [(("spec", "steps", index), step) for index, step in enumerate(spec.steps)]
    return [*ordinary, *((("spec", "finally", index), step) for index, step in enumerate(spec.finally_))]


def _identity(entry: CatalogEntry) -> _Identity:
    return entry.owner, entry.organization, entry.spec.name or "", entry.spec.version


def _duplicates(orchestrations: Sequence[CheckedOrchestration], agents: Sequence[CheckedAgent]) -> None:
    """The later file of two is wrong, in the order in which they were read."""
    first: dict[_Identity, CheckedOrchestration] = {}
    for checked in orchestrations:
        identity = _identity(_entry(checked))
        known = first.setdefault(identity, checked)
        if known is not checked:
            message = f"{checked.spec.name} {checked.spec.version} is defined in {known.document.file} already"
            written = checked.resource.spec.model_fields_set
            path: Path = ("spec", "version") if "version" in written else _name(written, "name")
            checked.findings.add(path, message, "DuplicateDefinition", "give it another version or name")
    known_agents: dict[tuple[str, str | None], CheckedAgent] = {}
    for agent in agents:
        other = known_agents.setdefault((agent.organization, agent.spec.slug), agent)
        if other is not agent:
            message = f'agent "{agent.spec.slug}" is defined in {other.document.file} already'
            path = _name(agent.resource.spec.model_fields_set, "slug")
            agent.findings.add(path, message, "DuplicateAgent", "give it another slug")


def _name(written: set[str], field: str) -> Path:
    return ("spec", field) if field in written else ("metadata", "name")


def _step(
    checked: CheckedOrchestration, entry: CatalogEntry, step: Step, path: Path, catalog: Catalog
) -> CatalogEntry | None:
    """Check what a step calls; return the child that it plays."""
    findings = checked.findings
    if step.type == "agent":
        if step.agent is not None:
            _agent(checked, step, step.agent, path, catalog)
        return None
    if step.orchestration is None:
        return None
    try:
        child = catalog.child(entry, step)
    except (NotFound, Ambiguous) as error:
        field = "name" if step.orchestration.version is None else "version"
        findings.add((*path, "orchestration", field), error.message, "UnknownOrchestration", error.hint)
        return None
    _parameters(checked, step, child, (*path, "orchestration", "parameters"))
    return child


def _agent(checked: CheckedOrchestration, step: Step, slug: str, path: Path, catalog: Catalog) -> None:
    try:
        agent = catalog.agent(slug, step.organization or checked.organization)
    except NotFound as error:
        checked.findings.add((*path, "agent"), error.message, "UnknownAgent", error.hint)
        return
    if step.mode not in agent.spec.modes:
        modes = ", ".join(agent.spec.modes)
        message = f'agent "{slug}" does not work in mode {step.mode}'
        checked.findings.add((*path, "mode"), message, "UnsupportedMode", f"it knows {modes}")


def _parameters(checked: CheckedOrchestration, step: Step, child: CatalogEntry, path: Path) -> None:
    assert step.orchestration is not None
    given = step.orchestration.parameters
    known = {parameter.key: parameter for parameter in child.spec.parameters}
    for key in given:
        if key not in known:
            message = f'{child.title} has no parameter "{key}"'
            hint = did_you_mean(key, known.keys() - given.keys())
            checked.findings.add((*path, key), message, "UnknownParameter", hint, key=True)
    missing = [
        key for key, parameter in known.items() if parameter.required and parameter.default is None and key not in given
    ]
    # A mistyped name is one mistake.
    unknown = [key for key in given if key not in known]
    missing = [key for key in missing if not any(did_you_mean(word, [key]) for word in unknown)]
    for key in missing:
        message = f'{child.title} needs the parameter "{key}"'
        checked.findings.add((*path, key), message, "MissingParameter", f'add "{key}" under parameters')


def _nesting(
    checked: CheckedOrchestration,
    entry: CatalogEntry,
    step: Step,
    path: Path,
    catalog: Catalog,
    children: dict[_Identity, list[CatalogEntry]],
) -> None:
    """Report a step through which its orchestration plays itself, or nests too deep."""
    try:
        child = catalog.child(entry, step)
    except (NotFound, Ambiguous):
        return
    if way := _way(child, entry, children):
        names = " -> ".join(f"{found.title}" for found in (entry, *way))
        checked.findings.add(path, f"{entry.title} plays itself: {names}", "IncludesItself")
        return
    deepest = _deepest(child, children, {})
    if len(deepest) > DEEPEST:
        names = " -> ".join(found.title for found in (entry, *deepest))
        message = f"orchestrations are nested more than {DEEPEST} levels deep: {names}"
        checked.findings.add(path, message, "TooDeep")


def _way(start: CatalogEntry, goal: CatalogEntry, children: dict[_Identity, list[CatalogEntry]]) -> list[CatalogEntry]:
    """Return the shortest way from one orchestration to another through its children, both included."""
    came: dict[_Identity, list[CatalogEntry]] = {_identity(start): [start]}
    queue = [start]
    for entry in queue:
        if _identity(entry) == _identity(goal):
            return came[_identity(entry)]
        for child in children.get(_identity(entry), ()):
            if _identity(child) not in came:
                came[_identity(child)] = [*came[_identity(entry)], child]
                queue.append(child)
    return []


def _deepest(
    entry: CatalogEntry,
    children: dict[_Identity, list[CatalogEntry]],
    known: dict[_Identity, list[CatalogEntry]],
) -> list[CatalogEntry]:
    """Return the longest chain of children from an orchestration on; what plays itself is counted once."""
    identity = _identity(entry)
    if identity not in known:
        known[identity] = [entry]
        below = [_deepest(child, children, known) for child in children.get(identity, ())]
        known[identity] = [entry, *max(below, key=len, default=[])]
    return known[identity]
