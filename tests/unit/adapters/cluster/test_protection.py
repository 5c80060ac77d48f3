"""Whether decisions can be believed: only a refusal for the right reason, of both kinds, proves it."""

import asyncio
from typing import Any

import pytest

from controller.adapters.cluster import fiber
from controller.adapters.cluster.protection import FRESH_MS, NOBODY, Protection
from controller.errors import (
    Conflict,
    Forbidden,
    LibrettoError,
    NotFound,
    ObjectInvalid,
    ServerUnavailable,
    Throttled,
    Unauthorized,
)
from tests.fakes.clock import SettableClock
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]

REFUSED = Forbidden("admission policy: spec.approver.name must be you")


class Admission(AnsweringClient):
    """Answers each kind as it is told; None: it takes everything."""

    def __init__(
        self, approvals: LibrettoError | None = REFUSED, interventions: LibrettoError | None = REFUSED
    ) -> None:
        self.answers = {"Approval": approvals, "Intervention": interventions}
        self.asked: list[tuple[str, Json]] = []

    async def answer(self, call: Call) -> Any:
        kind = call.resource.kind
        assert call.verb == "create"
        assert call.query == {"dryRun": "All"}, "a forged decision must never be stored"
        assert (call.body["kind"], call.brief) == (kind, False)
        self.asked.append((f"{call.namespace} {kind}", call.body))
        answer = self.answers[kind]
        if answer is not None:
            raise answer
        return call.body


def asked(protection: Protection, namespace: str = "space") -> bool:
    return asyncio.run(fiber.run(lambda: protection.of(namespace)))


def test_decisions_are_believed_where_forged_ones_of_both_kinds_are_refused() -> None:
    server = Admission()
    assert asked(Protection(server, SettableClock()))
    assert [what for what, _ in server.asked] == ["space Approval", "space Intervention"]


def test_what_is_asked_is_in_the_name_of_nobody() -> None:
    server = Admission()
    asked(Protection(server, SettableClock()))
    approval, intervention = (body["spec"] for _, body in server.asked)
    assert approval["approver"] == intervention["actor"] == {"name": NOBODY}
    for _, body in server.asked:
        assert body["metadata"] == {"generateName": "libretto-forged-"}
        assert body["spec"]["runRef"] == {"name": "none", "uid": "none"}


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Forbidden("user cannot create approvals"),
        Forbidden("exceeded quota", quota=True),
        ObjectInvalid("spec.gate: Required value"),
        NotFound("the server has no such resource"),
    ],
    ids=["taken", "no right", "quota", "schema", "no such kind"],
)
@pytest.mark.parametrize("kind", ["approvals", "interventions"])
def test_anything_else_proves_nothing(kind: str, answer: LibrettoError | None) -> None:
    assert not asked(Protection(Admission(**{kind: answer}), SettableClock()))


@pytest.mark.parametrize(
    "answer", [ServerUnavailable("away"), Unauthorized("who?"), Throttled("later", retry_after=3), Conflict("wrote")]
)
def test_when_nobody_knows_a_decision_waits_and_is_not_taken_for_forged(answer: LibrettoError) -> None:
    server = Admission(interventions=answer)
    protection = Protection(server, SettableClock())
    with pytest.raises(type(answer)):
        asked(protection)
    server.answers["Intervention"] = REFUSED
    assert asked(protection)  # what failed is not remembered


def test_an_answer_holds_for_a_while_in_its_namespace() -> None:
    server, clock = Admission(), SettableClock()
    protection = Protection(server, clock)
    assert asked(protection)
    clock.advance(FRESH_MS - 1)
    clock.jump(-(10**9))  # a wall clock that is set changes nothing
    assert asked(protection)
    assert len(server.asked) == 2
    server.answers["Approval"] = None
    assert not asked(protection, "other")
    assert asked(protection)
    clock.advance(1)
    assert not asked(protection)


def test_policies_that_come_later_are_seen_later() -> None:
    server, clock = Admission(approvals=None), SettableClock()
    protection = Protection(server, clock)
    assert not asked(protection)
    assert len(server.asked) == 1  # one gap is enough
    server.answers["Approval"] = REFUSED
    assert not asked(protection)
    clock.advance(FRESH_MS)
    assert asked(protection)
