"""Skip: the rows SK of the table in docs/spec/run.md."""

import pytest

from controller.model.graph import RetryPolicy
from controller.model.states import Verb
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import Each, graph
from tests.unit.engine.plays import Play, expected, params, perform, play
from tests.unit.engine.world import BOB, World

SKIPPABLE: Each = {"a": {"retry": RetryPolicy(allow_skip=True)}}

PLAYS: dict[str, Play] = {
    "SK1": play(
        graph("a b<-a", SKIPPABLE),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        skip a   | Running a=Skipped b=Running  | -> StepSkipped; start b#1
        b ok     | Succeeded b=Succeeded        |
        """,
    ),
    "SK2": play(
        graph("a b<-a", SKIPPABLE),
        """
        start       | Running a=Running            | start a#1
        a exit 1    | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        skip output | Running a=Skipped b=Running  | -> StepSkipped; start b#1
        b ok        | Succeeded b=Succeeded        |
        """,
    ),
    "SK3": play(
        graph("a b<-a", {"a": {"retry": RetryPolicy(2, allow_skip=True)}}),
        """
        start    | Running a=Running     | start a#1
        a exit 1 | a=Pending             | wake 2s
        skip a   | a=Skipped b=Running   | -> StepSkipped; start b#1
        b ok     | Succeeded b=Succeeded |
        """,
    ),
    "SK4": play(
        graph("a"),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        skip a   |                              | refused: "a" may not be skipped: its definition does not say allowSkip
        """,
    ),
    "SK5": play(
        graph("a b<-a", {"*": {"retry": RetryPolicy(allow_skip=True)}}),
        """
        start  | Running a=Running     | start a#1
        skip   |                       | refused: no step has failed, so there is nothing to skip
        skip a |                       | refused: "a" is Running; only a failed step can be skipped
        skip b |                       | refused: "b" is Pending; only a failed step can be skipped
        a ok   | a=Succeeded b=Running | start b#1
        skip a |                       | refused: "a" is Succeeded; only a failed step can be skipped
        b ok   | Succeeded b=Succeeded |
        skip a |                       | refused: a run that is Succeeded has no step to skip
        """,
    ),
    "SK6": play(
        graph("a", {"a": {"foreach": True, **SKIPPABLE["a"]}}),
        """
        start       | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1 | a[0]=Failed                                 | tell a[0] step_failed warning
        a[1] ok     | Failed a=Failed a[1]=Succeeded (StepFailed) | tell run run_failed error
        skip a[0]   |                                             | refused: "a[0]" is one instance; skip its whole step
        skip a      | Succeeded a=Skipped                         | -> StepSkipped
        """,
    ),
    "SK7": play(
        graph("a", {"z": SKIPPABLE["a"]}, finalizers="z"),
        """
        start    | Running a=Running                 | start a#1
        a ok     | a=Succeeded z=Running             | start z#1
        z exit 1 | Failed z=Failed (FinalizerFailed) | tell z step_failed warning; tell run run_failed error
        skip z   |                                   | refused: "z" is a finalizer; retry it
        """,
    ),
    "SK8": play(
        graph("a", SKIPPABLE),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        skip a   | Succeeded a=Skipped          | -> StepSkipped
        skip a   |                              | refused: a run that is Succeeded has no step to skip
        retry a  |                              | refused: a run that is Succeeded has no step to retry
        """,
    ),
}

PROVES = {"SK1": pytest.mark.requirement("DEF-048")}


@pytest.mark.parametrize("one", params(PLAYS, PROVES))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_a_replacement_is_the_output() -> None:
    world = perform(PLAYS["SK2"])[1]
    assert world.known("a").output == digest("replacement")
    assert world.known("a").reason == "Person"
    assert perform(PLAYS["SK1"])[1].known("a").output is None


def test_who_and_why_are_recorded() -> None:
    world = World(graph("a", SKIPPABLE))
    world.tell()
    world.end("a", "exit 1")
    world.command(Verb.SKIP, "a", comment="not today")
    reopened, skipped = world.records[-3:-1]
    assert (reopened.kind, reopened.actor, reopened.summary) == ("RunReopened", BOB, "not today")
    assert reopened.data == {"for": "a"}
    assert (skipped.kind, skipped.actor, skipped.summary) == ("StepSkipped", BOB, "not today")
