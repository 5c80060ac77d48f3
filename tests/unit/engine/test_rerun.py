"""Rerun: the rows RR of the table in docs/spec/run.md. A new run whose outputs come from an old one."""

import pytest

from controller.engine.events import Hit
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "RR1": play(
        graph("a b<-a"),
        """
        start | Running a=Succeeded b=Running | start b#1
        b ok  | Succeeded b=Succeeded         |
        """,
        prepare={"a": Hit(digest("output", "a"), digest("input"), {"run": "OLD"}, seed=True)},
    ),
    "RR2": play(
        graph("a b<-a", {"a": {"gate": GATE}}),
        """
        start     | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a | Running a=Succeeded b=Running       | -> GateApproved; start b#1
        b ok      | Succeeded b=Succeeded               |
        """,
        prepare={"a": Hit(digest("output", "a"), digest("input"), {"run": "OLD"}, seed=True)},
    ),
    "RR3": play(
        graph("a", {"a": {"gate": GATE}}),
        """
        start     | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        modify a  | Running a=Running                   | -> GateModified; start a#1
        a ok      | AwaitingApproval a=AwaitingApproval | tell a gate_waiting info
        approve a | Succeeded a=Succeeded               | -> GateApproved
        """,
        prepare={"a#1": Hit(digest("output", "a"), digest("input"), {"run": "OLD"}, seed=True)},
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
