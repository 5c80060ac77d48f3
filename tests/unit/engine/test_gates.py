"""Checkpoints: who decides what, about what, and what follows."""

import pytest

from controller.model.graph import GraphGate
from tests.unit.engine.graphs import GATE, OPTIONAL, THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "an approved output is used": play(
        graph("a b<-a c", {"a": {"gate": GATE}}),
        """
        start     | Running a=Running c=Running         | start a#1; start c#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        c ok      | c=Succeeded                         |
        approve a | Running a=Succeeded b=Running       | -> GateApproved; start b#1
        b ok      | Succeeded b=Succeeded               |
        """,
    ),
    "a rejection ends the run: what runs is stopped, what waits is closed": play(
        graph("a b<-a c d", {"a": {"gate": GATE}, "d": {"gate": GATE}}),
        """
        start         | Running a=Running c=Running d=Running | start a#1; start c#1; start d#1
        a ok          | AwaitingApproval a=AwaitingApproval   | tell a gate_waiting info
        d ok          | d=AwaitingApproval                    | tell d gate_waiting info
        reject a      | Running a=Aborted d=Aborted           | -> GateRejected; stop c#1 Interrupted
        c Interrupted | Aborted c=Aborted (Rejected)          |
        """,
    ),
    "a modification makes another attempt with the automatic budget restored": play(
        graph("a", {"a": {"gate": GATE, "retry": THREE}}),
        """
        start          | Running a=Running                   | start a#1
        a exit 1       | a=Pending                           | wake 2s
        +2s            | a=Running                           | start a#2
        a exit 1       | a=Pending                           | wake 6s
        +4s            | a=Running                           | start a#3
        a ok           | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        modify a patch | Running a=Running                   | -> GateModified; start a#4
        a exit 1       | a=Pending                           | wake 8s
        +2s            | a=Running                           | start a#5
        a exit 1       | a=Pending                           | wake 12s
        +4s            | a=Running                           | start a#6
        a ok           | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a      | Succeeded a=Succeeded               | -> GateApproved
        """,
    ),
    "a required checkpoint rejects when nobody decides in time": play(
        graph("a b<-a", {"a": {"gate": GraphGate("?", timeout_ms=60_000)}}),
        """
        start | Running a=Running                   | start a#1
        a ok  | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info; wake 60s
        +59s  |                                     |
        +1s   | Aborted a=Aborted (Rejected)        |
        """,
    ),
    "an optional checkpoint lapses and the run goes on": play(
        graph("a b<-a", {"a": {"gate": OPTIONAL}}),
        """
        start | Running a=Running                   | start a#1
        a ok  | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info; wake 60s
        +60s  | Running a=Succeeded b=Running       | start b#1
        b ok  | Succeeded b=Succeeded               |
        """,
    ),
    "the clock of a checkpoint starts anew with each output": play(
        graph("a", {"a": {"gate": OPTIONAL}}),
        """
        start    | Running a=Running                   | start a#1
        a ok     | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info; wake 60s
        +40s     |                                     |
        modify a | Running a=Running                   | -> GateModified; start a#2
        a ok     | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info; wake 100s
        +20s     |                                     |
        +40s     | Succeeded a=Succeeded               |
        """,
    ),
    "a decision counts only for the output and the request that are open": play(
        graph("a", {"a": {"gate": GATE}}),
        """
        start             | Running a=Running                   | start a#1
        approve a early   |                                     | refused: "a" has no open checkpoint
        a ok              | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a another |                                     | refused: the decision is about another output or an earlier request than the open checkpoint of record 3
        approve a early   |                                     | refused: the decision is about another output or an earlier request than the open checkpoint of record 3
        approve a         | Succeeded a=Succeeded               | -> GateApproved
        """,
    ),
    "the first decision wins": play(
        graph("a b<-a", {"a": {"gate": GATE}}),
        """
        start     | Running a=Running                   | start a#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a | Running a=Succeeded b=Running       | -> GateApproved; start b#1
        reject a  |                                     | refused: already decided: approve by bob in record 5
        approve a |                                     | refused: already decided: approve by bob in record 5
        b ok      | Succeeded b=Succeeded               |
        """,
    ),
    "only what is offered can be decided": play(
        graph("a", {"a": {"gate": GraphGate("?", actions=("approve",))}}),
        """
        start     | Running a=Running                   | start a#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        modify a  |                                     | refused: this checkpoint offers approve, not "modify"
        reject a  |                                     | refused: this checkpoint offers approve, not "reject"
        approve a | Succeeded a=Succeeded               | -> GateApproved
        """,
    ),
    "a decision about a step without a checkpoint is refused": play(
        graph("a b", {"b": {"gate": GATE}}),
        """
        start     | Running a=Running b=Running         | start a#1; start b#1
        approve a |                                     | refused: "a" has no open checkpoint
        a ok      | a=Succeeded                         |
        approve a |                                     | refused: "a" has no open checkpoint
        approve b |                                     | refused: "b" has no open checkpoint
        b ok      | AwaitingApproval b=AwaitingApproval | tell b gate_waiting info
        abort     | Aborted b=Aborted (Aborted)         | -> AbortRequested
        approve b |                                     | refused: the run ended before anybody decided
        """,
    ),
    "an approval in time, however late it is looked at": play(
        graph("a", {"a": {"gate": OPTIONAL}}),
        """
        start     | Running a=Running                   | start a#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info; wake 60s
        +59s      |                                     |
        approve a | Succeeded a=Succeeded               | -> GateApproved
        +60s      |                                     |
        """,
    ),
    "a suspended run takes decisions and starts nothing": play(
        graph("a b<-a", {"a": {"gate": GATE}}),
        """
        start     | Running a=Running                   | start a#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        suspend   | suspended                           | -> RunSuspended
        approve a | Running a=Succeeded                 | -> GateApproved
        resume    | resumed b=Running                   | -> RunResumed; start b#1
        b ok      | Succeeded b=Succeeded               |
        """,
    ),
    "the run waits as long as one checkpoint is open": play(
        graph("a b c<-a,b", {"a": {"gate": GATE}, "b": {"gate": GATE}}),
        """
        start     | Running a=Running b=Running         | start a#1; start b#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        b ok      | b=AwaitingApproval                  | tell b gate_waiting info
        approve b | b=Succeeded                         | -> GateApproved
        approve a | Running a=Succeeded c=Running       | -> GateApproved; start c#1
        c ok      | Succeeded c=Succeeded               |
        """,
    ),
    "a checkpoint of a finalizer": play(
        graph("a", {"z": {"gate": GATE}}, finalizers="z"),
        """
        start     | Running a=Running                   | start a#1
        a ok      | a=Succeeded z=Running               | start z#1
        z ok      | AwaitingApproval z=AwaitingApproval | tell z gate_waiting info
        approve z | Succeeded z=Succeeded               | -> GateApproved
        """,
    ),
    "a rejected finalizer aborts the run": play(
        graph("a", {"z": {"gate": GATE}}, finalizers="z y"),
        """
        start    | Running a=Running                   | start a#1
        a ok     | a=Succeeded z=Running y=Running     | start z#1; start y#1
        z ok     | AwaitingApproval z=AwaitingApproval | tell z gate_waiting info
        reject z | Running z=Aborted                   | -> GateRejected; stop y#1 Interrupted
        y ok     | Aborted y=Succeeded (Rejected)      |
        """,
    ),
}

PROVES: dict[str, pytest.MarkDecorator] = {
    "an approved output is used": pytest.mark.requirement("DEF-020"),
}


@pytest.mark.parametrize("one", params(PLAYS, PROVES))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
