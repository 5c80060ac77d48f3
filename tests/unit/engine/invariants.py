"""What holds at every moment of every run, whatever happens."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from controller.engine.evolve import evolve
from controller.engine.passes import writes
from controller.engine.queues import FINALIZERS, RETRY, UNDO, _means_something, _unpack, may_start
from controller.engine.state import State
from controller.engine.status import progress_of
from controller.engine.transitions import KINDS, RUN, STEP, UndoState
from controller.engine.units import index_of, instance_of, unit_name, unit_named, unit_of
from controller.machine import heap
from controller.machine.chain import Chain, Link
from controller.model.graph import Graph
from controller.model.record import Record, decode
from controller.model.states import RunState, StepState

SATISFIED = (StepState.SUCCEEDED, StepState.SKIPPED)
RUN_STATES = frozenset(RunState)


class Watch:
    """Folds the ledger beside the engine, record by record, and compares after every pass."""

    def __init__(self, graph: Graph, uid: str) -> None:
        self.graph = graph
        self.folded = State(graph, uid)
        self._successes: Counter[tuple[str, int]] = Counter()

    def take(self, links: Sequence[Link]) -> None:
        """Fold further records."""
        for link in links:
            record = link.record
            assert record.kind in KINDS
            assert decode(link.content) == record
            assert (record.seq, record.prev) == self.folded.chain
            self._table(record)
            if record.kind == "StepStarted":
                self._dependencies(record)
            before = self.folded
            self.folded = evolve(before, record)._replace(chain=Chain(record.seq + 1, link.digest))
            self._once(before, record)
        for written in writes(links):
            assert sum(one.record.step is None and one.record.target in RUN_STATES for one in written) <= 1
        assert [one for written in writes(links) for one in written] == list(links)

    def look(self, state: State, now: int) -> None:
        """Hold the state after a pass to everything that must be true of it."""
        expected, got = essence(self.folded, now), essence(state, now)
        assert got == expected, {name: (got[name], expected[name]) for name in got if got[name] != expected[name]}
        # What was found to have changed nothing is asked about again after a restart.
        assert _undoable(state) <= _undoable(self.folded)
        _counts(state)
        _slots(state)
        if state.run is RunState.AWAITING_APPROVAL:
            assert state.gates or state.child_gates
        if state.run is RunState.RUNNING:
            assert not state.gates
            assert not state.child_gates
        if state.run.settled:
            assert not state.holding
            assert not state.asked
            assert not state.frontier
            assert state.halt is None
            assert not state.verdict

    def _table(self, record: Record) -> None:
        if record.source is None:
            return
        if record.step is None:
            assert RUN.rows[RunState(record.source)][record.kind] == record.target
        else:
            assert STEP.rows[StepState(record.source)][record.kind] == record.target

    def _dependencies(self, record: Record) -> None:
        unit = unit_named(self.graph, record.step or "")
        assert unit is not None
        step, state = self.graph.steps[index_of(unit)], self.folded
        for needed in step.dependencies:
            known = state.unit(unit_of(needed)).state
            assert step.finalizer or known in SATISFIED, f"{record.step} started while {needed} was {known}"
        for phase in self.graph.phases:
            if step.phase >= 0 and phase.entry < self.graph.phases[step.phase].entry:
                assert all(state.unit(unit_of(one)).state in SATISFIED for one in phase.steps)
        assert not step.finalizer or state.verdict

    def _once(self, before: State, record: Record) -> None:
        if record.step is not None and record.target == StepState.SUCCEEDED:
            self._successes[record.step, before.generation] += 1
            # What a person has made anew, instances and what tidies up apart.
            assert self._successes[record.step, before.generation] == 1 or "[" in record.step
        if record.kind in ("GateModified", "UndoStarted"):
            self._successes.clear()


def essence(state: State, now: int) -> dict[str, Any]:
    """Return what a state means, without stale entries of heaps and without what is only asked for."""
    members = state._asdict()
    for name in ("graph", "asked", "holding", "phase_holding", "postponed", "ready", "timers", "changed"):
        del members[name]
    members["units"] = dict(state.units.items())
    members["timers"] = {
        value
        for value in heap.values(state.timers)
        # Times of retries stand in `waiting` and in the unit.
        if _means_something(state, _unpack(value))
        and _unpack(value).time > now
        and _unpack(value).kind not in (RETRY, UNDO)
    }
    members["ready"] = _startable(state)
    members["holding"] = {unit for unit in state.holding if unit not in state.asked}
    return {name: dict(value) if hasattr(value, "items") else value for name, value in members.items()}


def _startable(state: State) -> set[int]:
    """A unit that is asked for, or waits for its time, may be in the queue of one state and not of the other."""
    queues = [queue for key, queue in state.ready.items() if key != FINALIZERS or state.verdict]
    queued = {unit for queue in queues for unit in heap.values(queue)}
    asked = {unit for unit, ask in state.asked.items() if unit >= 0 and not ask.stage.startswith("undo")}
    asked |= set(state.postponed)
    return {
        unit
        for unit in queued | asked
        if (may_start(state, unit) or unit in state.asked)
        and state.unit(unit).state is StepState.PENDING
        and unit not in state.waiting
    }


def _undoable(state: State) -> set[int]:
    units = {-value & (1 << 32) - 1 for value in heap.values(state.changed)}
    return {
        unit
        for unit in units
        if state.unit(unit).undo is UndoState.IDLE
        and STEP.allows(state.unit(unit).state, "StepUndone")
        and state.unit(unit).receipts
    }


def _counts(state: State) -> None:
    ordinary = [state.unit(unit_of(index)) for index in range(state.graph.ordinary)]
    states = Counter(known.state for known in ordinary)
    progress = progress_of(state)
    assert progress.total == len(ordinary)
    assert progress.succeeded == states[StepState.SUCCEEDED]
    assert progress.skipped == states[StepState.SKIPPED]
    assert progress.failed == states[StepState.FAILED]
    assert progress.running == states[StepState.RUNNING] + states[StepState.AWAITING_APPROVAL]
    assert progress.cached == sum(one.how == "cache" and one.state is StepState.SUCCEEDED for one in ordinary)
    assert set(state.waiting) == {
        unit for unit, known in state.units.items() if known.state is StepState.PENDING and known.retry_at
    }
    assert set(state.gates) == {
        unit for unit, known in state.units.items() if known.state is StepState.AWAITING_APPROVAL
    }
    for unit, known in state.units.items():
        if known.instances >= 0 and instance_of(unit) < 0 and known.state is StepState.RUNNING:
            instances = [state.unit(unit_of(index_of(unit), one)).state for one in range(known.instances)]
            settled = Counter(instances)
            assert known.open_instances == settled[StepState.PENDING] + settled[StepState.RUNNING]
            assert known.failed_instances == settled[StepState.FAILED] + settled[StepState.ABORTED]


def _slots(state: State) -> None:
    assert len(state.holding) <= state.graph.max_parallel, [unit_name(state.graph, unit) for unit in state.holding]
    held = Counter(state.holding.values())
    assert {phase: count for phase, count in state.phase_holding.items() if count} == held
    for number, phase in enumerate(state.graph.phases):
        assert phase.max_parallel is None or held[number] <= phase.max_parallel
