"""Undo as a command: the rows UN of the table in docs/spec/run.md."""

import pytest

from tests.unit.engine.graphs import graph
from tests.unit.engine.plays import Play, expected, params, perform, play

PLAYS: dict[str, Play] = {
    "UN1": play(
        graph("a b<-a"),
        """
        start        | Running a=Running       | start a#1
        a ok receipt | a=Succeeded b=Running   | start b#1
        b ok receipt | Succeeded b=Succeeded   |
        undo         | RollingBack             | -> UndoStarted; undo b#1
        undo b ok    | b=RolledBack            | undo a#1
        undo a ok    | RolledBack a=RolledBack |
        """,
    ),
    "UN2": play(
        graph("a b<-a"),
        """
        start            | Running a=Running            | start a#1
        a ok receipt     | a=Succeeded b=Running        | start b#1
        b exit 1 receipt | Failed b=Failed (StepFailed) | tell b step_failed warning; tell run run_failed error
        undo             | RollingBack                  | -> UndoStarted; undo b#1
        undo b ok        | b=RolledBack                 | undo a#1
        undo a ok        | RolledBack a=RolledBack      |
        """,
    ),
    "UN3": play(
        graph("a b<-a"),
        """
        start         | Running a=Running           | start a#1
        a ok receipt  | a=Succeeded b=Running       | start b#1
        abort         |                             | stop b#1 Interrupted; -> AbortRequested
        b Interrupted | Aborted b=Aborted (Aborted) |
        undo          | RollingBack                 | -> UndoStarted; undo a#1
        undo a ok     | RolledBack a=RolledBack     |
        """,
    ),
    "UN4": play(
        graph("a b<-a", automatic_undo=True),
        """
        start        | Running a=Running       | start a#1
        a ok receipt | a=Succeeded b=Running   | start b#1
        b exit 1     | RollingBack b=Failed    | tell b step_failed warning; undo a#1
        undo a ok    | RolledBack a=RolledBack |
        """,
    ),
    "UN5": play(
        graph("a b<-a"),
        """
        start         | Running a=Running       | start a#1
        a ok receipt  | a=Succeeded b=Running   | start b#1
        abort undo    |                         | stop b#1 Interrupted; -> AbortRequested
        b Interrupted | RollingBack b=Aborted   | undo a#1
        undo a ok     | RolledBack a=RolledBack |
        """,
    ),
    "UN6": play(
        graph("a b<-a"),
        """
        start        | Running a=Running            | start a#1
        a ok receipt | a=Succeeded b=Running        | start b#1
        b exit 1     | Failed b=Failed (StepFailed) | tell b step_failed warning; tell run run_failed error
        abort undo   | RollingBack                  | -> UndoStarted; undo a#1
        undo a ok    | RolledBack a=RolledBack      |
        """,
    ),
    "UN7": play(
        graph("a b"),
        """
        start | Running a=Running b=Running | start a#1; start b#1
        undo  |                             | refused: the run is Running; abort it first (`abort --undo` does both)
        a ok  | a=Succeeded                 |
        b ok  | Succeeded b=Succeeded       |
        """,
    ),
    "UN8": play(
        graph("a"),
        """
        start        | Running a=Running       | start a#1
        a ok receipt | Succeeded a=Succeeded   |
        undo         | RollingBack             | -> UndoStarted; undo a#1
        undo         |                         | refused: the run is being undone already
        undo a ok    | RolledBack a=RolledBack |
        undo         |                         | refused: everything was undone already
        """,
    ),
    "UN9": play(
        graph("a b"),
        """
        start         | Running a=Running b=Running          | start a#1; start b#1
        a ok receipt  | a=Succeeded                          |
        b ok receipt  | Succeeded b=Succeeded                |
        undo          | RollingBack                          | -> UndoStarted; undo b#1
        undo b exit 1 |                                      | undo a#1
        undo a ok     | Failed a=RolledBack (UndoIncomplete) | tell run undo_incomplete error
        retry         |                                      | refused: the run was undone
        resume        | RollingBack                          | -> UndoStarted; undo b#2
        undo b ok     | RolledBack b=RolledBack              |
        resume        |                                      | refused: the run is RolledBack: there is nothing to resume
        undo          |                                      | refused: everything was undone already
        """,
    ),
    "UN10": play(
        graph("a b"),
        """
        start        | Running a=Running b=Running          | start a#1; start b#1
        a ok receipt | a=Succeeded                          |
        b ok receipt | Succeeded b=Succeeded                |
        undo         | RollingBack                          | -> UndoStarted; undo a#1
        undo a ok    | Failed a=RolledBack (UndoIncomplete) | tell run undo_incomplete error
        undo         |                                      | -> UndoStarted; tell run undo_incomplete error
        abort        | Aborted (Aborted)                    | -> RunAborted
        """,
        undo={"b": "keep irreversible"},
    ),
    "UN11": play(
        graph("a"),
        """
        start | Running a=Running     | start a#1
        a ok  | Succeeded a=Succeeded |
        undo  | RolledBack            | -> UndoStarted
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)
