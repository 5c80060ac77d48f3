"""How people decide and command: objects that say what they wish, and answers that are read in their status."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from controller.adapters.cluster import submitting
from controller.adapters.cluster.resources import SUBJECT_REVIEWS
from controller.adapters.cluster.submitting import ObjectDecisions, Person
from controller.errors import Forbidden, InvariantViolated
from controller.model.decision import Answer, Command, Decision
from controller.model.digest import digest_bytes
from controller.model.record import Actor
from controller.model.states import Verb, Verdict
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call
from tests.unit.adapters.cluster.api_server import ApiServer, in_a_loop, run

Json = dict[str, Any]

MARA = Actor("person", "mara")
DIGEST = digest_bytes(b"what is approved")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "POLL_S", 0)


class Reviewed(AnsweringClient):
    """Says who asks."""

    def __init__(self, username: str | None) -> None:
        self.username, self.made = username, 0

    async def answer(self, call: Call) -> Any:
        assert (call.verb, call.resource) == ("create", SUBJECT_REVIEWS)
        self.made += 1
        if self.username is None:
            raise Forbidden("no reviews here")
        return {"status": {"userInfo": {"username": self.username}}}


class Desk:
    """A person before a namespace with the run q3."""

    def __init__(self, **status: Any) -> None:
        self.server = ApiServer(run("q3", status=status))
        self.decisions = ObjectDecisions(self.server, "space", self._run, self._run)

    def _run(self, _: str) -> Json:
        return self.server.objects["Run", "q3"]

    def submit(self, what: Decision | Command) -> int:
        return in_a_loop(lambda: self.decisions.submit(what))

    def answered(self, number: int) -> Answer | None:
        return in_a_loop(lambda: self.decisions.answered(number))

    def made(self, kind: str) -> Json:
        (found,) = (one for (what, _), one in self.server.objects.items() if what == kind)
        return found

    def say(self, kind: str, **status: Any) -> None:
        self.made(kind)["status"] = status

    def now(self, suspend: bool | None = None, **status: Any) -> None:
        found = self.server.objects["Run", "q3"]
        found["status"] = {**found["status"], **status}
        if suspend is not None:
            found["spec"]["suspend"] = suspend


def decision(**values: Any) -> Decision:
    given: Json = {"gate": "load", "digest": DIGEST, "request": 7, "verdict": Verdict.APPROVE}
    return Decision(id=0, run="uid-q3", actor=MARA, **(given | values))


def command(verb: Verb = Verb.RETRY, **values: Any) -> Command:
    return Command(id=0, run="uid-q3", verb=verb, actor=MARA, **values)


def test_who_one_is_is_asked_once() -> None:
    server = Reviewed("mara@example.org")
    person = Person(server)
    assert [in_a_loop(person.actor) for _ in range(3)] == [Actor("person", "mara@example.org")] * 3
    assert server.made == 1


def test_where_it_is_not_said_one_is_oneself() -> None:
    """The API server writes the true name into the object anyway."""
    assert in_a_loop(Person(Reviewed(None)).actor) == Actor("person", "you")


def test_a_decision_is_an_approval_that_names_the_run_and_the_gate() -> None:
    desk = Desk()
    assert desk.submit(decision(comment="checked")) == 1
    made = desk.made("Approval")
    assert made["metadata"]["name"].startswith("q3-")
    assert made["spec"] == {
        "runRef": {"name": "q3", "uid": "uid-q3"},
        "gate": "load",
        "digest": DIGEST,
        "request": 7,
        "decision": "approve",
        "comment": "checked",
        "approver": {"name": "mara"},
    }


def test_what_is_modified_goes_along() -> None:
    desk = Desk()
    desk.submit(decision(modifications={"rows": 3}))
    assert desk.made("Approval")["spec"]["modification"] == {"rows": 3}


@pytest.mark.parametrize(
    ("given", "spec"),
    [
        (command(), {"verb": "retry"}),
        (command(step="load", attempt=2), {"verb": "retry", "step": "load", "attempt": 2}),
        (command(step="load", comment="again"), {"verb": "retry", "step": "load", "comment": "again"}),
        (command(modifications={"a": 1}), {"verb": "retry", "args": {"patch": {"a": 1}}}),
        (command(modifications={}), {"verb": "retry", "args": {"patch": {}}}),
        (command(delay_ms=500), {"verb": "retry", "args": {"delayMs": 500}}),
        (command(Verb.SKIP, output={"rows": 0}), {"verb": "skip", "args": {"output": {"rows": 0}}}),
        (command(Verb.SKIP, output=0), {"verb": "skip", "args": {"output": 0}}),
        (command(Verb.ABORT, undo=True, stop=True), {"verb": "abort", "args": {"undo": True, "stop": True}}),
    ],
)
def test_a_command_is_an_intervention_with_nothing_that_was_not_said(given: Command, spec: Json) -> None:
    desk = Desk()
    desk.submit(given)
    reference = {"name": "q3", "uid": "uid-q3"}
    assert desk.made("Intervention")["spec"] == {"runRef": reference, "actor": {"name": "mara"}, **spec}


@pytest.mark.parametrize("make", [decision, command], ids=["Approval", "Intervention"])
@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ({}, None),
        ({"answeredAt": "2026-01-01T00:00:00Z", "record": 8}, Answer(1, 8, None)),
        ({"answeredAt": "2026-01-01T00:00:00Z", "record": 0}, Answer(1, 0, None)),
        ({"answeredAt": "2026-01-01T00:00:00Z", "refusal": "not open"}, Answer(1, None, "not open")),
        ({"waiting": "1 more must approve"}, Answer(1, None, None)),
    ],
)
def test_the_answer_is_in_the_status(
    make: Callable[[], Decision | Command], status: Json, answer: Answer | None
) -> None:
    desk = Desk()
    number = desk.submit(make())
    desk.say("Approval" if make is decision else "Intervention", **status)
    assert desk.answered(number) == answer
    assert desk.decisions.waits == ({1: status["waiting"]} if "waiting" in status else {})


def test_each_answer_is_that_of_its_own_submission() -> None:
    desk = Desk()
    first, second = desk.submit(decision()), desk.submit(command())
    desk.say("Intervention", answeredAt="2026-01-01T00:00:00Z", record=9)
    assert (desk.answered(first), desk.answered(second)) == (None, Answer(2, 9, None))


@pytest.mark.parametrize(("verb", "wish"), [(Verb.SUSPEND, True), (Verb.RESUME, False)])
def test_a_wish_to_stand_still_or_go_on_is_in_the_run(verb: Verb, wish: bool) -> None:
    desk = Desk(suspended=not wish, sequence=4)
    number = desk.submit(command(verb))
    assert desk.server.objects["Run", "q3"]["spec"]["suspend"] is wish
    assert [kind for kind, _ in desk.server.objects] == ["Run"]
    assert desk.answered(number) is None
    desk.now(suspended=wish, sequence=5)
    assert desk.answered(number) == Answer(1, 5, None)


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "Aborted", "RolledBack"])
def test_a_run_that_is_over_does_not_stand_still(state: str) -> None:
    desk = Desk(state=state)
    number = desk.submit(command(Verb.SUSPEND))
    assert "patch" not in " ".join(desk.server.asked)
    assert desk.answered(number) == Answer(1, None, f"the run is {state}")


def test_a_run_that_ends_before_it_stands_still_says_so() -> None:
    desk = Desk(state="Running")
    number = desk.submit(command(Verb.SUSPEND))
    desk.now(state="Succeeded")
    assert desk.answered(number) == Answer(1, None, "the run is Succeeded")


def test_what_waits_is_looked_at_by_the_operator_alone() -> None:
    decisions = Desk().decisions
    assert not decisions.changed()
    with pytest.raises(InvariantViolated):
        decisions.pending("uid-q3")
    with pytest.raises(InvariantViolated):
        decisions.answer([])


def test_between_two_looks_there_is_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def noted(seconds: float) -> None:
        waits.append(seconds)

    desk = Desk()
    number = desk.submit(decision())
    monkeypatch.setattr(submitting, "POLL_S", 0.1)
    monkeypatch.setattr(asyncio, "sleep", noted)
    assert desk.answered(number) is None
    assert waits == [0.1]


def test_groups_go_along_for_servers_that_do_not_fill_them_in() -> None:
    class Knows(ApiServer):
        async def answer(self, call: Call) -> Any:
            if call.resource is SUBJECT_REVIEWS:
                self.asked.append("who")
                return {"status": {"userInfo": {"username": "mara", "groups": ["leads", "system:authenticated"]}}}
            return await super().answer(call)

    server = Knows(run("q3"))
    who = Person(server)
    decisions = ObjectDecisions(server, "space", lambda _: run("q3"), lambda _: run("q3"), who.groups)
    in_a_loop(lambda: [decisions.submit(decision()), decisions.submit(command())])
    about = {"name": "mara", "groups": ["leads", "system:authenticated"]}
    specs = {kind: one["spec"] for (kind, _), one in server.objects.items()}
    assert (specs["Approval"]["approver"], specs["Intervention"]["actor"]) == (about, about)
    assert server.asked.count("who") == 1
