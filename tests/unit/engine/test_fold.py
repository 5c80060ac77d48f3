"""A ledger folds to the state of its run, or it is said why not."""

from typing import Any

import orjson
import pytest

from controller.engine import events as ev
from controller.engine.evolve import evolve, fold
from controller.engine.reduce import create, reduce
from controller.engine.state import State
from controller.errors import IllegalTransition, LedgerInconsistent, StateTooNew
from controller.machine.chain import Chain
from controller.model.record import CONTROLLER, GENESIS, Record, decode, encode
from controller.model.states import OutcomeClass, Role
from tests.fakes.clock import START
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import DIGEST, graph
from tests.unit.engine.world import ANN, World


def ledger() -> list[bytes]:
    world = World(graph("a"))
    world.play()
    return [link.content for link in world.links]


def test_a_ledger_folds_to_the_state() -> None:
    contents = ledger()
    state = fold(graph("a"), "RUN", contents)
    assert state.run == "Succeeded"
    assert state.chain.next == len(contents)
    assert state.created_at == START


def test_what_creates_a_run() -> None:
    data = {"snapshot": digest("snapshot"), "run": "not this one"}
    decision = create(graph("a"), "RUN", digest("parameters"), ANN, START, parent="ABOVE", data=data)
    (first,) = decision.records
    assert first.record.data == {
        "snapshot": digest("snapshot"),
        "schema": 1,
        "run": "RUN",
        "definition": DIGEST,
        "orchestration": "play",
        "version": "1.0.0",
        "parent": "ABOVE",
    }
    assert (decision.state.child_of, decision.state.parameters) == ("ABOVE", digest("parameters"))
    assert decision.effects == ()


def changed(contents: list[bytes], number: int, **changes: Any) -> list[bytes]:
    record = decode(contents[number])
    contents[number] = encode(record._replace(**changes))
    return contents


BROKEN: dict[str, tuple[list[bytes], str]] = {
    "no record": ([b"{}"], "record 0 of run RUN: not a ledger record: 'actor'"),
    "a gap": ([*ledger()[:1], *ledger()[2:]], "record 2 of run RUN does not follow record 0"),
    "another chain": (changed(ledger(), 1, prev=DIGEST), "record 1 of run RUN does not follow record 0"),
    "another run": (
        changed(ledger(), 0, data={"schema": 1, "run": "X", "definition": DIGEST}),
        f"the ledger belongs to run X of {DIGEST}",
    ),
    "another definition": (
        changed(ledger(), 0, data={"schema": 1, "run": "RUN", "definition": "blake3:0"}),
        "the ledger belongs to run RUN of blake3:0",
    ),
    "nothing in its first record": (changed(ledger(), 0, data=None), "the ledger belongs to run None of None"),
    "an unknown kind": (changed(ledger()[:2], 1, kind="Dreamt"), "record 1 is of the unknown kind Dreamt"),
    "an unknown step": (
        changed(ledger()[:3], 2, step="x"),
        "record 2 (StepStarted) is about the unknown step x",
    ),
    "no step": (changed(ledger()[:3], 2, step=None), "record 2 (StepStarted) is about the unknown step None"),
    "an unknown phase": (
        changed(ledger()[:3], 2, kind="PhaseStarted", data={"phase": "x"}),
        "record 2 (PhaseStarted) is about the unknown phase x",
    ),
}


@pytest.mark.parametrize(("contents", "message"), BROKEN.values(), ids=BROKEN)
def test_a_ledger_that_does_not_fold(contents: list[bytes], message: str) -> None:
    with pytest.raises(LedgerInconsistent) as caught:
        fold(graph("a"), "RUN", contents)
    assert caught.value.message == message


def test_a_ledger_of_a_newer_version() -> None:
    newer = changed(ledger(), 0, data={"schema": 2, "run": "RUN", "definition": DIGEST})
    with pytest.raises(StateTooNew) as caught:
        fold(graph("a"), "RUN", newer)
    assert caught.value.message == "the ledger of run RUN has version 2; this Libretto knows up to 1"
    assert caught.value.hint == "use the Libretto that wrote it, or a newer one"


def test_what_the_tables_do_not_allow_leaves_the_state_alone() -> None:
    state = State(graph("a"), "RUN")
    record = Record(0, GENESIS, "RunSucceeded", CONTROLLER, START)
    with pytest.raises(IllegalTransition, match=r"^a run in state Pending never takes RunSucceeded$"):
        evolve(state, record)


def test_reduce_is_pure() -> None:
    world = World(graph("a"))
    world.tell()
    event = ev.AttemptEnded(0, Role.DO, 1, OutcomeClass.FAILED, "exit 1", 1)
    before = world.state
    first, second = (reduce(before, event, START + 5) for _ in range(2))
    assert first == second
    assert before is world.state
    assert before.unit(0).state == "Running"
    assert first.state.chain == Chain(before.chain.next + 1, first.records[-1].digest)
    assert orjson.loads(first.records[-1].content)["time"] == "2025-12-01T12:00:00.005Z"
