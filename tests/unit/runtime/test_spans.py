"""What metrics and traces say of a run follows from its records alone, whoever looked at them and from when on."""

from collections.abc import Sequence

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.machine.chain import Link
from controller.model.attempt import AttemptKey, Launch
from controller.model.decision import Command, Decision
from controller.model.record import Actor
from controller.model.run import RunSpec
from controller.model.states import OutcomeClass, Role, Verb, Verdict
from controller.model.trace import attempt_span_id, trace_id, trace_parent
from controller.runtime.driver import Driver
from controller.runtime.member import Member
from controller.runtime.spans import End, Part, Span, Spans
from tests.behaviour.rehearsal import A_DAY, START, Rehearsal, good

ANN = Actor("person", "ann")
BAD = Scripted(50, failure=OutcomeClass.FAILED, reason="exit 1", exit_code=1)


class Looking:
    """Drives a run and makes spans of it, as one who saw all of it does."""

    def __init__(self, rehearsal: Rehearsal, spec: RunSpec) -> None:
        self.rehearsal, self.spec = rehearsal, spec
        self.spans: list[Span] = []
        self._made: Spans | None = None

    def drive(self) -> "Looking":
        driver = Driver(self.rehearsal.tools(), self.spec, on_records=self._recorded)
        driver.start()
        self.rehearsal.go_on(driver)
        return self

    def again(self) -> "Looking":
        """Let another one drive, who finds what is there."""
        other = Looking(self.rehearsal, self.spec)
        driver = Driver(self.rehearsal.tools(), self.spec, on_records=other._recorded)
        driver.start()
        driver.turn(A_DAY)
        self.rehearsal.go_on(driver)
        return other

    def _recorded(self, member: Member, links: Sequence[Link]) -> None:
        if member.spec.uid != self.spec.uid:
            return
        if self._made is None:
            self._made = Spans(member, links)
        self.spans += self._made.feed(links)

    def of(self, part: Part) -> list[Span]:
        return [span for span in self.spans if span.part is part]


def two_attempts(launch: Launch) -> Scripted:
    return BAD if launch.key.attempt == 1 else good(1, 200)


def test_a_chain_with_a_second_attempt() -> None:
    rehearsal = Rehearsal(lambda launch: two_attempts(launch) if launch.key.step == "a" else good(2, 1000))
    retry = {"maxAttempts": 2, "initialDelayMs": 2000}
    seen = Looking(
        rehearsal,
        rehearsal.admit({"steps": [{"id": "a", "retry": retry}, {"id": "b", "dependsOn": ["a"]}]}),
    ).drive()
    attempts = [(one.step, one.attempt, one.end, one.ended_at - one.started_at) for one in seen.of(Part.ATTEMPT)]
    assert attempts == [
        ("a", 1, End.FAILED, 50),
        ("a", 2, End.COMPLETED, 200),
        ("b", 1, End.COMPLETED, 1000),
    ]
    assert [one.queued_ms for one in seen.of(Part.ATTEMPT)] == [0, 0, 0]
    steps = [(one.step, one.end, one.started_at - START, one.ended_at - START) for one in seen.of(Part.STEP)]
    assert steps == [("a", End.COMPLETED, 0, 2250), ("b", End.COMPLETED, 2250, 3250)]
    (run,) = seen.of(Part.RUN)
    assert (run.end, run.started_at, run.ended_at, run.generation) == (End.COMPLETED, START, START + 3250, 0)


def test_a_step_that_waits_for_a_place_has_queued() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 1000))
    spec = rehearsal.admit({"steps": [{"id": "a"}, {"id": "b"}]}).model_copy(update={"max_parallel": 1})
    seen = Looking(rehearsal, spec).drive()
    assert {one.step: one.queued_ms for one in seen.of(Part.ATTEMPT)} == {"a": 0, "b": 1000}


def test_instances_queue_from_their_expansion() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 100))
    steps = [{"id": "a", "foreach": "[1, 2]"}]
    spec = rehearsal.admit({"steps": steps})
    seen = Looking(rehearsal, spec.model_copy(update={"max_parallel": 1})).drive()
    assert {one.step: one.queued_ms for one in seen.of(Part.ATTEMPT)} == {"a[0]": 0, "a[1]": 100}
    assert [one.step for one in seen.of(Part.STEP)] == ["a[0]", "a[1]", "a"]


def test_a_run_that_is_reopened_has_two_spans() -> None:
    rehearsal = Rehearsal(two_attempts)
    spec = rehearsal.admit({"steps": [{"id": "a", "retry": {"maxAttempts": 1}}]})
    seen = Looking(rehearsal, spec).drive()
    rehearsal.submit(Command(1, "ROOT", Verb.RETRY, ANN, "a"))
    after = seen.again()
    assert [(one.end, one.generation) for one in (*seen.of(Part.RUN), *after.of(Part.RUN))] == [
        (End.FAILED, 0),
        (End.COMPLETED, 1),
    ]


def test_an_undo_ends_the_run_and_has_a_span_of_its_own() -> None:
    rehearsal = Rehearsal(lambda launch: BAD if launch.key.step == "b" else good(1, 10))
    steps = [{"id": "a", "undo": {"input": {}}}, {"id": "b", "dependsOn": ["a"], "retry": {"maxAttempts": 1}}]
    seen = Looking(
        rehearsal, rehearsal.admit({"steps": steps, "errorHandling": {"rollback": {"automatic": True}}})
    ).drive()
    assert [(one.end, one.reason) for one in seen.of(Part.RUN)] == [(End.FAILED, "StepFailed")]
    assert [one.end for one in seen.of(Part.UNDO)] == [End.COMPLETED]
    assert [one.step for one in seen.of(Part.ATTEMPT) if one.role is Role.UNDO] == ["a"]


def test_a_checkpoint_belongs_to_its_step_and_not_to_its_attempt() -> None:
    rehearsal = Rehearsal(lambda _: good(1, 10))
    spec = rehearsal.admit({"steps": [{"id": "a", "checkpointAfter": {"question": "Good?"}}]})
    looking = Looking(rehearsal, spec)
    driver = Driver(rehearsal.tools(), spec, on_records=looking._recorded)
    driver.start()
    rehearsal.go_on(driver, lambda one: bool(one.root.state.gates))
    rehearsal.clock.advance(5000)
    (gate,) = rehearsal.of("a", "GateOpened")
    rehearsal.submit(Decision(1, "ROOT", "a", str((gate.data or {})["digest"]), gate.seq, Verdict.APPROVE, ANN))
    rehearsal.go_on(driver)
    (attempt,), (step,) = looking.of(Part.ATTEMPT), looking.of(Part.STEP)
    assert (attempt.ended_at - attempt.started_at, step.ended_at - step.started_at) == (10, 5010)


@pytest.mark.parametrize("records", range(2, 8))
def test_who_takes_over_makes_the_spans_that_were_not_made(records: int) -> None:
    """Only how long something waited before nobody knows any more."""

    def played(crash_after: int | None) -> list[Span]:
        rehearsal = Rehearsal(lambda launch: two_attempts(launch) if launch.key.step == "a" else good(2, 1000))
        steps = [{"id": "a", "retry": {"maxAttempts": 2}}, {"id": "b", "dependsOn": ["a"]}]
        spec = rehearsal.admit({"steps": steps})
        looking = Looking(rehearsal, spec)
        if crash_after is None:
            return looking.drive().spans
        driver = Driver(rehearsal.tools(), spec, on_records=looking._recorded)
        driver.start()
        rehearsal.go_on(driver, lambda one: one.root.state.chain.next >= crash_after)
        return looking.spans + looking.again().spans

    def bare(spans: list[Span]) -> list[Span]:
        return [span._replace(queued_ms=None) for span in spans]

    assert bare(played(records)) == bare(played(None))


def test_a_program_is_told_the_span_of_its_attempt() -> None:
    key = AttemptKey("ROOT", "a", Role.DO, 1)
    assert trace_parent("ROOT", key) == f"00-{trace_id('ROOT')}-{attempt_span_id(key)}-01"
