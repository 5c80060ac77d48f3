"""What follows when time has passed: retries become ready, gates, steps, phases and runs time out."""

from controller.engine.decide_gate import gate_timed_out
from controller.engine.decide_halt import close_gates, stop_all
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
            limit = d.state.graph.steps[index_of(timer.unit)].timeout_ms or 0
            expire(d, timer.unit, f"took longer than {format_duration(limit)}")
        case _ if timer.kind == PHASE:
            _phase_expired(d, timer.unit)
        case _ if timer.kind == RUN:
            limit = d.state.graph.timeout_ms or 0
            d.record("RunExpired", summary=f"the run took longer than {format_duration(limit)}")
            stop_all(d, OutcomeClass.TIMEOUT)
            close_gates(d, TIMER)


def _phase_expired(d: Draft, phase: int) -> None:
    described = d.state.graph.phases[phase]
    limit = format_duration(described.timeout_ms or 0)
    d.ask(Notify("step_slow", "warning", f'phase "{described.id}" took longer than {limit}', RUN_ITSELF))
    for index in described.steps:
        expire(d, unit_of(index), f'phase "{described.id}" took longer than {limit}')


def expire(d: Draft, unit: int, why: str) -> None:
    """End a step that took too long: what runs is stopped and fails when it has ended, what waits fails now."""
    known = d.state.unit(unit)
    if known.state is StepState.PENDING and unit not in d.state.asked:
        fail(d, unit, known.attempt, OutcomeClass.TIMEOUT, why, {"reason": "Timeout"})
    elif known.state in (StepState.RUNNING, StepState.PENDING) and not known.expired:
        d.record("StepExpired", unit, summary=why)
        for one in range(max(known.instances, 0)):
            instance = unit_of(index_of(unit), one)
            if d.state.unit(instance).state in (StepState.PENDING, StepState.RUNNING):
                expire(d, instance, why)
        if known.state is StepState.RUNNING and known.instances < 0:
            d.ask(StopStep(unit, Role.DO, known.attempt, OutcomeClass.TIMEOUT))
