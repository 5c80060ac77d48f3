"""The only decision function: `reduce(state, event, now) -> Decision`. Pure: same arguments, same Decision."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

from controller.engine import (
    decide_attempt,
    decide_command,
    decide_gate,
    decide_outcome,
    decide_start,
    decide_stray,
    decide_time,
    decide_undo,
    schedule,
    settle,
    wanted,
)
from controller.engine.draft import Draft
from controller.engine.effects import Effect
from controller.engine.events import (
    Advanced,
    AttemptEnded,
    ChildEnded,
    ChildGatesSeen,
    ChildUndone,
    Combined,
    Commanded,
    Event,
    GateDecided,
    Launched,
    OutputsComputed,
    Persisted,
    PhaseDecided,
    Prepared,
    Proceeded,
    Restarted,
    SlotGranted,
    Strayed,
    UndoPrepared,
    Woken,
)
from controller.engine.state import State
from controller.machine.chain import Link
from controller.model.digest import Digest
from controller.model.graph import Graph
from controller.model.record import SCHEMA_VERSION, Actor
from controller.model.states import Role


class Decision(NamedTuple):
    """What to do, then what to store: in that order, so that a crash between the two repeats an effect and loses none."""

    state: State
    effects: tuple[Effect, ...]
    records: tuple[Link, ...]


def create(
    graph: Graph,
    uid: str,
    parameters: Digest,
    actor: Actor,
    now: int,
    *,
    parent: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Decision:
    """Return the state of a new run with its record 0. `data` holds further facts, e.g. the snapshot's digest."""
    d = Draft(State(graph, uid), now)
    first: dict[str, Any] = {
        **(data or {}),
        "schema": SCHEMA_VERSION,
        "run": uid,
        "definition": graph.digest,
        "orchestration": graph.name,
        "version": graph.version,
    }
    if parent is not None:
        first["parent"] = parent
    d.record("RunCreated", actor=actor, input_digest=parameters, data=first)
    return Decision(d.state, (), tuple(d.links))


def reduce(state: State, event: Event, now: int) -> Decision:
    """Decide what follows from one event. Events that are stale or repeated change nothing.

    Raises IllegalTransition where a table is silent, which is a bug of ours.
    """
    d = Draft(state, now)
    _DECIDERS[type(event)](d, event)
    return Decision(d.state, tuple(d.effects), tuple(d.links))


def _launched(d: Draft, event: Launched) -> None:
    (decide_undo.undo_launched if event.role is Role.UNDO else decide_start.launched)(d, event)


def _attempt_ended(d: Draft, event: AttemptEnded) -> None:
    (decide_undo.undo_ended if event.role is Role.UNDO else decide_attempt.attempt_ended)(d, event)


def _slot_granted(d: Draft, event: SlotGranted) -> None:
    (decide_undo.undo_slot_granted if event.role is Role.UNDO else decide_start.slot_granted)(d, event)


_DECIDERS: Mapping[type[Event], Callable[[Draft, Any], None]] = {
    Prepared: decide_start.prepared,
    SlotGranted: _slot_granted,
    Persisted: decide_start.persisted,
    Launched: _launched,
    Strayed: decide_stray.strayed,
    AttemptEnded: _attempt_ended,
    Combined: decide_outcome.combined,
    ChildEnded: decide_attempt.child_ended,
    ChildUndone: decide_undo.child_undone,
    ChildGatesSeen: decide_gate.child_gates_seen,
    PhaseDecided: schedule.phase_decided,
    UndoPrepared: decide_undo.undo_prepared,
    OutputsComputed: settle.outputs_computed,
    GateDecided: decide_gate.gate_decided,
    Commanded: decide_command.commanded,
    Woken: decide_time.woken,
    Restarted: wanted.restarted,
    Proceeded: decide_start.proceeded,
    Advanced: schedule.advanced,
}
assert set(_DECIDERS) == set(get_args(Event))
