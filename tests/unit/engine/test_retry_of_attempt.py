"""A retry that names the attempt that the person saw: the last rows RT of the table in docs/spec/run.md."""

import pytest

from controller.model.states import Verb
from tests.unit.engine.graphs import THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play
from tests.unit.engine.world import World

PLAYS: dict[str, Play] = {
    "RT18": play(
        graph("a b<-a"),
        """
        start        | Running a=Running            | start a#1
        a exit 1     | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry a of 2 |                              | refused: attempt 2 of "a" is not the present one, which is 1: look at it again
        retry of 1   | Running a=Running            | -> StepReopened; start a#2
        a exit 1     | Failed a=Failed (StepFailed) | tell a step_failed warning; tell run run_failed error
        retry a of 1 |                              | refused: attempt 1 of "a" is not the present one, which is 2: look at it again
        retry b of 1 |                              | refused: attempt 1 of "b" is not the present one, which is 0: look at it again
        retry a of 2 | Running a=Running            | -> StepReopened; start a#3
        """,
    ),
    "RT19": play(
        graph("a", {"a": {"foreach": True}}),
        """
        start           | Running a=Running a[0]=Running a[1]=Running | start a[0]#1; start a[1]#1
        a[0] exit 1     | a[0]=Failed                                 | tell a[0] step_failed warning
        a[1] exit 1     | Failed a=Failed a[1]=Failed (StepFailed)    | tell a[1] step_failed warning; tell run run_failed error
        retry a of 1    |                                             | refused: each instance of "a" has attempts of its own: name one of them, or no attempt
        retry a[1] of 2 |                                             | refused: attempt 2 of "a[1]" is not the present one, which is 1: look at it again
        retry a[1] of 1 | Running a=Running a[1]=Running              | -> StepReopened; start a[1]#2
        """,
    ),
}


@pytest.mark.parametrize("one", params(PLAYS))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


def test_a_skip_names_its_attempt_likewise() -> None:
    world = World(graph("a b<-a", {"a": {"retry": THREE._replace(allow_skip=True)}}))
    world.tell()
    world.end("a", "exit 64")
    refused = world.command(Verb.SKIP, "a", attempt=2)
    assert [getattr(one, "refusal", None) for one in refused] == [
        'attempt 2 of "a" is not the present one, which is 1: look at it again'
    ]
    world.command(Verb.SKIP, "a", attempt=1)
    assert world.known("a").state == "Skipped"
