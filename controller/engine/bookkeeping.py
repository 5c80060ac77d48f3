"""What hangs on a unit's state: slots, counts, dependants, phases, candidates for undo. Shared by the folds."""

from typing import Any

from controller.engine.queues import PHASE, enqueue, phase_of, set_timer
from controller.engine.state import Halt, PhaseProgress, State, Unit
from controller.engine.transitions import UndoState
from controller.engine.units import index_of, instance_of, unit_named, unit_of
from controller.errors import LedgerInconsistent
from controller.machine import heap
from controller.model.graph import GraphStep
from controller.model.record import Record
from controller.model.states import Role, RunState, StepState

_SHOWN = {StepState.RUNNING: "Running", StepState.AWAITING_APPROVAL: "AwaitingApproval"}
SATISFIES = frozenset({StepState.SUCCEEDED, StepState.SKIPPED})
"""States of a step that let its dependants start."""
ENDED_PHASES = frozenset({"ended", "skipped"})


def unit_in(state: State, record: Record) -> int:
    """Return the unit that a record is about. Raises LedgerInconsistent when the graph has none."""
    unit = unit_named(state.graph, record.step) if record.step is not None else None
    if unit is None:
        raise LedgerInconsistent(f"record {record.seq} ({record.kind}) is about the unknown step {record.step}")
    return unit


def put(state: State, unit: int, old: Unit, new: Unit) -> State:
    """Return the state with the unit changed, and every count that hangs on it."""
    changes: dict[str, Any] = {"units": state.units.set(unit, new)}
    if old.state is not new.state:
        if new.state in _SHOWN:
            changes["frontier"] = state.frontier.set(unit, _SHOWN[new.state])
        elif unit in state.frontier:
            changes["frontier"] = state.frontier.delete(unit)
        if new.state is not StepState.RUNNING:
            changes.update(released(state, unit))
            if unit in state.child_gates:
                changes["child_gates"] = state.child_gates.delete(unit)
        if unit in state.asked:
            changes["asked"] = state.asked.delete(unit)
        if instance_of(unit) < 0 and not state.graph.steps[index_of(unit)].finalizer:
            changes.update(_counts(state, index_of(unit), old, new))
    if new.state is StepState.PENDING and new.retry_at:
        changes["waiting"] = state.waiting.set(unit, new.retry_at)
    elif unit in state.waiting:
        changes["waiting"] = state.waiting.delete(unit)
    return state._replace(**changes)


def released(state: State, unit: int) -> dict[str, Any]:
    """Return the changes that give the unit's slot back."""
    phase = state.holding.get(unit)
    if phase is None:
        return {}
    held = state.phase_holding[phase] - 1
    return {"holding": state.holding.delete(unit), "phase_holding": state.phase_holding.set(phase, held)}


def halt(state: State, why: Halt) -> State:
    """Return the state in which the run is being ended. While finalizers run the verdict is known already: an abort is
    another one.
    """
    state = state._replace(halt=why)
    if state.verdict and not why.fails:
        return state._replace(verdict=str(RunState.ABORTED), reason=why.word, message=why.message)
    return state


def is_running(known: Unit, role: Role, attempt: int) -> bool:
    """Return whether the ledger says that this very attempt runs."""
    if role is Role.UNDO:
        return known.undo is UndoState.RUNNING and known.undo_attempt == attempt
    return known.state is StepState.RUNNING and known.attempt == attempt


def has_slot(state: State, unit: int) -> bool:
    """Return whether the run and the unit's phase have a slot free."""
    phase = phase_of(state, unit)
    limit = state.graph.phases[phase].max_parallel if phase >= 0 else None
    free = limit is None or state.phase_holding.get(phase, 0) < limit
    return free and len(state.holding) < state.graph.max_parallel


def forget(state: State, unit: int) -> State:
    """Return the state in which nothing is asked for about the unit, and it holds no slot."""
    asked = state.asked.delete(unit) if unit in state.asked else state.asked
    return state._replace(asked=asked, **released(state, unit))


def hold(state: State, unit: int) -> State:
    """Return the state in which the unit holds a slot of the run."""
    if unit in state.holding:
        return state
    phase = phase_of(state, unit)
    return state._replace(
        holding=state.holding.set(unit, phase),
        phase_holding=state.phase_holding.set(phase, state.phase_holding.get(phase, 0) + 1),
    )


def _counts(state: State, index: int, old: Unit, new: Unit) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for word, member in (("succeeded", StepState.SUCCEEDED), ("skipped", StepState.SKIPPED)):
        difference = (new.state is member) - (old.state is member)
        if difference:
            changes[word] = getattr(state, word) + difference
    cached = (new.state is StepState.SUCCEEDED and new.how == "cache") - (
        old.state is StepState.SUCCEEDED and old.how == "cache"
    )
    if cached:
        changes["cached"] = state.cached + cached
    if new.state is StepState.FAILED:
        changes["failures"] = state.failures.set(index, state.chain.next)
        changes["fresh_failures"] = state.fresh_failures + 1
    elif old.state is StepState.FAILED:
        changes["failures"] = state.failures.delete(index)
        changes["fresh_failures"] = state.fresh_failures - (state.failures[index] > state.reopened)
    return changes


def settle(state: State, unit: int) -> State:
    """Return the state after a unit came to its end: dependants, instances, phase and finalizers are counted."""
    index, known = index_of(unit), state.unit(unit)
    step = state.graph.steps[index]
    if instance_of(unit) >= 0:
        return _instance_ended(state, unit_of(index), known)
    if step.finalizer:
        failed = unit if known.state is StepState.FAILED and state.finalizer_failed < 0 else state.finalizer_failed
        state = state._replace(finalizers_left=state.finalizers_left - 1, finalizer_failed=failed)
        # However it ended: nothing that tidies up waits for success.
        return _free_successors(state, step)
    if known.state not in SATISFIES:
        return state
    state = _free_successors(state, step)
    if step.phase >= 0:
        progress = state.phases[step.phase]
        state = state._replace(phases=state.phases.set(step.phase, progress._replace(left=progress.left - 1)))
    return state


def _free_successors(state: State, step: GraphStep) -> State:
    unmet = state.unmet
    freed = []
    for successor in step.successors:
        left = unmet.get(successor, state.graph.steps[successor].needs) - 1
        unmet = unmet.set(successor, left)
        if left == 0:
            freed.append(successor)
    state = state._replace(unmet=unmet)
    for successor in freed:
        if (
            _open(state, state.graph.steps[successor].phase)
            and state.unit(unit_of(successor)).state is StepState.PENDING
        ):
            state = enqueue(state, unit_of(successor))
    return state


def _open(state: State, phase: int) -> bool:
    if phase < 0:
        return True
    progress = state.phases.get(phase)
    return progress is not None and progress.state == "open"


def _instance_ended(state: State, parent: int, ended: Unit) -> State:
    known = state.unit(parent)
    failed = ended.state not in SATISFIES
    new = known._replace(
        open_instances=known.open_instances - 1,
        failed_instances=known.failed_instances + failed,
    )
    return put(state, parent, known, new)


def mark_changed(state: State, unit: int) -> State:
    """Return the state in which the unit is a candidate for undo, last changed first."""
    known, step = state.unit(unit), state.graph.steps[index_of(unit)]
    if not (known.receipts or step.undo or step.child or not step.reversible) or (
        step.foreach and instance_of(unit) < 0
    ):
        return state
    # What came from the cache or an earlier run changed nothing here.
    if step.finalizer or known.how in {"cache", "seed"}:
        return state
    return state._replace(changed=heap.push(state.changed, -(known.generation << 32 | unit)))


def open_phase(state: State, phase: int, now: int) -> State:
    """Return the state in which a phase runs: its steps whose dependencies are settled may start."""
    described = state.graph.phases[phase]
    state = state._replace(phases=state.phases.set(phase, PhaseProgress("open", len(described.steps), now)))
    for index in described.steps:
        if state.unmet.get(index, state.graph.steps[index].needs) == 0:
            state = enqueue(state, unit_of(index))
    return time_phase(state, phase, now)


def time_phase(state: State, phase: int, now: int) -> State:
    """Return the state in which the clock of an open phase starts (again) now."""
    limit, progress = state.graph.phases[phase].timeout_ms, state.phases[phase]
    if limit is None:
        return state
    state = state._replace(phases=state.phases.set(phase, progress._replace(started_at=now, expired=False)))
    return set_timer(state, now + limit, PHASE, phase)
