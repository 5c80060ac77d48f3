"""What a person decides or commands becomes an object, and its status the answer."""

from typing import Any

import pytest

from controller.adapters.cluster import submitting
from controller.adapters.cluster.submitting import ObjectDecisions, Person
from controller.errors import InvariantViolated
from controller.model.decision import Answer, Command, Decision
from controller.model.record import Actor
from controller.model.states import Verb, Verdict
from tests.unit.adapters.cluster.api_server import ApiServer, in_a_loop, run

Json = dict[str, Any]
MARA = Actor("person", "mara")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitting, "POLL_S", 0)


def decisions(server: ApiServer) -> ObjectDecisions:
    def of(_: str) -> Json:
        return server.objects["Run", "q3"]

    return ObjectDecisions(server, "space", of, of)


def made(server: ApiServer, kind: str) -> Json:
    return next(one for (known, _), one in server.objects.items() if known == kind)


def test_an_approval_names_exactly_what_is_approved() -> None:
    server = ApiServer(run("q3"))
    wish = Decision(0, "uid-q3", "draft", "blake3:1", 7, Verdict.APPROVE, MARA, "checked")
    in_a_loop(lambda: decisions(server).submit(wish))
    one = made(server, "Approval")
    assert one["metadata"]["generateName"] == "q3-"
    assert one["spec"] == {
        "runRef": {"name": "q3", "uid": "uid-q3"},
        "gate": "draft",
        "digest": "blake3:1",
        "request": 7,
        "decision": "approve",
        "comment": "checked",
        "approver": {"name": "mara"},
    }


def test_changes_go_with_a_decision_to_modify() -> None:
    server = ApiServer(run("q3"))
    wish = Decision(0, "uid-q3", "draft", "blake3:1", 7, Verdict.MODIFY, MARA, modifications={"tone": "plain"})
    in_a_loop(lambda: decisions(server).submit(wish))
    spec = made(server, "Approval")["spec"]
    assert (spec["decision"], spec["modification"]) == ("modify", {"tone": "plain"})


@pytest.mark.parametrize(
    ("command", "spec"),
    [
        (Command(0, "uid-q3", Verb.ABORT, MARA, undo=True), {"verb": "abort", "args": {"undo": True}}),
        (
            Command(0, "uid-q3", Verb.RETRY, MARA, step="load", modifications={"mode": "upsert"}, delay_ms=500),
            {"verb": "retry", "step": "load", "args": {"patch": {"mode": "upsert"}, "delayMs": 500}},
        ),
        (
            Command(0, "uid-q3", Verb.SKIP, MARA, step="load", output={"rows": 0}, comment="by hand"),
            {"verb": "skip", "step": "load", "args": {"output": {"rows": 0}}, "comment": "by hand"},
        ),
        (Command(0, "uid-q3", Verb.UNDO, MARA), {"verb": "undo"}),
    ],
)
def test_a_command_is_an_intervention(command: Command, spec: Json) -> None:
    server = ApiServer(run("q3"))
    in_a_loop(lambda: decisions(server).submit(command))
    about = {"runRef": {"name": "q3", "uid": "uid-q3"}, "actor": {"name": "mara"}}
    assert made(server, "Intervention")["spec"] == {**about, **spec}


@pytest.mark.parametrize(
    ("status", "answer", "waits"),
    [
        ({}, None, None),
        ({"answeredAt": "2026-01-01T00:00:00Z", "record": 9}, Answer(1, 9, None), None),
        ({"answeredAt": "2026-01-01T00:00:00Z", "refusal": "closed"}, Answer(1, None, "closed"), None),
        ({"waiting": "1 of 2 approvals are there (mara)"}, Answer(1, None, None), "1 of 2 approvals are there (mara)"),
    ],
)
def test_the_status_is_the_answer(status: Json, answer: Answer | None, waits: str | None) -> None:
    server = ApiServer(run("q3"))
    source = decisions(server)
    wish = Decision(0, "uid-q3", "draft", "blake3:1", 7, Verdict.APPROVE, MARA)
    number = in_a_loop(lambda: source.submit(wish))
    made(server, "Approval")["status"] = status
    assert in_a_loop(lambda: source.answered(number)) == answer
    assert source.waits.get(number) == waits


@pytest.mark.parametrize(("verb", "wanted"), [(Verb.SUSPEND, True), (Verb.RESUME, False)])
def test_to_stand_still_is_a_wish_of_the_run_and_answered_when_it_does(verb: Verb, wanted: bool) -> None:
    status: Json = {"suspended": not wanted, "sequence": 4, "state": "Running"}
    server = ApiServer(run("q3", status=status))
    source = decisions(server)
    number = in_a_loop(lambda: source.submit(Command(0, "uid-q3", verb, MARA)))
    assert server.objects["Run", "q3"]["spec"]["suspend"] is wanted
    assert in_a_loop(lambda: source.answered(number)) is None
    server.objects["Run", "q3"]["status"] = {**status, "suspended": wanted, "sequence": 5}
    assert in_a_loop(lambda: source.answered(number)) == Answer(number, 5, None)


def test_what_has_ended_cannot_stand_still() -> None:
    server = ApiServer(run("q3", status={"state": "Succeeded"}))
    source = decisions(server)
    number = in_a_loop(lambda: source.submit(Command(0, "uid-q3", Verb.SUSPEND, MARA)))
    assert in_a_loop(lambda: source.answered(number)) == Answer(number, None, "the run is Succeeded")
    assert not any(asked.startswith("patch") for asked in server.asked)


def test_who_asks_is_asked_once() -> None:
    class Knows(ApiServer):
        async def create(self, *_: Any, **__: Any) -> Json:
            self.asked.append("who")
            return {"status": {"userInfo": {"username": "mara"}}}

    server = Knows()
    person = Person(server)
    assert in_a_loop(lambda: [person.actor(), person.actor()]) == [MARA, MARA]
    assert server.asked == ["who"]


def test_only_the_operator_looks_and_answers() -> None:
    source = decisions(ApiServer(run("q3")))
    for refused in (lambda: source.pending("uid-q3"), lambda: source.answer([])):
        with pytest.raises(InvariantViolated):
            refused()
    assert not source.changed()
