"""What each record says, byte for byte: the ledger is read by people and by later versions."""

import re
from pathlib import Path

from controller.engine.events import Hit, Ready, Refused
from controller.model.graph import GraphGate, RetryPolicy
from controller.model.record import CONTROLLER
from controller.model.states import OutcomeClass
from tests.fakes.clock import START
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, OPTIONAL, THREE, graph
from tests.unit.engine.plays import Play, perform, play

PLAYS: dict[str, Play] = {
    "everything that a step can do before it succeeds": play(
        graph("a", {"a": {"retry": THREE, "at_most_once": True, "gate": GATE}}, finalizers="z", outputs=True),
        """
        start
        a exit 1 receipt 3s
        +2s
        crash 0
        a ok receipt 7s
        modify a patch
        a ok late
        approve a
        z ok
        """,
        prepare={"a": Ready(digest("input"), {"handoffs": ["x"]})},
        parent="PARENT",
    ),
    "an abort": play(
        graph("a b", {"b": {"child": True}}),
        """
        start
        a exit 1
        abort
        b Aborted run 9s
        """,
    ),
    "an abort while something fails with a receipt": play(
        graph("a"),
        """
        start
        abort undo
        a exit 3 receipt
        undo a exit 1
        """,
    ),
    "an attempt that is found after a crash": play(
        graph("a", {"a": {"reversible": False}}),
        """
        start
        crash 1
        restart
        a ok
        """,
    ),
    "attempts that nothing leads to": play(
        graph("a b<-a c<-a"),
        """
        start
        stray b
        stray c ended
        a ok
        """,
    ),
    "an undo that is found after a crash": play(
        graph("a"),
        """
        start
        a ok receipt
        undo
        crash 1
        restart
        undo a ok
        """,
    ),
    "a run and a phase that take too long": play(
        graph("p: a b", {"b": {"gate": GATE}}, timeout_ms=3_600_000, phases={"p": {"timeout_ms": 90_000}}),
        """
        start
        b ok
        +90s
        +3510s
        a Timeout
        """,
    ),
    "what comes without an attempt": play(
        graph("a b c<-a d e<-c", {"a": {"gate": GATE}, "c": {"child": True, "gate": GATE}, "e": {"foreach": True}}),
        """
        start
        approve a
        gates c review
        c Succeeded run 5s
        approve c
        e[0] ok
        e[1] exit 1
        """,
        prepare={
            "a": Hit(digest("output"), digest("input"), {"run": "OLD", "step": "x"}),
            "b": Hit(digest("output"), digest("input"), {"run": "OLD"}, seed=True),
            "d": Refused(OutcomeClass.CONTRACT_VIOLATED, "rows missing", ("$.rows: required",)),
        },
    ),
    "checkpoints that nobody or somebody decides": play(
        graph("a b c", {"a": {"gate": OPTIONAL}, "b": {"gate": GATE}, "c": {"gate": GATE}}),
        """
        start
        a ok
        b ok
        c ok
        +60s
        reject b
        """,
    ),
    "a required checkpoint that nobody decides": play(
        graph("a", {"a": {"gate": GraphGate("?", timeout_ms=1_000)}}),
        """
        start
        a ok
        +1s
        """,
    ),
    "a step that takes too long": play(
        graph("a b", {"a": {"timeout_ms": 90_000}, "b": {"foreach": True, "timeout_ms": 1_000}}, max_parallel=2),
        """
        start
        +1s
        b[0] Timeout
        +89s
        a Timeout
        """,
    ),
    "phases": play(
        graph("p: a; q: b; r: c", phases={"q": {"conditional": True}, "r": {"conditional": True}}),
        """
        start
        a ok
        """,
        phases={"q": False, "r": "no such step"},
    ),
    "an undo, and what remains": play(
        graph(
            "a b c", {"a": {"retry": THREE}, "b": {"child": True, "retry": THREE}}, automatic_undo=True, finalizers="z"
        ),
        """
        start
        a exit 1 receipt
        b Failed run
        +2s
        a ok receipt
        b Succeeded run
        c exit 64
        undo a exit 1
        +2s
        undo a ok
        undo a Lost
        +2s
        undo a exit 77
        z ok
        abort
        """,
    ),
    "people": play(
        graph("a", {"a": {"retry": RetryPolicy(allow_skip=True)}}),
        """
        start
        a exit 1
        retry patch
        suspend
        a exit 1
        retry later 3s
        resume
        +3s
        a exit 1
        skip output
        """,
    ),
}

GOLDEN = Path(__file__).with_name("records.txt")


def ledger(one: Play) -> list[str]:
    """Return the records in words: kind, step, attempt, states, and all that else stands in them; digests are cut."""
    lines = []
    for record in perform(one)[1].records:
        words = [record.kind, record.step or "", f"#{record.attempt}" if record.attempt is not None else ""]
        words += [f"{record.source}>{record.target}"] if record.source else []
        words += [f"by {record.actor.type} {record.actor.id}"] if record.actor != CONTROLLER else []
        words += [f"+{(record.time - START) / 1000:g}s"] if record.time != START else []
        words += [f"in {record.input_digest}"] if record.input_digest else []
        words += [f"out {record.output_digest}"] if record.output_digest else []
        words += [f'"{record.summary}"'] if record.summary is not None else []
        words += [f"violations {record.violations}"] if record.violations is not None else []
        words += [f"warnings {record.warnings}"] if record.warnings is not None else []
        words += [f"took {record.duration_ms}"] if record.duration_ms is not None else []
        words += [f"{name}={value}" for name, value in (record.data or {}).items()]
        lines.append(re.sub(r"blake3:(\w{5})\w+", r"\1", " ".join(word for word in words if word)))
    return lines


def test_ledgers() -> None:
    written = "\n".join("\n".join([f"## {name}", *ledger(one), ""]) for name, one in PLAYS.items())
    assert written == GOLDEN.read_text(encoding="utf-8")
