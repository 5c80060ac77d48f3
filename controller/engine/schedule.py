"""After all that was observed has been told: open phases, start what can start, end what has ended."""

from collections.abc import Iterator

from controller.engine.bookkeeping import hold
from controller.engine.decide_halt import halted
from controller.engine.decide_undo import advance_undo
from controller.engine.draft import Draft
from controller.engine.effects import DecidePhase, PrepareStep, WakeAt
from controller.engine.events import Advanced, PhaseDecided
from controller.engine.queues import FINALIZERS, NO_PHASE, RETRY, may_start, peek_timer, set_timer
from controller.engine.settle import settle
from controller.engine.state import Ask
from controller.engine.units import index_of, instance_of, unit_of
from controller.machine import heap
from controller.model.states import RunState, StepState

_PHASE_ASK = -16
"""Asks about phases live below the units: phase p is `_PHASE_ASK - p`."""


def advanced(d: Draft, _: Advanced) -> None:
    """Do everything that can be done now, and say when to look again."""
    if d.state.run is RunState.PENDING and not d.state.suspended:
        d.record("RunStarted")
    if not d.state.run.settled and d.state.run is not RunState.PENDING:
        if d.state.run is RunState.ROLLING_BACK and not d.state.verdict:
            advance_undo(d)
        elif d.state.verdict:
            _finalize(d)
        elif not halted(d.state):
            _advance_phases(d)
            _start_all(d)
        settle(d)
    timer, d.state = peek_timer(d.state)
    if timer is not None and not d.state.run.settled:
        d.ask(WakeAt(timer.time))


def _finalize(d: Draft) -> None:
    if d.state.halt is None:
        _start_ready(d, FINALIZERS)
        return
    for step in d.state.graph.steps[d.state.graph.ordinary :]:
        unit = unit_of(step.index)
        if d.state.unit(unit).state is StepState.PENDING and unit not in d.state.asked:
            d.record("StepAborted", unit, data={"reason": "Aborted"})


def _advance_phases(d: Draft) -> None:
    graph = d.state.graph
    while 0 <= d.state.entry < len(graph.entries):
        entry = d.state.entry
        for phase in graph.entries[entry]:
            _advance_phase(d, phase)
        if d.state.entry == entry:
            return


def _advance_phase(d: Draft, phase: int) -> None:
    described, progress = d.state.graph.phases[phase], d.state.phases.get(phase)
    if progress is None and not d.state.suspended and _PHASE_ASK - phase not in d.state.asked:
        if described.conditional:
            d.state = d.state._replace(asked=d.state.asked.set(_PHASE_ASK - phase, Ask("phase", 0)))
            d.ask(DecidePhase(phase))
        else:
            d.record("PhaseStarted", data={"phase": described.id})
        progress = d.state.phases.get(phase)
    if progress is not None and progress.state == "skipping":
        for index in described.steps:
            if d.state.unit(unit_of(index)).state is StepState.PENDING:
                d.record("StepSkipped", unit_of(index), data={"reason": "PhaseSkipped"})
        d.record("PhaseEnded", data={"phase": described.id})
    elif progress is not None and progress.state == "open" and progress.left == 0:
        d.record("PhaseEnded", data={"phase": described.id}, duration_ms=max(0, d.now - progress.started_at))


def phase_decided(d: Draft, event: PhaseDecided) -> None:
    """Start or skip the phase; a condition that cannot be evaluated fails the run, for it decides for all its steps."""
    key = _PHASE_ASK - event.phase
    if key not in d.state.asked:
        return
    d.state = d.state._replace(asked=d.state.asked.delete(key))
    described = d.state.graph.phases[event.phase]
    if event.mistake is not None:
        summary = f'condition of phase "{described.id}": {event.mistake}'
        d.record("PhaseRefused", summary=summary, data={"phase": described.id})
    else:
        d.record("PhaseStarted" if event.enabled else "PhaseSkipped", data={"phase": described.id})


def _start_all(d: Draft) -> None:
    if d.state.graph.phases:
        entry = d.state.entry
        phases = d.state.graph.entries[entry] if 0 <= entry < len(d.state.graph.entries) else ()
        while (phase := _next_phase(d, phases)) is not None:
            _start_one(d, phase)
    else:
        _start_ready(d, NO_PHASE)


def _start_ready(d: Draft, queue: int) -> None:
    while not d.state.suspended and len(d.state.holding) < d.state.graph.max_parallel and _top(d, queue) is not None:
        _start_one(d, queue)


def _next_phase(d: Draft, phases: tuple[int, ...]) -> int | None:
    """The phase whose first ready step is first in FIFO order, among those with a free slot."""
    if d.state.suspended or len(d.state.holding) >= d.state.graph.max_parallel:
        return None
    tops = [(top, phase) for phase, top in _tops(d, phases)]
    return min(tops)[1] if tops else None


def _tops(d: Draft, phases: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    for phase in phases:
        limit = d.state.graph.phases[phase].max_parallel
        if limit is None or d.state.phase_holding.get(phase, 0) < limit:
            top = _top(d, phase)
            if top is not None:
                yield phase, top


def _top(d: Draft, queue: int) -> int | None:
    """The first entry of a ready queue that is not stale; stale ones are dropped on the way."""
    waiting = d.state.ready.get(queue)
    fresh = waiting
    while fresh is not None:
        unit, retry_at = fresh[1], d.state.waiting.get(fresh[1], 0)
        if may_start(d.state, unit):
            if retry_at <= d.now:
                break
            # An entry from before it failed, or the clock went back: its time is yet to come.
            d.state = set_timer(d.state, retry_at, RETRY, unit)
        _, fresh = heap.pop(fresh)
    if fresh is not waiting:
        d.state = d.state._replace(ready=d.state.ready.set(queue, fresh))
    return None if fresh is None else fresh[1]


def _start_one(d: Draft, queue: int) -> None:
    unit, rest = heap.pop(d.state.ready[queue])
    d.state = d.state._replace(ready=d.state.ready.set(queue, rest))
    known = d.state.unit(unit)
    if known.instances >= 0 and instance_of(unit) < 0:
        # A retried `foreach` step: its list was decided when it was first expanded.
        d.record("StepExpanded", unit, input_digest=known.input, data={"instances": known.instances})
        return
    patches = known.patches
    if instance_of(unit) >= 0:
        patches = d.state.unit(unit_of(index_of(unit))).patches + patches
    d.state = hold(d.state, unit)
    d.state = d.state._replace(asked=d.state.asked.set(unit, Ask("prepare", known.attempt + 1)))
    d.ask(PrepareStep(unit, known.attempt + 1, patches, repeated=known.input is not None))
