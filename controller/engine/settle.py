"""When a run has come to its end, and in which state it settles."""

from controller.engine.draft import Draft
from controller.engine.effects import ComputeOutputs, Notify
from controller.engine.events import OutputsComputed
from controller.engine.queues import FINALIZERS, may_start
from controller.engine.state import Ask, State
from controller.engine.units import RUN_ITSELF, unit_name, unit_of
from controller.machine import heap
from controller.model.states import RunState

_KINDS = {
    RunState.SUCCEEDED: "RunSucceeded",
    RunState.FAILED: "RunFailed",
    RunState.ABORTED: "RunAborted",
    RunState.ROLLED_BACK: "RunRolledBack",
}


def halted(state: State) -> bool:
    """Return whether nothing new may start: the run is being ended, or fails fast."""
    return state.halt is not None or (state.graph.fail_fast and state.failed > 0)


def settle(d: Draft) -> None:
    """Settle the run when nothing can move any more; else only say whether it waits for approval."""
    if d.state.run.settled:
        return
    if d.state.verdict:
        if d.state.finalizers_left <= 0 and not d.state.asked:
            _finish(d, RunState(d.state.verdict), d.state.reason, d.state.message)
        return
    if d.state.run is RunState.ROLLING_BACK:
        return
    if _idle(d.state):
        _end(d)
    else:
        _show_gates(d)


def _show_gates(d: Draft) -> None:
    gates = d.state.open_gates
    if gates and d.state.run is RunState.RUNNING:
        d.record("RunAwaitingApproval")
    elif not gates and d.state.run is RunState.AWAITING_APPROVAL:
        d.record("RunContinued")


def _idle(state: State) -> bool:
    if state.holding or state.asked or state.open_gates:
        return False
    if halted(state):
        return True
    return not (state.waiting or _any_ready(state) or _phases_to_come(state))


def _any_ready(state: State) -> bool:
    return any(
        may_start(state, unit)
        for queue, waiting in state.ready.items()
        if queue != FINALIZERS
        for unit in heap.values(waiting)
    )


def _phases_to_come(state: State) -> bool:
    """A suspended run may stand between two phases."""
    if not state.graph.phases or state.entry >= len(state.graph.entries):
        return False
    return any(state.phases.get(phase) is None for phase in state.graph.entries[state.entry])


def _end_expanded(d: Draft) -> None:
    """A `foreach` step whose instances will not all start any more ends with the run."""
    for unit in sorted(d.state.frontier):
        known = d.state.unit(unit)
        if known.instances < 0:
            continue
        if known.failed_instances:
            summary = f"{known.failed_instances} of {known.instances} instances failed"
            d.record("StepFailed", unit, summary=summary, data={"reason": "InstancesFailed"})
        else:
            d.record("StepAborted", unit, data={"reason": "Aborted"})


def _end(d: Draft) -> None:
    _end_expanded(d)
    state = d.state
    if state.halt is not None:
        word = RunState.ABORTED if state.halt.word == RunState.ABORTED else RunState.FAILED
        if state.halt.undo:
            _start_undo(d)
        else:
            _verdict(d, word, "Rejected" if _rejected(state) else state.halt.word, state.halt.message)
    elif state.failed:
        if state.graph.automatic_undo:
            _start_undo(d)
        else:
            _verdict(d, RunState.FAILED, *why_failed(state))
    elif state.succeeded + state.skipped == state.graph.ordinary:
        _show_gates(d)
        if state.graph.outputs or state.child_of is not None:
            d.state = d.state._replace(asked=d.state.asked.set(RUN_ITSELF, Ask("outputs", 0)))
            d.ask(ComputeOutputs())
        else:
            _verdict(d, RunState.SUCCEEDED, "", "")
    else:
        _verdict(d, RunState.FAILED, "Deadlocked", "nothing can move and nothing is awaited")


def _rejected(state: State) -> bool:
    return any(state.unit(unit_of(step.index)).reason == "Rejected" for step in state.graph.steps if step.gate)


def why_failed(state: State) -> tuple[str, str]:
    """Return reason word and message of a failed run, from its last failed step."""
    index = max(state.failures.items(), key=lambda item: item[1])[0]
    known, name = state.unit(unit_of(index)), unit_name(state.graph, unit_of(index))
    word = "OutcomeUnknown" if known.reason == "OutcomeUnknown" else "StepFailed"
    return word, f'step "{name}" failed'


def outputs_computed(d: Draft, event: OutputsComputed) -> None:
    """The run's outputs are there: it has succeeded, unless they cannot be made."""
    if RUN_ITSELF not in d.state.asked:
        return
    d.state = d.state._replace(asked=d.state.asked.delete(RUN_ITSELF), outputs=event.output_digest)
    if event.mistake is not None:
        _verdict(d, RunState.FAILED, "OutputsInvalid", event.mistake)
    else:
        _verdict(d, RunState.SUCCEEDED, "", "")


def _start_undo(d: Draft) -> None:
    d.record("UndoStarted", summary=d.state.halt.message if d.state.halt else why_failed(d.state)[1])


def reach_verdict(d: Draft, verdict: RunState, reason: str, message: str) -> None:
    """The verdict is known: finalizers run first, then the run settles."""
    _verdict(d, verdict, reason, message)


def _verdict(d: Draft, verdict: RunState, reason: str, message: str) -> None:
    if d.state.graph.ordinary == len(d.state.graph.steps):
        _finish(d, verdict, reason, message)
    else:
        data = {"verdict": verdict, "reason": reason}
        if d.state.outputs is not None:
            d.record("VerdictReached", summary=message, output_digest=d.state.outputs, data=data)
        else:
            d.record("VerdictReached", summary=message, data=data)


def _finish(d: Draft, verdict: RunState, reason: str, message: str) -> None:
    if d.state.finalizer_failed >= 0 and verdict is RunState.SUCCEEDED:
        verdict, reason = RunState.FAILED, "FinalizerFailed"
        message = f'finalizer "{unit_name(d.state.graph, d.state.finalizer_failed)}" failed'
    data: dict[str, object] = {"reason": reason} if reason else {}
    if reason == "UndoIncomplete":
        data["remains"] = [unit_name(d.state.graph, unit) for unit in d.state.kept]
    d.record(
        _KINDS[verdict],
        summary=message,
        output_digest=d.state.outputs if verdict is RunState.SUCCEEDED else None,
        duration_ms=max(0, d.now - d.state.started_at),
        data=data,
    )
    if verdict is RunState.FAILED:
        word = "undo_incomplete" if reason == "UndoIncomplete" else "run_failed"
        d.ask(Notify(word, "error", f"the run failed ({reason}): {message}", RUN_ITSELF))
