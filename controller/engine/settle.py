"""When a run has come to its end, and in which state it settles."""

from controller.engine.decide_halt import halted
from controller.engine.decide_outcome import end_expanded
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


def settle(d: Draft) -> None:
    """Settle the run when nothing can move any more; else only say whether it waits for approval."""
    if d.state.run.settled:
        return
    if d.state.verdict:
        if d.state.finalizers_left <= 0 and not d.state.asked:
            _finish(d, RunState(d.state.verdict), d.state.reason, d.state.message)
        else:
            show_gates(d)
    elif d.state.run is not RunState.ROLLING_BACK:
        if _idle(d.state):
            _end(d)
        else:
            show_gates(d)


def show_gates(d: Draft) -> None:
    """Say whether the run waits for approval: it does if and only if a checkpoint is open."""
    waits = bool(d.state.gates or d.state.child_gates)
    if waits and d.state.run is RunState.RUNNING:
        d.record("RunAwaitingApproval")
    elif not waits and d.state.run is RunState.AWAITING_APPROVAL:
        d.record("RunContinued")


def _idle(state: State) -> bool:
    if state.holding or state.asked or state.gates or state.child_gates:
        return False
    if halted(state):
        return True
    return not (state.waiting or state.postponed or _any_ready(state) or _phases_to_come(state))


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


def _end(d: Draft) -> None:
    for unit in sorted(d.state.frontier):
        end_expanded(d, unit)
    state = d.state
    if state.halt is not None:
        if state.halt.undo:
            d.record("UndoStarted", summary=state.halt.message)
        else:
            verdict = RunState.FAILED if state.halt.fails else RunState.ABORTED
            conclude(d, verdict, state.halt.word, state.halt.message)
    elif state.failed:
        conclude(d, RunState.FAILED, *_why_failed(state))
    elif state.succeeded + state.skipped == state.graph.ordinary:
        if state.graph.outputs or state.child_of is not None:
            d.state = d.state._replace(asked=d.state.asked.set(RUN_ITSELF, Ask("outputs", 0)))
            d.ask(ComputeOutputs())
        else:
            conclude(d, RunState.SUCCEEDED, "", "")
    else:
        conclude(d, RunState.FAILED, "Deadlocked", "nothing can move and nothing is awaited")


def _why_failed(state: State) -> tuple[str, str]:
    """The word does not depend on the order in which steps failed; the message is about the last one."""
    index = max(state.failures.items(), key=lambda item: item[1])[0]
    unknown = any(state.unit(unit_of(one)).reason == "OutcomeUnknown" for one in state.failures)
    word = "OutcomeUnknown" if unknown else "StepFailed"
    return word, f'step "{unit_name(state.graph, unit_of(index))}" failed'


def outputs_computed(d: Draft, event: OutputsComputed) -> None:
    """The run's outputs are there: it has succeeded, unless they cannot be made, or it is being ended meanwhile."""
    if RUN_ITSELF not in d.state.asked:
        return
    d.state = d.state._replace(asked=d.state.asked.delete(RUN_ITSELF))
    if halted(d.state):
        return
    if event.mistake is not None:
        conclude(d, RunState.FAILED, "OutputsInvalid", event.mistake)
    else:
        d.state = d.state._replace(outputs=event.output_digest)
        conclude(d, RunState.SUCCEEDED, "", "")


def conclude(d: Draft, verdict: RunState, reason: str, message: str) -> None:
    """The verdict is known: a failed run is undone where that is automatic; finalizers run; the run settles."""
    graph = d.state.graph
    if verdict is RunState.FAILED and graph.automatic_undo and d.state.run is not RunState.ROLLING_BACK:
        d.record("UndoStarted", summary=message, data={"reason": reason})
    elif graph.ordinary == len(graph.steps):
        _finish(d, verdict, reason, message)
    else:
        show_gates(d)
        data = {"verdict": verdict, "reason": reason}
        d.record("VerdictReached", summary=message, output_digest=d.state.outputs, data=data)


def _finish(d: Draft, verdict: RunState, reason: str, message: str) -> None:
    if d.state.finalizer_failed >= 0 and verdict is RunState.SUCCEEDED:
        verdict, reason = RunState.FAILED, "FinalizerFailed"
        message = f'finalizer "{unit_name(d.state.graph, d.state.finalizer_failed)}" failed'
    data: dict[str, object] = {"reason": reason} if reason else {}
    if verdict is RunState.SUCCEEDED:
        # A gate of a finalizer may have been the last to be decided.
        show_gates(d)
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
