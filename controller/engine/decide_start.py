"""The way of a step from ready to running: prepared, slots taken, intent recorded, started."""

from collections.abc import Mapping
from typing import Any

from controller.engine.bookkeeping import has_slot, released
from controller.engine.decide_halt import halted, held, withdraw
from controller.engine.decide_outcome import fail, instances_ended, remember, succeed
from controller.engine.decide_time import expire_late
from controller.engine.draft import Draft
from controller.engine.effects import AcquireSlots, Persist, StartChild, StartStep, StopStep
from controller.engine.events import (
    Expand,
    Hit,
    Launched,
    Persisted,
    Postponed,
    Prepared,
    Proceeded,
    Ready,
    Refused,
    Skip,
    SlotGranted,
)
from controller.engine.queues import enqueue, may_start
from controller.engine.state import Ask, State
from controller.engine.units import index_of
from controller.model.attempt import Result
from controller.model.digest import Digest
from controller.model.states import OutcomeClass, Role, RunState, StepState


def prepared(d: Draft, event: Prepared) -> None:
    """Skip, expand, take from the cache, refuse, or go on towards a start."""
    unit, ask = event.unit, d.state.asked.get(event.unit)
    if ask is None or ask.stage != "prepare":
        return
    if held(d.state, unit):
        withdraw(d, unit)
        return
    match event.outcome:
        case Skip(reason=reason):
            d.record("StepSkipped", unit, data={"reason": reason})
        case Expand(instances=instances, items=items):
            d.record("StepExpanded", unit, input_digest=items, data={"instances": instances})
            if instances == 0:
                instances_ended(d, unit)
        case Hit(output_digest=output, input_digest=given, source=source, seed=seed, warnings=warnings):
            data = {"how": "seed" if seed else "cache", "source": dict(source)}
            succeed(d, unit, Result(output, warnings=warnings), data, input_digest=given)
        case Refused(failure=failure, reason=reason, violations=violations):
            if failure is OutcomeClass.CONTRACT_VIOLATED:
                d.record("HandoffRefused", unit, summary=reason, violations=violations)
            fail(d, unit, ask.attempt, failure, reason, {"charged": True, "class": failure}, violations=violations)
        case Postponed():
            waiting = (*d.state.postponed, unit)
            d.state = d.state._replace(asked=d.state.asked.delete(unit), postponed=waiting, **released(d.state, unit))
        case Ready(input_digest=given, data=data_):
            step = d.state.graph.steps[index_of(unit)]
            remember(d, unit, Ask("slots", ask.attempt, given, tuple((data_ or {}).items())))
            if d.state.graph.slots_of(step, Role.DO):
                d.ask(AcquireSlots(unit, ask.attempt))
            else:
                slot_granted(d, SlotGranted(unit))


def proceeded(d: Draft, _: Proceeded) -> None:
    """What was postponed stands in the queue again."""
    waiting = d.state.postponed
    d.state = d.state._replace(postponed=())
    for unit in waiting:
        d.state = enqueue(d.state, unit)


def slot_granted(d: Draft, event: SlotGranted) -> None:
    """All slots are there: start, or record the intent first."""
    unit, ask = event.unit, d.state.asked.get(event.unit)
    if ask is None or ask.stage != "slots":
        return
    if held(d.state, unit):
        withdraw(d, unit)
        return
    if d.state.graph.steps[index_of(unit)].at_most_once:
        d.record("IntentRecorded", unit, attempt=ask.attempt, input_digest=ask.input)
        remember(d, unit, ask._replace(stage="persist"))
        d.ask(Persist(unit))
    else:
        _start(d, unit, ask)


def persisted(d: Draft, event: Persisted) -> None:
    """The intent is durable: start."""
    ask = d.state.asked.get(event.unit)
    if ask is None or ask.stage != "persist":
        return
    if halted(d.state):
        withdraw(d, event.unit)
    else:
        _start(d, event.unit, ask)


def _start(d: Draft, unit: int, ask: Ask) -> None:
    step = d.state.graph.steps[index_of(unit)]
    remember(d, unit, ask._replace(stage="start"))
    assert ask.input is not None  # set when the step was found ready
    if step.child:
        d.ask(StartChild(unit, ask.attempt, ask.input))
    else:
        d.ask(StartStep(unit, ask.attempt, ask.input, step.attempt_timeout_ms, step.queue_timeout_ms))


def in_turn(state: State, unit: int) -> bool:
    """Whether an attempt that nobody asked for can be this step's: else what led to it is not recorded (again) yet, and
    asking for its start will find it running.
    """
    step = state.graph.steps[index_of(unit)]
    if step.finalizer:
        begun = bool(state.verdict)
    else:
        plays = state.run in (RunState.RUNNING, RunState.AWAITING_APPROVAL) and not state.verdict
        begun = plays and (step.phase < 0 or step.phase in state.phases)
    return begun and may_start(state, unit)


def launched(d: Draft, event: Launched) -> None:
    """An attempt runs: ours, or one that gather found and the ledger does not know yet."""
    known = d.state.unit(event.unit)
    ask = d.state.asked.get(event.unit)
    if event.attempt <= known.attempt or known.state is not StepState.PENDING:
        return
    if ask is None and not (has_slot(d.state, event.unit) and in_turn(d.state, event.unit)):
        return
    data: dict[str, Any] = dict(ask.data) if ask is not None else {}
    if event.child is not None:
        data["child"] = event.child
    if event.adopted:
        data["adopted"] = True
    _record_start(d, event.unit, event.attempt, event.input_digest, data)


def adopt(d: Draft, unit: int, attempt: int, input_digest: Digest) -> None:
    """Take an attempt that runs for the one that would be started next."""
    _record_start(d, unit, attempt, input_digest, {"adopted": True})


def _record_start(d: Draft, unit: int, attempt: int, input_digest: Digest, data: Mapping[str, Any]) -> None:
    d.record("StepStarted", unit, attempt=attempt, input_digest=input_digest, data=data)
    halt = d.state.halt
    if halt is not None:
        why = OutcomeClass.TIMEOUT if halt.fails else OutcomeClass.INTERRUPTED
        d.ask(StopStep(unit, Role.DO, attempt, why))
    else:
        expire_late(d, unit)
