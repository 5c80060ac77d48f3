"""What follows a person's decision on a checkpoint, or its timeout."""

from controller.engine.decide_halt import close_gates, stop_all
from controller.engine.draft import Draft
from controller.engine.effects import AnswerDecision
from controller.engine.events import ChildGatesSeen, GateDecided
from controller.engine.settle import show_gates
from controller.engine.state import State
from controller.engine.units import index_of, unit_named
from controller.model.record import TIMER, Actor
from controller.model.states import OutcomeClass, StepState, Verdict

_KINDS = {Verdict.APPROVE: "GateApproved", Verdict.REJECT: "GateRejected", Verdict.MODIFY: "GateModified"}


def gate_decided(d: Draft, event: GateDecided) -> None:
    """Record the decision when it is about the open gate, exactly as it was opened; else refuse it."""
    unit = unit_named(d.state.graph, event.gate)
    refusal = _refusal(d.state, unit, event)
    if refusal is not None or unit is None:
        d.ask(AnswerDecision(event.id, None, refusal))
        return
    known = d.state.unit(unit)
    data: dict[str, object] = {"digest": event.digest, "request": event.request}
    if event.patch is not None:
        data["patch"] = event.patch
    if event.others:
        data["others"] = list(event.others)
    seq = d.record(
        _KINDS[event.verdict],
        unit,
        actor=event.actor,
        output_digest=known.output,
        summary=event.comment,
        data=data,
    )
    d.ask(AnswerDecision(event.id, seq, None))
    if event.verdict is Verdict.REJECT:
        _end(d, event.actor)
    else:
        show_gates(d)


def _end(d: Draft, actor: Actor) -> None:
    stop_all(d, OutcomeClass.INTERRUPTED)
    close_gates(d, actor)


def _refusal(state: State, unit: int | None, event: GateDecided) -> str | None:
    if unit is None:
        return f'there is no step "{event.gate}"'
    gate = state.unit(unit).gate
    if gate is None:
        return f'"{event.gate}" has no open checkpoint'
    if unit not in state.gates:
        return f"already decided: {gate.decided}" if gate.decided else "the run ended before anybody decided"
    if (event.digest, event.request) != (gate.digest, gate.request):
        return f"the decision is about another output or an earlier request than the open checkpoint of record {gate.request}"
    described = state.graph.steps[index_of(unit)].gate
    if described is not None and event.verdict not in described.actions:
        return f'this checkpoint offers {", ".join(described.actions)}, not "{event.verdict}"'
    return None


def gate_timed_out(d: Draft, unit: int) -> None:
    """A required gate rejects, an optional one lapses. Neither is an approval."""
    gate = d.state.graph.steps[index_of(unit)].gate
    assert gate is not None  # a gate timer is set only by an open gate
    kind = "GateRejected" if gate.required else "GateLapsed"
    known = d.state.unit(unit)
    d.record(
        kind,
        unit,
        actor=TIMER,
        output_digest=known.output,
        summary="nobody decided in time",
        data={"digest": known.gate.digest if known.gate else "", "request": d.state.gates[unit]},
    )
    if gate.required:
        _end(d, TIMER)


def child_gates_seen(d: Draft, event: ChildGatesSeen) -> None:
    """Bubble the open gates of a child run up, as `step/childstep`."""
    runs = d.state.unit(event.unit).state is StepState.RUNNING
    if runs and d.state.child_gates.get(event.unit, ()) != event.gates:
        gates = [gate.model_dump(by_alias=True, exclude_none=True) for gate in event.gates]
        d.record("ChildGatesChanged", event.unit, data={"gates": gates})
        if d.state.halt is None:
            show_gates(d)
