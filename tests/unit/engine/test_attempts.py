"""Attempts: what is repeated, when, how often, and what is never repeated."""

import pytest

from controller.engine import effects as fx
from controller.engine.decide_attempt import MOST_DISRUPTIONS
from controller.engine.events import Hit, Ready, Refused, Skip
from controller.model.graph import RetryPolicy
from controller.model.states import OutcomeClass, Verb
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, graph
from tests.unit.engine.plays import Play, expected, params, perform, play
from tests.unit.engine.world import World

ONCE = {"at_most_once": True, "retry": THREE}

PLAYS: dict[str, Play] = {
    "a step waits for every step that it depends on": play(
        graph("a b c<-a,b"),
        """
        start | Running a=Running b=Running | start a#1; start b#1
        a ok  | a=Succeeded                 |
        b ok  | b=Succeeded c=Running       | start c#1
        c ok  | Succeeded c=Succeeded       |
        """,
    ),
    "a failed attempt is repeated after a delay that doubles, until none is left": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | a=Pending                    | wake 2s
        +1s      |                              |
        +1s      | a=Running                    | start a#2
        a exit 1 | a=Pending                    | wake 6s
        +4s      | a=Running                    | start a#3
        a exit 1 | Failed a=Failed (StepFailed) | tell a retry_exhausted warning; tell run run_failed error
        """,
    ),
    "a linear delay grows by the same step": play(
        graph("a", {"a": {"retry": RetryPolicy(max_attempts=4, linear=True, notify=True)}}),
        """
        start    | Running a=Running            | start a#1
        a exit 1 | a=Pending                    | wake 2s
        +2s      | a=Running                    | start a#2
        a exit 1 | a=Pending                    | wake 6s
        +4s      | a=Running                    | start a#3
        a exit 1 | a=Pending                    | wake 12s
        +6s      | a=Running                    | start a#4
        a exit 1 | Failed a=Failed (StepFailed) | tell a retry_exhausted error; tell run run_failed error
        """,
    ),
    "a failure blocks only what depends on it": play(
        graph("a b<-a c d<-c"),
        """
        start    | Running a=Running c=Running     | start a#1; start c#1
        a exit 1 | a=Failed                        | tell a step_failed warning
        c ok     | c=Succeeded d=Running           | start d#1
        d ok     | Failed d=Succeeded (StepFailed) | tell run run_failed error
        """,
    ),
    "failFast starts nothing more": play(
        graph("a c d<-c", fail_fast=True),
        """
        start    | Running a=Running c=Running     | start a#1; start c#1
        a exit 1 | a=Failed                        | tell a step_failed warning
        c ok     | Failed c=Succeeded (StepFailed) | tell run run_failed error
        """,
    ),
    "a lost attempt is charged, and repeated for all to see": play(
        graph("a", {"a": {"retry": THREE}}),
        """
        start  | Running a=Running     | start a#1
        a Lost | a=Pending             | wake 2s
        +2s    | a=Running             | start a#2
        a ok   | Succeeded a=Succeeded |
        """,
    ),
    "what may be launched once only is never repeated when it is lost": play(
        graph("a b<-a", {"a": ONCE}),
        """
        start  | Running a=Running                | persist a; start a#1
        a Lost | Failed a=Failed (OutcomeUnknown) | tell a step_failed warning; tell run run_failed error
        """,
    ),
    "what may be launched once only is repeated when it surely failed": play(
        graph("a", {"a": ONCE}),
        """
        start    | Running a=Running     | persist a; start a#1
        a exit 1 | a=Pending             | wake 2s
        +2s      | a=Running             | persist a; start a#2
        a ok     | Succeeded a=Succeeded |
        """,
    ),
    "a start that is refused for good": play(
        graph("a", {"a": {"retry": THREE, "slots": (("agent/x", 1),)}}),
        """
        start      | Running a=Running            | acquire a#1; start a#1
        a Rejected | Failed a=Failed (StepFailed) | release a#1; tell a step_failed warning; tell run run_failed error
        """,
    ),
    "a skipped step satisfies those that depend on it": play(
        graph("a b<-a"),
        """
        start | Running a=Skipped b=Running | start b#1
        b ok  | Succeeded b=Succeeded       |
        """,
        prepare={"a": Skip("ConditionFalse")},
    ),
    "a cached output needs no attempt, and never passes by a gate": play(
        graph("a b<-a", {"b": {"gate": GATE}}),
        """
        start     | AwaitingApproval a=Succeeded b=AwaitingApproval | tell b gate_waiting info
        approve b | Succeeded b=Succeeded                           | -> GateApproved
        """,
        prepare={
            "a": Hit(digest("output"), digest("input"), {"run": "OLD"}),
            "b": Hit(digest("output"), digest("input"), {"run": "OLD"}),
        },
    ),
    "a broken hand-off fails the consumer before it starts, whatever its attempts": play(
        graph("a b<-a", {"b": {"retry": THREE}}),
        """
        start | Running a=Running                        | start a#1
        a ok  | Failed a=Succeeded b=Failed (StepFailed) | tell b validation_failed error; tell run run_failed error
        """,
        prepare={"b": Refused(OutcomeClass.CONTRACT_VIOLATED, "rows missing", ("$.rows: required",))},
    ),
    "slots that span runs are taken before the start and given back after it": play(
        graph("a b", {"a": {"slots": (("agent/x", 1),)}}),
        """
        start | Running a=Running b=Running | acquire a#1; start b#1; start a#1
        a ok  | a=Succeeded                 | release a#1
        b ok  | Succeeded b=Succeeded       |
        """,
    ),
    "ready steps start in their order, as many as may": play(
        graph("a b c d", max_parallel=2),
        """
        start | Running a=Running b=Running | start a#1; start b#1
        b ok  | b=Succeeded c=Running       | start c#1
        a ok  | a=Succeeded d=Running       | start d#1
        c ok  | c=Succeeded                 |
        d ok  | Succeeded d=Succeeded       |
        """,
    ),
    "an event that comes twice, or too late, changes nothing": play(
        graph("a b<-a", {"a": {"retry": THREE}}),
        """
        start    | Running a=Running     | start a#1
        a exit 1 | a=Pending             | wake 2s
        a exit 1 |                       |
        a ok     |                       |
        +2s      | a=Running             | start a#2
        a ok     | a=Succeeded b=Running | start b#1
        a ok     |                       |
        a exit 1 |                       |
        """,
    ),
}


PROVES = {
    "a step waits for every step that it depends on": pytest.mark.requirement(
        "DEF-016", "ENG-015", "ENG-016", "CMP-021"
    ),
    "a failed attempt is repeated after a delay that doubles, until none is left": pytest.mark.requirement(
        "DEF-042", "DEF-049", "DEF-050", "ENG-067", "ENG-074"
    ),
    "ready steps start in their order, as many as may": pytest.mark.requirement("DEF-032", "DEF-033"),
}


@pytest.mark.parametrize("one", params(PLAYS, PROVES))
def test_play(one: Play) -> None:
    assert perform(one)[0] == expected(one.script)


FAILURES: dict[str, bool] = {
    "exit 1": True,
    "exit 2": True,
    "exit 3": False,
    "exit 63": True,
    "exit 64": False,
    "exit 65": False,
    "exit 66": True,
    "exit 75": True,
    "exit 76": True,
    "exit 77": False,
    "exit 78": False,
    "exit 79": True,
    "Failed": True,
    "Timeout": True,
    "Rejected": False,
    "Lost": True,
    "ContractViolated": False,
    "PublishFailed": True,
}
"""How an attempt ends -> whether it is repeated, where 3 and 75 are declared as not to be."""


@pytest.mark.parametrize(("words", "repeated"), FAILURES.items())
def test_what_is_repeated(words: str, repeated: bool) -> None:
    policy = RetryPolicy(max_attempts=2, non_retryable=frozenset({3, 75}))
    world = World(graph("a", {"a": {"retry": policy}}))
    world.tell()
    world.end("a", words)
    assert world.known("a").state == ("Pending" if repeated else "Failed")
    assert world.known("a").spent == 1


@pytest.mark.parametrize("words", ["Disrupted", "Interrupted"])
def test_the_platform_and_people_use_no_attempt(words: str) -> None:
    world = World(graph("a"))
    world.tell()
    world.end("a", words)
    assert world.known("a").state == "Running"
    assert (world.known("a").attempt, world.known("a").spent, world.known("a").classes) == (2, 0, ())
    assert world.records[-2].data == {
        "class": words,
        "charged": False,
        "reason": words,
        "retryAt": world.now,
    }


def test_the_eleventh_disruption_is_charged() -> None:
    world = World(graph("a"))
    world.tell()
    for _ in range(MOST_DISRUPTIONS):
        world.end("a", "Disrupted")
    assert (world.known("a").state, world.known("a").attempt) == ("Running", 11)
    world.end("a", "Disrupted")
    assert world.known("a").state == "Failed"
    assert world.known("a").classes == ("Disrupted",)


def test_interruptions_are_not_counted() -> None:
    world = World(graph("a"))
    world.tell()
    for _ in range(MOST_DISRUPTIONS + 5):
        world.end("a", "Interrupted")
    assert world.known("a").state == "Running"


def test_a_person_gives_all_disruptions_back() -> None:
    world = World(graph("a"))
    world.tell()
    for _ in range(MOST_DISRUPTIONS + 1):
        world.end("a", "Disrupted")
    world.command(Verb.RETRY)
    world.end("a", "Disrupted")
    assert world.known("a").state == "Running"


def test_what_was_declared_is_prepared_anew_for_each_attempt() -> None:
    world = World(graph("a", {"a": {"retry": THREE}}))
    asked = world.tell()
    assert asked[0] == fx.PrepareStep(0, 1)
    assert asked[1] == fx.StartStep(0, 1, digest("input", "a"), None, None)
    world.end("a", "exit 1")
    assert world.later(2000)[0] == fx.PrepareStep(0, 2, repeated=True)


def test_limits_of_an_attempt_are_handed_to_the_runner() -> None:
    world = World(graph("a", {"a": {"attempt_timeout_ms": 5, "queue_timeout_ms": 7}}))
    assert world.tell()[1] == fx.StartStep(0, 1, digest("input", "a"), 5, 7)


def test_an_attempt_that_failed_in_preparation_asks_for_everything_again() -> None:
    refused = Refused(OutcomeClass.REJECTED, "when: no such field")
    world = World(graph("a"), prepare={"a#1": refused})
    world.tell()
    assert world.known("a").state == "Failed"
    assert world.records[-2].summary == "when: no such field"
    assert world.command(Verb.RETRY)[1] == fx.PrepareStep(0, 2)


def test_a_late_output_is_told() -> None:
    world = World(graph("a"))
    world.tell()
    asked = world.end("a", "ok late")
    assert fx.Notify("late_output", "warning", 'step "a": late: 5s', 0) in asked
    assert world.records[-2].warnings == ["late: 5s"]


def test_a_fresh_output_is_kept_for_the_cache() -> None:
    world = World(graph("a b"), prepare={"a": Hit(digest("output"), digest("input"), {"run": "OLD"})})
    world.tell()
    assert world.end("b") == [fx.KeepResult(world.unit("b"), digest("output", "b"))]


def test_a_hand_off_is_recorded_with_the_start() -> None:
    world = World(graph("a"), prepare={"a": Ready(digest("input"), {"handoffs": [{"from": "x"}]})})
    world.tell()
    assert world.records[-1].data == {"handoffs": [{"from": "x"}]}
