"""What does the engine need to know of a definition? Makes the immutable Graph of a validated orchestration."""

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from controller.definition.gate import compile_gate
from controller.definition.retry import retry_policy
from controller.errors import InvariantViolated
from controller.model.agent import AgentSpec
from controller.model.digest import Digest
from controller.model.graph import Graph, GraphPhase, GraphStep
from controller.model.orchestration import OrchestrationSpec, ParallelPhases, Phase
from controller.model.step import Step

DEFAULT_ORGANIZATION = "global"
"""Organization of whatever names none."""

MOST_PARALLEL = 1000
"""Steps of one run at one time, at most: the frontier of a run is bounded by it."""

_NO_AGENT = AgentSpec()


class _Source(NamedTuple):
    """What every step is compiled from, besides itself."""

    spec: OrchestrationSpec
    agents: Mapping[str, AgentSpec]
    organization: str
    phase_of: Mapping[str, int]


def compile_graph(
    spec: OrchestrationSpec,
    digest: Digest,
    agents: Mapping[str, AgentSpec] = {},
    *,
    default_max_parallel: int = 1,
    shared: tuple[tuple[str, int], ...] = (),
) -> Graph:
    """Return the graph of a validated definition: the same for the same arguments, in O(V + E log V).

    `agents` gives timeouts, exit codes and limits, by slug, or by `organization/slug` where a step names an
    organization of its own; an unknown agent adds none. `default_max_parallel` is the environment's setting, used when
    the definition says nothing; 1, because nothing may overlap that was not said to be able to. `shared` are slots that
    every attempt takes, whatever its step: (key, limit).

    A dependency of a finalizer on an ordinary step is left out: that step has settled, or never will.

    Raises InvariantViolated for what validation refuses: a cycle, an unknown or duplicate id, a missing name.
    """
    phases, entries = _phases(spec)
    source = _Source(
        spec,
        agents,
        spec.organization or DEFAULT_ORGANIZATION,
        {phase.id: index for index, (phase, _) in enumerate(phases)},
    )
    if spec.name is None:
        raise InvariantViolated("a definition without a name cannot be compiled")
    entry_of = {phase.id: entry for phase, entry in phases}
    ordinary = _ordered(spec.steps, [entry_of.get(step.phase or "", 0) for step in spec.steps])
    finalizers = _ordered(_without_ordinary_dependencies(spec), [0] * len(spec.finally_))
    ordered = [*ordinary, *finalizers]
    by_id = {step.id: index for index, step in enumerate(ordered)}
    if len(by_id) != len(ordered):
        raise InvariantViolated("two steps of one definition have the same id")
    steps = _steps(ordered, by_id, len(ordinary), source)
    members: list[list[int]] = [[] for _ in phases]
    for compiled in steps[: len(ordinary)]:
        if compiled.phase >= 0:
            members[compiled.phase].append(compiled.index)
    return Graph(
        digest=digest,
        name=spec.name,
        version=spec.version,
        steps=tuple(steps),
        by_id=by_id,
        ordinary=len(ordinary),
        phases=tuple(_phase(phase, entry, members[index]) for index, (phase, entry) in enumerate(phases)),
        entries=entries,
        max_parallel=min(max(1, spec.execution.concurrency.max_parallel or default_max_parallel), MOST_PARALLEL),
        fail_fast=spec.execution.fail_fast,
        timeout_ms=spec.timeout,
        automatic_undo=spec.error_handling.rollback.automatic,
        outputs=bool(spec.outputs),
        shared=shared,
    )


def _phases(spec: OrchestrationSpec) -> tuple[list[tuple[Phase, int]], tuple[tuple[int, ...], ...]]:
    """Return the phases with the index of their entry, and for each entry the indexes of its phases."""
    phases: list[tuple[Phase, int]] = []
    entries: list[tuple[int, ...]] = []
    for index, entry in enumerate(spec.phases):
        members = entry.parallel if isinstance(entry, ParallelPhases) else [entry]
        entries.append(tuple(range(len(phases), len(phases) + len(members))))
        phases.extend((phase, index) for phase in members)
    return phases, tuple(entries)


def _phase(phase: Phase, entry: int, steps: Sequence[int]) -> GraphPhase:
    return GraphPhase(phase.id, entry, phase.when is not None, phase.max_parallel, phase.timeout, tuple(steps))


def _without_ordinary_dependencies(spec: OrchestrationSpec) -> list[Step]:
    ordinary = {step.id for step in spec.steps}
    return [
        step
        if ordinary.isdisjoint(step.depends_on)
        else step.model_copy(update={"depends_on": [id_ for id_ in step.depends_on if id_ not in ordinary]})
        for step in spec.finally_
    ]


def _ordered(steps: Sequence[Step], entries: Sequence[int]) -> list[Step]:
    """Return the steps in FIFO order: by entry, then topological, ties by position."""
    position = {step.id: index for index, step in enumerate(steps)}
    missing = [0] * len(steps)
    successors: list[list[int]] = [[] for _ in steps]
    for index, step in enumerate(steps):
        for id_ in dict.fromkeys(step.depends_on):
            if id_ not in position:
                raise InvariantViolated(f'step "{step.id}" depends on "{id_}", which it cannot wait for')
            successors[position[id_]].append(index)
            missing[index] += 1
    ready = [(entries[index], index) for index, count in enumerate(missing) if count == 0]
    heapify(ready)
    ordered = []
    while ready:
        _, index = heappop(ready)
        ordered.append(steps[index])
        for successor in successors[index]:
            missing[successor] -= 1
            if missing[successor] == 0:
                heappush(ready, (entries[successor], successor))
    if len(ordered) != len(steps):
        held = min(step.id for index, step in enumerate(steps) if missing[index])
        raise InvariantViolated(f'the dependencies of step "{held}" form or follow a cycle')
    return ordered


def _steps(ordered: Sequence[Step], by_id: Mapping[str, int], ordinary: int, source: _Source) -> list[GraphStep]:
    dependencies = [tuple(sorted({by_id[id_] for id_ in step.depends_on})) for step in ordered]
    successors: list[list[int]] = [[] for _ in ordered]
    for index, needed in enumerate(dependencies):
        for dependency in needed:
            successors[dependency].append(index)
    return [
        _step(step, index, dependencies[index], tuple(successors[index]), index >= ordinary, source)
        for index, step in enumerate(ordered)
    ]


def _step(
    step: Step,
    index: int,
    dependencies: tuple[int, ...],
    successors: tuple[int, ...],
    finalizer: bool,
    source: _Source,
) -> GraphStep:
    agent = _agent(step, source)
    return GraphStep(
        id=step.id,
        index=index,
        needs=len(dependencies),
        dependencies=dependencies,
        successors=successors,
        phase=-1 if finalizer else _phase_index(step, source),
        child=step.type == "orchestration",
        foreach=step.foreach is not None,
        finalizer=finalizer,
        gate=None if step.checkpoint_after is None else compile_gate(step, step.checkpoint_after),
        retry=retry_policy(step.retry, source.spec.error_handling.on_step_failure, agent.non_retryable),
        timeout_ms=step.timeout,
        attempt_timeout_ms=step.attempt_timeout if step.attempt_timeout is not None else agent.attempt_timeout,
        queue_timeout_ms=step.queue_timeout,
        at_most_once=step.launch == "AtMostOnce",
        reversible=step.reversible is not False,
        undo=step.undo is not None,
        slots=_slots(step, agent, source),
    )


def _phase_index(step: Step, source: _Source) -> int:
    if step.phase is None and not source.phase_of:
        return -1
    phase = source.phase_of.get(step.phase or "")
    if phase is None:
        raise InvariantViolated(f'step "{step.id}" is in no phase of its definition')
    return phase


def _agent(step: Step, source: _Source) -> AgentSpec:
    # On a step that plays an orchestration, `agent` names an owner: nothing is called.
    if step.agent is None or step.type == "orchestration":
        return _NO_AGENT
    if step.organization is not None:
        own = source.agents.get(f"{step.organization}/{step.agent}")
        if own is not None:
            return own
    return source.agents.get(step.agent, _NO_AGENT)


def _slots(step: Step, agent: AgentSpec, source: _Source) -> tuple[tuple[str, int], ...]:
    # A step that plays an orchestration only waits; the child's own steps take the slots.
    if step.type == "orchestration":
        return ()
    slots = []
    if agent.max_parallel is not None:
        organization = agent.organization or step.organization or source.organization
        slots.append((f"agent/{organization}/{step.agent}", agent.max_parallel))
    total = source.spec.execution.concurrency.max_total
    if total is not None:
        slots.append((f"orchestration/{source.organization}/{source.spec.name}", total))
    return tuple(slots)
