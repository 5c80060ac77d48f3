"""What follows a person's command: retry, skip, abort, undo, suspend, resume. Each is recorded or refused, never ignored."""

from collections.abc import Callable, Mapping

from controller.engine.decide_halt import close_gates, stop_all
from controller.engine.draft import Draft
from controller.engine.effects import AnswerDecision, StopStep
from controller.engine.events import Commanded
from controller.engine.queues import reached
from controller.engine.state import State
from controller.engine.units import index_of, instance_of, unit_name, unit_named, unit_of
from controller.model.states import OutcomeClass, Role, RunState, StepState, Verb

LONGEST_DELAY_MS = 600_000
"""Longest wait that `retry` may ask for (definitions, section 6: 0 to 600 s)."""


def commanded(d: Draft, event: Commanded) -> None:
    """Answer a command with the record it became or with why it is refused."""
    outcome = _VERBS[event.verb](d, event)
    if isinstance(outcome, str):
        d.ask(AnswerDecision(event.id, None, outcome))
    else:
        d.ask(AnswerDecision(event.id, outcome, None))


def _reopen(d: Draft, event: Commanded, unit: int) -> None:
    if d.state.run is RunState.FAILED:
        d.record("RunReopened", actor=event.actor, summary=event.comment, data={"for": unit_name(d.state.graph, unit)})


def _failed_unit(d: Draft, event: Commanded) -> int | str:
    """The unit that a command is about, or why it cannot be carried out."""
    unit = _meant_unit(d, event)
    if isinstance(unit, str) or event.attempt is None:
        return unit
    known, name = d.state.unit(unit), unit_name(d.state.graph, unit)
    if known.instances >= 0:
        return f'each instance of "{name}" has attempts of its own: name one of them, or no attempt'
    if event.attempt != known.attempt:
        return f'attempt {event.attempt} of "{name}" is not the present one, which is {known.attempt}: look at it again'
    return unit


def _meant_unit(d: Draft, event: Commanded) -> int | str:
    state = d.state
    if state.run not in (RunState.FAILED, RunState.RUNNING, RunState.AWAITING_APPROVAL):
        return f"a run that is {state.run} has no step to {event.verb}"
    if state.halt is not None or state.reason == "UndoIncomplete":
        return f"the run is being ended: it is too late to {event.verb}" if state.halt else "the run was undone"
    if state.verdict:
        return f"the run is ending: wait until it has settled, then {event.verb}"
    if event.step is None:
        if state.finalizer_failed >= 0 and not state.failures:
            return state.finalizer_failed
        if not state.failures:
            return f"no step has failed, so there is nothing to {event.verb}"
        return unit_of(_last_failed(state))
    unit = unit_named(state.graph, event.step)
    if unit is None:
        return f'there is no step "{event.step}"'
    return unit


def _last_failed(state: State) -> int:
    """The step that failed last; what merely never started behind another failure comes after all that did fail."""
    by_itself = {index: seq for index, seq in state.failures.items() if state.unit(unit_of(index)).reason != "FailFast"}
    return max((by_itself or state.failures).items(), key=lambda item: item[1])[0]


def _retry(d: Draft, event: Commanded) -> int | str:
    unit = _failed_unit(d, event)
    if isinstance(unit, str):
        return unit
    known, name = d.state.unit(unit), unit_name(d.state.graph, unit)
    if known.state is not StepState.FAILED:
        return f'"{name}" is {known.state}; only a failed step can be retried'
    if not 0 <= event.delay_ms <= LONGEST_DELAY_MS:
        return f"the delay must be between 0 and {LONGEST_DELAY_MS // 1000} seconds"
    if d.state.graph.steps[index_of(unit)].finalizer:
        if event.patch is not None or event.delay_ms:
            return f'"{name}" is a finalizer: it runs again with the others, at once and unchanged'
        _reopen(d, event, unit)
        return d.state.chain.next - 1
    parent = unit_of(index_of(unit))
    whole = d.state.unit(parent).state
    if whole is not StepState.FAILED:
        return f'"{name}" is one instance of a step that is {whole}; only a failed step can be retried'
    _reopen(d, event, unit)
    seq = -1
    for one in _reopened(d, unit):
        # What has not been reached yet waits anyway.
        waits = one == parent and reached(d.state, index_of(unit))
        data: dict[str, object] = {"retryAt": d.now + event.delay_ms if waits else 0}
        if event.patch is not None and one == unit:
            data["patch"] = event.patch
        seq = d.record("StepReopened", one, actor=event.actor, summary=event.comment, data=data)
    return seq


def _reopened(d: Draft, unit: int) -> list[int]:
    """The failed instances first, their step last."""
    index = index_of(unit)
    known = d.state.unit(unit_of(index))
    if instance_of(unit) >= 0:
        return [unit, unit_of(index)]
    instances = [unit_of(index, one) for one in range(max(known.instances, 0))]
    return [one for one in instances if d.state.unit(one).state is StepState.FAILED] + [unit]


def _skip(d: Draft, event: Commanded) -> int | str:
    unit = _failed_unit(d, event)
    if isinstance(unit, str):
        return unit
    known, name = d.state.unit(unit), unit_name(d.state.graph, unit)
    waits = unit in d.state.waiting and unit not in d.state.asked
    if known.state is not StepState.FAILED and not waits:
        return f'"{name}" is {known.state}; only a failed step can be skipped'
    if instance_of(unit) >= 0:
        return f'"{name}" is one instance; skip its whole step'
    if not d.state.graph.steps[index_of(unit)].retry.allow_skip:
        return f'"{name}" may not be skipped: its definition does not say allowSkip'
    if d.state.graph.steps[index_of(unit)].finalizer:
        return f'"{name}" is a finalizer; retry it'
    _reopen(d, event, unit)
    return d.record(
        "StepSkipped",
        unit,
        actor=event.actor,
        output_digest=event.output,
        summary=event.comment,
        data={"reason": "Person"},
    )


def _abort(d: Draft, event: Commanded) -> int | str:
    state = d.state
    if state.run is RunState.FAILED:
        if event.undo:
            return _start_undo(d, event)
        return d.record("RunAborted", actor=event.actor, summary=event.comment, data={"reason": "Aborted"})
    if state.run.settled or state.run is RunState.ROLLING_BACK:
        return f"the run is {state.run} already"
    if state.halt is not None and not state.halt.fails:
        return "the run is being aborted already"
    if state.verdict and event.undo:
        return "the run is ending; undo it when it has settled"
    seq = d.record("AbortRequested", actor=event.actor, summary=event.comment, data={"undo": event.undo})
    stop_all(d, OutcomeClass.INTERRUPTED)
    close_gates(d, event.actor)
    return seq


def _undo(d: Draft, event: Commanded) -> int | str:
    if d.state.run in (RunState.SUCCEEDED, RunState.FAILED, RunState.ABORTED):
        return _start_undo(d, event)
    if d.state.run is RunState.ROLLED_BACK:
        return "everything was undone already"
    if d.state.run is RunState.ROLLING_BACK:
        return "the run is being undone already"
    return f"the run is {d.state.run}; abort it first (`abort --undo` does both)"


def _start_undo(d: Draft, event: Commanded) -> int:
    return d.record("UndoStarted", actor=event.actor, summary=event.comment)


def _suspend(d: Draft, event: Commanded) -> int | str:
    if d.state.run.settled:
        return f"the run is {d.state.run}: there is nothing to pause"
    seq = d.state.chain.next - 1
    if not d.state.suspended:
        seq = d.record("RunSuspended", actor=event.actor, summary=event.comment)
    if event.stop:
        stop_all(d, OutcomeClass.INTERRUPTED)
        if d.state.undoing >= 0:
            attempt = d.state.unit(d.state.undoing).undo_attempt
            d.ask(StopStep(d.state.undoing, Role.UNDO, attempt, OutcomeClass.INTERRUPTED))
    return seq


def _resume(d: Draft, event: Commanded) -> int | str:
    if d.state.run is RunState.FAILED and d.state.reason == "UndoIncomplete":
        return _start_undo(d, event)
    if d.state.run.settled:
        return f"the run is {d.state.run}: there is nothing to resume"
    if d.state.suspended:
        return d.record("RunResumed", actor=event.actor, summary=event.comment)
    return d.state.chain.next - 1


_VERBS: Mapping[Verb, Callable[[Draft, Commanded], int | str]] = {
    Verb.RETRY: _retry,
    Verb.SKIP: _skip,
    Verb.ABORT: _abort,
    Verb.UNDO: _undo,
    Verb.SUSPEND: _suspend,
    Verb.RESUME: _resume,
}
