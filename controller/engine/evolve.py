"""Fold one record into the state. No policy here: what a record says was decided when it was written.

So a newer version that would decide differently still folds old ledgers to the same state.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from controller.engine import evolve_gate, evolve_run, evolve_step, evolve_undo
from controller.engine.state import State
from controller.engine.transitions import KINDS
from controller.errors import LedgerInconsistent, StateTooNew
from controller.machine.chain import Chain
from controller.model.digest import digest_bytes
from controller.model.graph import Graph
from controller.model.record import SCHEMA_VERSION, Record, decode

Fold = Callable[[State, Record], State]

FOLDS: Mapping[str, Fold] = {**evolve_run.FOLDS, **evolve_step.FOLDS, **evolve_gate.FOLDS, **evolve_undo.FOLDS}
assert FOLDS.keys() == KINDS, FOLDS.keys() ^ KINDS


def evolve(state: State, record: Record) -> State:
    """Return the state after `record`. Raises IllegalTransition, LedgerInconsistent."""
    fold = FOLDS.get(record.kind)
    if fold is None:
        raise LedgerInconsistent(f"record {record.seq} is of the unknown kind {record.kind}")
    return fold(state, record)


def fold(graph: Graph, uid: str, contents: Iterable[bytes]) -> State:
    """Return the state that a ledger says. Raises LedgerInconsistent, StateTooNew, IllegalTransition."""
    state = State(graph, uid)
    for content in contents:
        try:
            record = decode(content)
        except ValueError as error:
            raise LedgerInconsistent(f"record {state.chain.next} of run {uid}: {error}") from error
        if record.seq != state.chain.next or record.prev != state.chain.head:
            raise LedgerInconsistent(f"record {record.seq} of run {uid} does not follow record {state.chain.next - 1}")
        if record.seq == 0:
            _check_first(graph, uid, record.data or {})
        state = evolve(state, record)._replace(chain=Chain(record.seq + 1, digest_bytes(content)))
    return state


def _check_first(graph: Graph, uid: str, data: Mapping[str, Any]) -> None:
    if data.get("schema", 0) > SCHEMA_VERSION:
        raise StateTooNew(
            f"the ledger of run {uid} has version {data['schema']}; this Libretto knows up to {SCHEMA_VERSION}",
            hint="use the Libretto that wrote it, or a newer one",
        )
    if data.get("run") != uid or data.get("definition") != graph.digest:
        raise LedgerInconsistent(f"the ledger belongs to run {data.get('run')} of {data.get('definition')}")
