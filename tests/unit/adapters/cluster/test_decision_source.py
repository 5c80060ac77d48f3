"""An approval that does not count yet says why, once for each reason, until it is answered."""

from typing import Any

from controller.adapters.cluster.decision_source import ClusterDecisionSource, Submitted
from controller.adapters.cluster.gates import Quorum
from controller.model.decision import Answer, Decision

Json = dict[str, Any]


def approval(name: str, **status: Any) -> Json:
    metadata = {"name": name, "namespace": "space", "uid": f"uid-{name}", "creationTimestamp": "2026-01-01T00:00:00Z"}
    spec = {"gate": "a", "digest": "d", "request": 3, "decision": "approve", "approver": {"name": "mara"}}
    return {"kind": "Approval", "metadata": metadata, "spec": spec, "status": status}


def source(objects: list[Json], missing: list[str | None]) -> ClusterDecisionSource:
    return ClusterDecisionSource(lambda _: objects, lambda run, one, others: Quorum(missing[0]), lambda *_: None)


def test_why_it_waits_is_said_once() -> None:
    objects, missing = [approval("one")], ["1 of 2"]
    decisions = source(objects, [*missing])
    assert list(decisions.pending("R")) == []
    assert decisions.held == {"R": {"one": "1 of 2"}}
    assert decisions.unsaid() == [(Submitted("Approval", "space", "one", "uid-one"), "1 of 2")]
    objects[0] = approval("one", waiting="1 of 2")
    assert list(decisions.pending("R")) == []
    assert decisions.unsaid() == []


def test_another_reason_is_another_word() -> None:
    decisions = source([approval("one", waiting="nobody proves it")], ["1 of 2"])
    decisions.pending("R")
    assert [why for _, why in decisions.unsaid()] == ["1 of 2"]


def test_what_waits_may_still_count() -> None:
    missing: list[str | None] = ["1 of 2"]
    objects = [approval("one", waiting="1 of 2")]
    decisions = source(objects, missing)
    decisions.pending("R")
    missing[0] = None
    (decision,) = decisions.pending("R")
    assert isinstance(decision, Decision)
    assert decisions.held == {"R": {}}
    decisions.answer([Answer(decision.id, 7, None)])
    assert decisions.unwritten()[0][0].name == "one"
    assert list(decisions.pending("R")) == []


def test_what_is_answered_is_over_and_what_is_deleted_waits_no_more() -> None:
    objects = [approval("one"), approval("two", answeredAt="2026-01-01T00:00:00.000Z", refusal="closed")]
    decisions = source(objects, ["1 of 2"])
    decisions.pending("R")
    assert decisions.held == {"R": {"one": "1 of 2"}}
    objects.clear()
    decisions.pending("R")
    assert decisions.held == {"R": {}}
