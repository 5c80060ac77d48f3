"""What follows when time has passed: retries become ready, gates, steps, phases and runs time out."""

from controller.engine.decide_gate import gate_timed_out
from controller.engine.decide_halt import LAUNCHING, close_gates, stop_all, withdraw
from controller.engine.decide_outcome import fail
from controller.engine.draft import Draft
from controller.engine.effects import Notify, StopStep
from controller.engine.events import Woken
from controller.engine.queues import GATE, PHASE, RETRY, RUN, STEP, Timer, drop_timer, enqueue, peek_timer
from controller.engine.units import RUN_ITSELF, index_of, unit_of
from controller.model.duration import format_duration
from controller.model.record import TIMER
from controller.model.states import OutcomeClass, Role, StepState


def woken(d: Draft, _: Woken) -> None:
    """Fire every timer that is due."""
    while True:
        timer, d.state = peek_timer(d.state)
        if timer is None or timer.time > d.now:
            return
        d.state = drop_timer(d.state)
        _fire(d, timer)


def _fire(d: Draft, timer: Timer) -> None:
    match timer.kind:
        case _ if timer.kind == RETRY:
            d.state = enqueue(d.state, timer.unit)
        case _ if timer.kind == GATE:
            gate_timed_out(d, timer.unit)
        case _ if timer.kind == STEP:
            expire(d, timer.unit, _step_limit(d, timer.unit))
        case _ if timer.kind == PHASE:
            _phase_expired(d, timer.unit)
        case _ if timer.kind == RUN:
            limit = d.state.graph.timeout_ms or 0
            d.record("RunExpired", actor=TIMER, summary=f"the run took longer than {format_duration(limit)}")
            stop_all(d, OutcomeClass.TIMEOUT)
            close_gates(d, TIMER)


def _step_limit(d: Draft, unit: int) -> str:
    return f"took longer than {format_duration(d.state.graph.steps[index_of(unit)].timeout_ms or 0)}"


def _phase_limit(d: Draft, phase: int) -> str:
    described = d.state.graph.phases[phase]
    return f'phase "{described.id}" took longer than {format_duration(described.timeout_ms or 0)}'


def _phase_expired(d: Draft, phase: int) -> None:
    d.ask(Notify("phase_slow", "warning", _phase_limit(d, phase), RUN_ITSELF))
    for index in d.state.graph.phases[phase].steps:
        expire(d, unit_of(index), _phase_limit(d, phase))
    # Last, so that a crash in between leaves the timer and the rest is done again.
    d.record(
        "PhaseExpired", actor=TIMER, summary=_phase_limit(d, phase), data={"phase": d.state.graph.phases[phase].id}
    )


def expire(d: Draft, unit: int, why: str) -> None:
    """End a step that took too long: what runs is stopped and fails when it has ended, what waits fails now."""
    known, ask = d.state.unit(unit), d.state.asked.get(unit)
    if known.state is StepState.PENDING:
        if ask is not None and ask.stage in LAUNCHING:
            return  # it may be running; `expire_late` looks again when that is known
        if ask is not None:
            withdraw(d, unit)
        fail(d, unit, known.attempt or None, OutcomeClass.TIMEOUT, why, {"reason": "Timeout"})
    elif known.state is StepState.RUNNING and not known.expired:
        for one in range(max(known.instances, 0)):
            expire(d, unit_of(index_of(unit), one), why)
        if d.state.unit(unit).state is StepState.RUNNING:
            d.record("StepExpired", unit, actor=TIMER, summary=why)
        if known.instances < 0:
            d.ask(StopStep(unit, Role.DO, known.attempt, OutcomeClass.TIMEOUT))


def expire_late(d: Draft, unit: int) -> None:
    """End a step that has started after its time was over."""
    step, known = d.state.graph.steps[index_of(unit)], d.state.unit(unit)
    if step.timeout_ms is not None and known.started_at + step.timeout_ms <= d.now:
        expire(d, unit, _step_limit(d, unit))
    elif step.phase >= 0 and d.state.phases[step.phase].expired:
        expire(d, unit, _phase_limit(d, step.phase))
