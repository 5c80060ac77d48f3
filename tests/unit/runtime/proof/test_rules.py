"""A ledger that was rewritten as a whole must still keep to the rules of a run."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.model.record import CONTROLLER, TIMER, Record
from controller.runtime.proof.verify import verify
from tests.unit.runtime.played import Kept, review

OTHER = "blake3:" + "ab" * 32


def changed(record: Record, **members: Any) -> Record:
    return record._replace(**members)


def with_data(record: Record, **members: Any) -> Record:
    return record._replace(data={**(record.data or {}), **members})


@pytest.fixture
def kept() -> Kept:
    return review()


REWRITTEN: dict[str, tuple[str, str | None, Callable[[Record], Record], str]] = {
    "an approval of something else": (
        "GateApproved",
        None,
        lambda one: with_data(one, digest=OTHER),
        f"it decides about {OTHER}",
    ),
    "an approval of another request": (
        "GateApproved",
        None,
        lambda one: with_data(one, request=12),
        "it answers record 12",
    ),
    "an approval by nobody": (
        "GateApproved",
        None,
        lambda one: changed(one, actor=CONTROLLER),
        "only a person decides",
    ),
    "a required checkpoint that lapsed": (
        "GateApproved",
        None,
        lambda one: changed(one, kind="GateLapsed", actor=TIMER),
        "the checkpoint is required",
    ),
    "an approval that lets something else pass": (
        "GateApproved",
        None,
        lambda one: changed(one, output_digest=OTHER),
        f"it lets {OTHER} pass",
    ),
    "a checkpoint about something else": (
        "GateOpened",
        None,
        lambda one: with_data(one, digest=OTHER),
        f"its checkpoint asks about {OTHER}",
    ),
    "an attempt too many": (
        "StepStarted",
        "publish",
        lambda one: changed(one, attempt=2),
        "it is attempt 2, expected 1",
    ),
    "another child": ("StepStarted", "kpi", lambda one: with_data(one, child="X"), "its child run is X, expected "),
    "a child that ended elsewhere": (
        "StepSucceeded",
        "kpi",
        lambda one: with_data(one, child={**(one.data or {})["child"], "head": OTHER}),
        f"its child run ended with head {OTHER}",
    ),
    "a child that came to something else": (
        "StepSucceeded",
        "kpi",
        lambda one: with_data(one, child={**(one.data or {})["child"], "semantic": OTHER}),
        "its child run's semantic digest is ",
    ),
    "a hand-off of something else": (
        "StepStarted",
        "summary",
        lambda one: with_data(one, handoffs=[{**(one.data or {})["handoffs"][0], "digest": OTHER}]),
        f"it was handed {OTHER} from extract",
    ),
    "a state that the records do not make": (
        "StepSucceeded",
        "publish",
        lambda one: changed(one, source="Pending"),
        "it says Pending to Succeeded, but the records make it Running to Succeeded",
    ),
    "a move that no table has": (
        "StepSucceeded",
        "publish",
        lambda one: changed(one, kind="GateApproved"),
        "there was no open checkpoint",
    ),
    "an unknown kind": ("PhaseEnded", None, lambda one: changed(one, kind="Nonsense"), "unknown kind"),
    "an unknown step": ("StepStarted", "publish", lambda one: changed(one, step="ghost"), "the unknown step ghost"),
    "another definition": (
        "RunCreated",
        None,
        lambda one: with_data(one, definition=OTHER),
        f"definition: the record says {OTHER}",
    ),
    "another requester": (
        "RunCreated",
        None,
        lambda one: changed(one, actor=one.actor._replace(id="eve")),
        "requester: the record says eve, the run's spec mara",
    ),
    "other parameters": (
        "RunCreated",
        None,
        lambda one: changed(one, input_digest=OTHER),
        f"parameters: the record says {OTHER}",
    ),
}


@pytest.mark.parametrize("case", REWRITTEN)
def test_a_consistent_chain_must_still_be_true(kept: Kept, case: str) -> None:
    kind, step, change, expected = REWRITTEN[case]
    seq = kept.place_of(kind, step)
    kept.rewrite(change(one) if one.seq == seq else one for one in kept.decoded())
    found = verify(kept)
    told = [one.problem for one in found.findings if one.record == seq]
    assert found.findings[0].record == seq
    assert any(expected in problem for problem in told), told


@pytest.mark.requirement("ENG-056")
def test_no_step_begins_before_what_it_depends_on(kept: Kept) -> None:
    records = kept.decoded()
    early = records.pop(kept.place_of("StepStarted", "summary"))
    records.insert(kept.place_of("StepSucceeded", "extract"), early)
    kept.rewrite(records)
    problems = [one.problem for one in verify(kept).findings]
    assert "it began before what it depends on was settled: extract" in problems
    assert "it began while its phase review was not open" in problems


def test_a_run_does_not_succeed_while_a_step_has_not(kept: Kept) -> None:
    records = [one for one in kept.decoded() if one.step != "publish"]
    kept.rewrite(records)
    assert "the run cannot have succeeded: publish did not" in [one.problem for one in verify(kept).findings]
