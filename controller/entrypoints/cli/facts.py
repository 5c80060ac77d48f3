"""Facts: what a run tree came to, counted from its state, for the summary on a screen and for programs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from controller.engine.changes import undoable
from controller.engine.status import open_gates
from controller.engine.transitions import UndoState
from controller.engine.units import index_of, instance_of, unit_of
from controller.entrypoints.cli.presenter import Tree
from controller.entrypoints.cli.prints import last_line
from controller.model.run import GateStatus
from controller.model.states import Role, StepState
from controller.runtime.caching import cache_ttl_ms
from controller.runtime.member import Member

TAIL_LINES = 40
"""Lines of a log among which the last one with text is looked for."""

_KEPT = frozenset({StepState.SUCCEEDED, StepState.AWAITING_APPROVAL})


class Failure(NamedTuple):
    """A step that failed, down to the run where it really happened."""

    path: str
    """As seen from the top."""
    step: str
    """Id in the top run: what `retry` and `skip` are told."""
    run: str
    """Run that holds the attempt, a child's where a child failed."""
    own: str
    """Id in that run."""
    attempts: int
    """Charged attempts."""
    most: int
    reason: str
    log: str
    """Last line that it printed; empty for none."""
    allow_skip: bool


class Facts(NamedTuple):
    """A run tree in numbers and names."""

    steps: int
    done: int
    cached: int
    skipped: int
    reused: int
    """Steps whose output was taken from the run that this one repeats."""
    children: int
    approvals: int
    retries: int
    took_ms: int
    failures: list[Failure]
    not_reached: list[str]
    kept: list[str]
    undone: list[str]
    remaining: list[tuple[str, str]]
    """Changes that an undo left, with the reason."""
    undoable: list[str]
    """Steps whose change an undo would take back, in its order."""
    gates: list[GateStatus]
    from_cache_again: int
    """Steps whose output would come from the cache if the same run was started again now."""
    twice: list[str]
    """Steps that had more than one attempt."""


def facts_of(tree: Tree) -> Facts:
    """Count everything that the end of a run is told with."""
    top = tree.top
    state = top.state
    ordinary = [unit_of(step.index) for step in top.graph.steps[: top.graph.ordinary]]
    everyone = list(everything(tree))
    return Facts(
        steps=top.graph.ordinary,
        done=state.succeeded + state.skipped,
        cached=state.cached,
        skipped=state.skipped,
        reused=sum(state.unit(unit).how == "seed" for unit in ordinary),
        children=len(everyone) - 1,
        approvals=sum(
            verdict == "approve"
            for member in everyone
            for _, known in member.state.units.items()
            for verdict in known.verdicts
        ),
        retries=sum(max(0, len(known.classes) - 1) for member in everyone for _, known in member.state.units.items()),
        took_ms=_took(tree),
        failures=[_failure(tree, top, index) for index in _by_record(top)],
        not_reached=[top.name(unit) for unit in ordinary if state.unit(unit).state is StepState.PENDING],
        kept=[top.name(unit) for unit in ordinary if state.unit(unit).state in _KEPT],
        undone=[top.name(unit) for unit, known in sorted(state.units.items()) if known.undo is UndoState.DONE],
        remaining=[(top.name(unit), state.unit(unit).undo_reason) for unit in state.kept],
        undoable=[top.name(unit) for unit in undoable(state)],
        gates=list(open_gates(state)),
        from_cache_again=sum(_from_cache(top, unit) for unit in ordinary),
        twice=[
            tree.path(member, member.name(unit))
            for member in everyone
            for unit, known in sorted(member.state.units.items())
            if known.attempt > 1
        ],
    )


def everything(tree: Tree) -> Iterator[Member]:
    """Yield all runs of the tree, those included that settled before this process looked at it."""
    for spec in tree.session.look.tree(tree.top.spec):
        yield tree.members.get(spec.uid) or tree.session.look.member(spec)


def _took(tree: Tree) -> int:
    state = tree.top.state
    end = state.ended_at or tree.session.local.clock.now()
    return max(0, end - state.first_started_at) if state.first_started_at else 0


def _by_record(member: Member) -> list[int]:
    """Failed steps, the one that failed last first: a retry without a name means it."""
    return [index for index, _ in sorted(member.state.failures.items(), key=lambda item: -item[1])]


def _failure(tree: Tree, top: Member, index: int) -> Failure:
    member, unit = top, unit_of(index)
    path = [top.graph.steps[index].id]
    while (child := member.state.unit(unit).child) is not None:
        below = tree.members.get(child.run)
        if below is None:
            spec = tree.session.local.stores.objects.run(child.run)
            below = tree.session.look.member(spec) if spec is not None else None
        failed = _by_record(below) if below is not None else []
        if below is None or not failed:
            break
        member, unit = below, unit_of(failed[0])
        path.append(member.name(unit))
    unit = _failed_instance(member, unit)
    known, step = member.state.unit(unit), member.graph.steps[index_of(unit)]
    if instance_of(unit) >= 0:
        path[-1] = member.name(unit)
    return Failure(
        "/".join(path),
        top.graph.steps[index].id,
        member.spec.uid,
        member.name(unit),
        known.spent,
        step.retry.max_attempts,
        known.reason,
        last_line(tree.session, tree.root, member.key(unit, Role.DO, known.attempt), TAIL_LINES)
        if known.attempt
        else "",
        top.graph.steps[index].retry.allow_skip,
    )


def _failed_instance(member: Member, unit: int) -> int:
    for one in range(max(member.state.unit(unit).instances, 0)):
        instance = unit_of(index_of(unit), one)
        if member.state.unit(instance).state is StepState.FAILED:
            return instance
    return unit


def _from_cache(member: Member, unit: int) -> bool:
    from controller.definition.template import uses_run

    known = member.state.unit(unit)
    return (
        known.state is StepState.SUCCEEDED
        and known.how in ("ran", "cache", "expanded")
        and cache_ttl_ms(member, unit) > 0
        and not uses_run(member.step(unit).input.model_dump())
    )


def gate_facts(gate: GateStatus) -> dict[str, Any]:
    """Return an open checkpoint for programs."""
    return gate.model_dump(by_alias=True)
