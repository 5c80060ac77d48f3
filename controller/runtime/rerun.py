"""A new run of what an earlier one ran, seeded with the outputs of the steps that need not be done again."""

from collections.abc import Mapping
from typing import Any

from controller.definition.parameters import resolve_parameters
from controller.engine.units import unit_of
from controller.errors import NotFound
from controller.model.graph import Graph
from controller.model.run import RunSpec
from controller.model.states import StepState
from controller.runtime.member import Member


def rerun(
    earlier: Member,
    *,
    uid: str,
    requester: str,
    now: int,
    parameters: Mapping[str, Any],
    step: str | None = None,
) -> RunSpec:
    """Return the spec of a new root run with the snapshot of an earlier one; `parameters` overrule that run's.

    With `step`, every succeeded step that neither is it nor follows from it is seeded. Without it nothing is.
    Raises NotFound for an unknown step; ParametersInvalid.
    """
    spec = earlier.spec
    return RunSpec(
        uid=uid,
        root=uid,
        orchestration=spec.orchestration,
        version=spec.version,
        owner=spec.owner,
        organization=spec.organization,
        definition=spec.definition,
        snapshot=spec.snapshot,
        parameters=resolve_parameters(earlier.entry.spec, {**spec.parameters, **parameters}),
        requester=requester,
        created_at=now,
        max_parallel=spec.max_parallel,
        rerun_of=spec.uid,
        seeds=_seeds(earlier, step) if step is not None else {},
        request_metadata=spec.request_metadata,
        task=spec.task,
        places=spec.places,
    )


def _seeds(earlier: Member, step: str) -> dict[str, str]:
    graph = earlier.graph
    start = graph.by_id.get(step)
    if start is None or start >= graph.ordinary:
        known = ", ".join(one.id for one in graph.steps[: graph.ordinary][:20])
        raise NotFound(f'run {earlier.spec.uid} has no step "{step}" to begin from', hint=f"its steps: {known}")
    anew = _following(graph, start)
    seeds = {}
    for one in graph.steps[: graph.ordinary]:
        known_unit = earlier.state.unit(unit_of(one.index))
        if one.index not in anew and known_unit.state is StepState.SUCCEEDED and known_unit.output is not None:
            seeds[one.id] = known_unit.output
    return seeds


def _following(graph: Graph, start: int) -> frozenset[int]:
    """The step and everything that needs it."""
    found, waiting = {start}, [start]
    while waiting:
        for successor in graph.steps[waiting.pop()].successors:
            if successor not in found:
                found.add(successor)
                waiting.append(successor)
    return frozenset(found)
