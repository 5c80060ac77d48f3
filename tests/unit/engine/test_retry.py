"""Retry: the rows RT of the table in docs/spec/run.md."""

import pytest

from controller.engine import effects as fx
from controller.model.states import StepState, Verb
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import Play, _happen, expected, params, perform, play
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "RT1": play(
        graph("a b<-a"),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry a  | Running a=Running            | -> StepReopened; start a#2
        a ok     | a=Succeeded b=Running        | start b#1
        b ok     | Succeeded b=Succeeded        |
        """,
    ),
    "RT2": play(
        graph("a b"),
        """
        start    | Running a=Running b=Running     | start a#1; start b#1
        a exit 1 | a=Failed                        | tell a step_failed warning
        b exit 1 | Failed b=Failed (StepFailed)    | tell b step_failed warning; tell run run_failed error
        retry    | Running b=Running               | -> StepReopened; start b#2
        b ok     | Failed b=Succeeded (StepFailed) | tell run run_failed error
        retry    | Running a=Running               | -> StepReopened; start a#2
        a ok     | Succeeded a=Succeeded           |
        """,
    ),
    "RT3": play(
        graph("a b"),
        """
        start    | Running a=Running b=Running | start a#1; start b#1
        a exit 1 | a=Failed                    | tell a step_failed warning
        retry    | a=Running                   | -> StepReopened; start a#2
        b ok     | b=Succeeded                 |
        a ok     | Succeeded a=Succeeded       |
        """,
    ),
    "RT4": play(
        graph("a b c<-a", {"b": {"gate": GATE}}),
        """
        start     | Running a=Running b=Running         | start a#1; start b#1
        a exit 1  | a=Failed                            | tell a step_failed warning
        b ok      | AwaitingApproval b=AwaitingApproval | tell b gate_waiting info
        retry     | a=Running                           | -> StepReopened; start a#2
        a ok      | a=Succeeded c=Running               | start c#1
        approve b | Running b=Succeeded                 | -> GateApproved
        c ok      | Succeeded c=Succeeded               |
        """,
    ),
    "RT5": play(
        graph("a"),
        """
        start       | Running a=Running            | start a#1
        a exit 1    | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry patch | Running a=Running            | -> StepReopened; start a#2
        a ok        | Succeeded a=Succeeded        |
        """,
    ),
    "RT6": play(
        graph("a"),
        """
        start              | Running a=Running            | start a#1
        a exit 1           | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry a later 600s | Running a=Pending            | -> StepReopened; wake 600s
        +599s              |                              |
        +1s                | a=Running                    | start a#2
        a ok               | Succeeded a=Succeeded        |
        """,
    ),
    "RT7": play(
        graph("a"),
        """
        start              | Running a=Running            | start a#1
        a exit 1           | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry a later 601s |                              | refused: the delay must be between 0 and 600 seconds
        """,
    ),
    "RT8": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start     | Running a=Running            | start a#1
        a exit 64 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry a   | Running a=Running            | -> StepReopened; start a#2
        a exit 1  | a=Pending                    | wake 2s
        +2s       | a=Running                    | start a#3
        a exit 1  | a=Pending                    | wake 6s
        +4s       | a=Running                    | start a#4
        a exit 1  | Failed a=Failed (StepFailed) | tell a retry_exhausted warning; tell run run_failed error
        """,
    ),
    "RT9": play(
        graph("a", {"a": {"at_most_once": True}}),
        """
        start   | Running a=Running                | persist a; start a#1
        a Lost  | Failed a=Failed (OutcomeUnknown) | tell a step_failed warning; tell run run_failed error
        retry a | Running a=Running                | -> StepReopened; persist a; start a#2
        a ok    | Succeeded a=Succeeded            |
        """,
    ),
    "RT10": play(
        graph("a b<-a c"),
        """
        start   | Running a=Running c=Running | start a#1; start c#1
        retry   |                             | refused: no step has failed, so there is nothing to retry
        retry a |                             | refused: "a" is Running; only a failed step can be retried
        retry b |                             | refused: "b" is Pending; only a failed step can be retried
        retry x |                             | refused: there is no step "x"
        a ok    | a=Succeeded b=Running       | start b#1
        retry a |                             | refused: "a" is Succeeded; only a failed step can be retried
        b ok    | b=Succeeded                 |
        c ok    | Succeeded c=Succeeded       |
        retry a |                             | refused: a run that is Succeeded has no step to retry
        """,
    ),
    "RT11": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Failed                                 | tell a[0] step_failed warning
        a[1] exit 1 | Failed a=Failed a[1]=Failed (StepFailed)    | tell a[1] step_failed warning; tell run run_failed error
        retry a     | Running a=Running a[0]=Running a[1]=Running | -> StepReopened; start a[0]#2; start a[1]#2
        a[0] ok     | a[0]=Succeeded                              |
        a[1] ok     | Succeeded a=Succeeded a[1]=Succeeded        |
        """,
    ),
    "RT12": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start            | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1      | a[0]=Failed                                 | tell a[0] step_failed warning
        retry a[0]       |                                             | refused: "a[0]" is one instance of a step that is Running; only a failed step can be retried
        a[1] exit 1      | Failed a=Failed a[1]=Failed (StepFailed)    | tell a[1] step_failed warning; tell run run_failed error
        retry a[0] patch | Running a=Running a[0]=Running              | -> StepReopened; start a[0]#2
        a[0] ok          | Failed a=Failed a[0]=Succeeded (StepFailed) | tell run run_failed error
        retry a[1]       | Running a=Running a[1]=Running              | -> StepReopened; start a[1]#2
        a[1] ok          | Succeeded a=Succeeded a[1]=Succeeded        |
        """,
    ),
    "RT13": play(
        graph("a", finalizers="z"),
        """
        start    | Running a=Running                 | start a#1
        a ok     | a=Succeeded z=Running             | start z#1
        z exit 1 | Failed z=Failed (FinalizerFailed) | tell z step_failed warning; tell run run_failed error
        retry    | Running z=Running                 | -> RunReopened; start z#2
        z ok     | Succeeded z=Succeeded             |
        """,
    ),
    "RT14": play(
        graph("a"),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        abort    | Aborted (Aborted)            | -> RunAborted
        retry    |                              | refused: a run that is Aborted has no step to retry
        """,
    ),
    "RT15": play(
        graph("a"),
        """
        start         | Running a=Running           | start a#1
        abort         |                             | stop a#1 Interrupted; -> AbortRequested
        retry         |                             | refused: the run is being ended: it is too late to retry
        a Interrupted | Aborted a=Aborted (Aborted) |
        """,
    ),
    "RT16": play(
        graph("a"),
        """
        start         | Running a=Running       | start a#1
        a ok receipt  | Succeeded a=Succeeded   |
        undo          | RollingBack             | -> UndoStarted; undo a#1
        retry         |                         | refused: a run that is RollingBack has no step to retry
        undo a exit 1 | Failed (UndoIncomplete) | tell run undo_incomplete error
        retry         |                         | refused: the run was undone
        """,
    ),
    "RT17": play(
        graph("a", finalizers="z"),
        """
        start    | Running a=Running               | start a#1
        a exit 1 | a=Failed z=Running              | tell a step_failed warning; start z#1
        retry    |                                 | refused: the run is ending: wait until it has settled, then retry
        z ok     | Failed z=Succeeded (StepFailed) | tell run run_failed error
        retry    | Running a=Running z=Pending     | -> StepReopened; start a#2
        a ok     | a=Succeeded z=Running           | start z#2
        z ok     | Succeeded z=Succeeded           |
        """,
    ),
}

PROVES = {"RT1": pytest.mark.requirement("DEF-051")}


@pytest.mark.parametrize("one", params(PLAYS, PROVES))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def asked(one: Play) -> list[fx.PrepareStep]:
    return [effect for effect in perform(one)[1].effects if isinstance(effect, fx.PrepareStep)]


def test_a_modification_reaches_what_it_was_meant_for() -> None:
    assert asked(PLAYS["RT5"])[-1] == fx.PrepareStep(0, 2, (digest("patch"),), repeated=True)
    assert [(one.unit, one.patches) for one in asked(PLAYS["RT12"])][-2:] == [(1, (digest("patch"),)), (2, ())]


def test_modifications_of_a_step_reach_its_instances_before_their_own() -> None:
    world = World(graph("a", {"a": {"foreach": True}}))
    world.tell()
    world.end("a[0]", "exit 1")
    world.end("a[1]", "exit 1")
    world.command(Verb.RETRY, "a[0]", patch=digest("own"))
    world.end("a[0]", "exit 1")
    wanted = [one for one in world.command(Verb.RETRY, "a", patch=digest("all")) if isinstance(one, fx.PrepareStep)]
    assert [one.patches for one in wanted] == [(digest("all"), digest("own")), (digest("all"),)]


def test_a_new_generation_is_one_retry_of_a_settled_run() -> None:
    world = perform(PLAYS["RT2"])[1]
    assert world.state.generation == 2
    assert [world.known(name).generation for name in "ab"] == [2, 1]


def test_a_retried_step_begins_anew_and_keeps_what_it_was() -> None:
    world = World(graph("a", {"a": {"timeout_ms": 60_000, "retry": THREE}}))
    for words in ("start", "a Disrupted", "a exit 1 receipt", "+60s"):
        _happen(world, words)
    before = world.known("a")
    assert (before.state, before.spent, before.disruptions, before.reason) == ("Failed", 1, 1, "Timeout")
    _happen(world, "retry later 5s")
    assert world.known("a") == before._replace(
        state=StepState.PENDING,
        spent=0,
        disruptions=0,
        started_at=0,
        expired=False,
        reason="",
        retry_at=world.now + 5_000,
    )
    assert dict(world.state.waiting) == {0: world.now + 5_000}


def test_a_step_that_was_stopped_for_its_time_is_not_late_any_more() -> None:
    world = World(graph("a", {"a": {"timeout_ms": 60_000, "retry": THREE}}))
    for words in ("start", "+60s", "a Timeout", "retry", "a exit 1"):
        _happen(world, words)
    assert (world.known("a").state, world.known("a").expired) == ("Pending", False)


def test_a_run_that_is_moved_on_begins_anew() -> None:
    world = World(graph("a"))
    for words in ("start", "+3s", "a exit 1", "+3s", "retry"):
        _happen(world, words)
    state = world.state
    assert (state.run, state.reason, state.message, state.ended_at, state.generation) == ("Running", "", "", 0, 1)
    assert (state.first_started_at, state.started_at) == (world.now - 6_000, world.now)
    assert dict(state.failures) == {}
    _happen(world, "a ok")
    assert world.records[-1].duration_ms == 0
    assert world.state.ended_at == world.now


def test_by_default_the_step_that_failed_last_is_retried() -> None:
    for order in ("ab", "ba"):
        world = World(graph("a b"))
        world.tell()
        for name in order:
            world.end(name, "exit 1")
        _happen(world, "retry")
        assert world.known(order[1]).state == "Running"
        assert world.known(order[0]).state == "Failed"


def test_what_never_ended_for_another_failure_is_not_what_failed() -> None:
    world = World(graph("b a", {"a": {"foreach": True}}, max_parallel=2, fail_fast=True))
    for words in ("start", "b exit 1", "a[0] ok", "retry"):
        _happen(world, words)
    assert (world.known("b").state, world.known("a").state) == ("Running", "Failed")
    assert world.known("a").reason == "FailFast"
    for words in ("b ok", "retry", "a[1] ok"):
        _happen(world, words)
    assert world.state.run == "Succeeded"
