"""The bounded view of a run that is written with every commit."""

from itertools import islice

from controller.engine.queues import peek_timer
from controller.engine.semantic import semantic_digest
from controller.engine.state import State
from controller.engine.units import index_of, instance_of, unit_name
from controller.model.run import GateStatus, RunProgress, RunStatus

MOST_FRONTIER = 1000
"""Entries of the frontier; no run has more slots (definitions allow at most 1,000 at once)."""
MOST_GATES = 16
"""Open gates that are listed; `gate_count` says how many there are."""
MOST_CHARACTERS = 180_000
"""Room for the names of running steps, so that the whole stays under 256 KiB even where every id is as long as allowed."""
LONGEST_TEXT = 500
"""Characters of a question or message here; all of it is in the ledger and in the definition."""


def status_of(state: State) -> RunStatus:
    """Return the status after the last record of `state`."""
    frontier, attempts = _frontier(state)
    timer, _ = peek_timer(state)
    return RunStatus.model_construct(
        state=state.run,
        reason=state.reason or None,
        message=state.message[:LONGEST_TEXT] or None,
        suspended=state.suspended,
        progress=progress_of(state),
        frontier=frontier,
        attempts=attempts,
        gates=list(islice(open_gates(state), MOST_GATES)),
        gate_count=state.open_gates,
        sequence=state.chain.next - 1,
        head=state.chain.head,
        wake_at=timer.time if timer is not None and not state.run.settled else None,
        started_at=state.first_started_at or None,
        ended_at=state.ended_at or None,
        semantic_digest=semantic_digest(state) if state.run.settled else None,
    )


def _frontier(state: State) -> tuple[dict[str, str], dict[str, int]]:
    """Return the frontier and its attempts beyond the first; with very long ids as much of them as there is room for."""
    frontier: dict[str, str] = {}
    attempts: dict[str, int] = {}
    room = MOST_CHARACTERS
    units = sorted(state.frontier)[:MOST_FRONTIER]
    for unit in units:
        name, word = unit_name(state.graph, unit), state.frontier[unit]
        room -= len(name) + len(word) + 6
        if room < 0:
            return frontier, attempts
        frontier[name] = word
    for unit in units:
        name, attempt = unit_name(state.graph, unit), state.unit(unit).attempt
        if attempt > 1:
            room -= len(name) + 10
            if room < 0:
                return frontier, attempts
            attempts[name] = attempt
    return frontier, attempts


def progress_of(state: State) -> RunProgress:
    """Return the counts of ordinary steps."""
    running = sum(1 for unit in state.frontier if instance_of(unit) < 0 and index_of(unit) < state.graph.ordinary)
    return RunProgress.model_construct(
        total=state.graph.ordinary,
        succeeded=state.succeeded,
        skipped=state.skipped,
        failed=state.failed,
        running=running,
        cached=state.cached,
    )


def open_gates(state: State) -> list[GateStatus]:
    """Return the open gates of the run, then those of its children as `step/childstep`."""
    gates = []
    for unit in sorted(state.gates):
        described, gate = state.graph.steps[index_of(unit)].gate, state.unit(unit).gate
        assert described is not None  # a gate that is open was described
        assert gate is not None
        gates.append(
            GateStatus.model_construct(
                gate=unit_name(state.graph, unit),
                run=state.uid,
                digest=gate.digest,
                request=gate.request,
                question=described.question[:LONGEST_TEXT],
                severity=described.severity[:LONGEST_TEXT],
                required=described.required,
                opened_at=gate.opened_at,
                actions=list(described.actions),
                needs=described.needs,
            )
        )
    for unit in sorted(state.child_gates):
        name = unit_name(state.graph, unit)
        gates += [gate.model_copy(update={"gate": f"{name}/{gate.gate}"}) for gate in state.child_gates[unit]]
    return gates
