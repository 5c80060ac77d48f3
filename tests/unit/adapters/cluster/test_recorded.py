"""A leader died between a record and the answer to whoever caused it: what the next one makes of the object."""

from typing import Any

import pytest

from controller.adapters.cluster.decision_source import ClusterDecisionSource, Submitted
from controller.adapters.cluster.gates import Quorum
from controller.adapters.cluster.recorded import SKEW_MS, record_of
from controller.model.decision import Answer
from controller.model.record import GENESIS, Actor, Record, encode, parse_time

Json = dict[str, Any]

CREATED = "2026-01-01T00:00:00Z"
AT = parse_time("2026-01-01T00:00:01.000Z")
DIGEST = "blake3:" + "1" * 64
MARA, OLE = Actor("person", "mara"), Actor("person", "ole")


def record(seq: int, kind: str, step: str | None, actor: Actor = MARA, time: int = AT, **data: Any) -> Record:
    return Record(seq, GENESIS, kind, actor, time, step, data=data or None)


def run(*records: Record) -> Json:
    return {"status": {"tail": [encode(one).decode() for one in records]}}


def approval(decision: str = "approve", gate: str = "a", **status: Any) -> Json:
    spec = {"gate": gate, "digest": DIGEST, "request": 3, "decision": decision, "approver": {"name": "mara"}}
    return _object("Approval", spec, status)


def intervention(verb: str, step: str | None = None, **status: Any) -> Json:
    named = {} if step is None else {"step": step}
    return _object("Intervention", {"verb": verb, "actor": {"name": "mara"}, **named}, status)


def _object(kind: str, spec: Json, status: Json) -> Json:
    metadata = {"name": "x", "namespace": "space", "uid": "u", "creationTimestamp": CREATED}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": status}


APPROVED = record(7, "GateApproved", "a", digest=DIGEST, request=3)
RETRIED = record(9, "StepReopened", "a", retryAt=0)


@pytest.mark.parametrize(
    ("asked", "written", "found"),
    [
        (approval(), [APPROVED], 7),
        (approval(gate="child/a"), [APPROVED], 7),
        (approval(), [APPROVED, record(8, "StepSucceeded", "a", Actor("controller", "libretto"))], 7),
        (approval("reject"), [APPROVED], None),
        (approval(gate="b"), [APPROVED], None),
        (approval(), [record(7, "GateApproved", "a", OLE, digest=DIGEST, request=3)], None),
        (approval(), [record(7, "GateApproved", "a", digest=DIGEST, request=2)], None),
        (approval(), [record(7, "GateApproved", "a", digest=GENESIS, request=3)], None),
        (approval(), [], None),
        (intervention("retry", "a"), [RETRIED], 9),
        (intervention("retry"), [RETRIED], 9),
        (intervention("retry", "b"), [RETRIED], None),
        (intervention("retry", "a"), [record(9, "StepReopened", "a", OLE)], None),
        (intervention("retry", "a"), [record(9, "StepReopened", "a", MARA, AT - 1000 - SKEW_MS - 1)], None),
        (intervention("retry", "a"), [record(9, "StepReopened", "a", MARA, AT - 1000 - SKEW_MS)], 9),
        (intervention("abort"), [record(4, "AbortRequested", None)], 4),
        (intervention("suspend"), [record(4, "RunSuspended", None, Actor("controller", "mara"))], None),
        (intervention("rerun"), [RETRIED], None),
    ],
)
def test_which_record_it_became(asked: Json, written: list[Record], found: int | None) -> None:
    assert record_of(asked, run(*written), [asked]) == found


def test_a_record_is_the_answer_of_one_object() -> None:
    """The second `retry` of the same person is another one: the first has the record, and all before it."""
    earlier = record(8, "StepReopened", "a[0]", retryAt=0)
    asked = intervention("retry")
    assert record_of(asked, run(earlier, RETRIED), [intervention("retry", record=9), asked]) is None
    assert record_of(asked, run(earlier, RETRIED), [intervention("skip", record=8), asked]) == 9


def test_a_run_that_wrote_nothing_yet() -> None:
    assert record_of(approval(), {}, []) is None


def test_the_lost_answer_is_given_and_the_engine_is_not_asked_again() -> None:
    """Also where a quorum would not be reached any more: the others have their answers."""
    asked = [approval()]
    looks: list[str] = []

    def recorded(name: str, _asked: Json, _others: object) -> int:
        looks.append(name)
        return 7

    decisions = ClusterDecisionSource(lambda _: asked, lambda *_: Quorum("1 of 2"), recorded)
    for _ in range(2):
        assert list(decisions.pending("R")) == []
    assert decisions.unwritten() == [(Submitted("Approval", "space", "x", "u"), Answer(1, 7, None))]
    assert (decisions.unwritten(), decisions.unsaid(), looks) == ([], [], ["R"])
