"""Whatever is changed in what is left of a run is found, and the first bad record is named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import StateTooNew
from controller.model.digest import Digest, digest_bytes
from controller.model.record import Record, encode
from controller.runtime.proof.evidence import Claim
from controller.runtime.proof.verify import Verification, verify
from tests.unit.runtime.played import Kept, review

OTHER = "blake3:" + "ab" * 32


def with_data(record: Record, **members: Any) -> Record:
    return record._replace(data={**(record.data or {}), **members})


@pytest.fixture
def kept() -> Kept:
    return review()


def first(found: Verification) -> tuple[int | None, str]:
    assert not found.sound
    return found.findings[0].record, found.findings[0].problem


@pytest.mark.requirement("ENG-059")
def test_a_run_that_nobody_touched_is_sound(kept: Kept) -> None:
    found = verify(kept)
    assert found.findings == []
    assert found.records == len(kept.ledgers[kept.root]) + len(kept.ledgers[kept.runs[1].uid])
    assert found.counts["definition"] == 2
    assert [(one.step, one.verdict, one.actor) for one in found.approvals] == [
        ("summary", "sent back", "mara"),
        ("summary", "approved", "mara"),
    ]


def test_every_changed_record_is_named(kept: Kept) -> None:
    for run in (kept.root, kept.runs[1].uid):
        for seq, record in enumerate(kept.decoded(run)):
            whole = list(kept.ledgers[run])
            kept.ledgers[run][seq] = encode(record._replace(time=record.time + 1))
            found = verify(kept)
            assert found.findings[0].record == seq, found.findings[0]
            assert (
                "its bytes were changed" in found.findings[0].problem or "the head is said" in found.findings[0].problem
            )
            kept.ledgers[run] = whole


def test_every_dropped_record_is_named(kept: Kept) -> None:
    whole = kept.ledgers[kept.root]
    for seq in range(len(whole) - 1):
        kept.ledgers[kept.root] = whole[:seq] + whole[seq + 1 :]
        record, problem = first(verify(kept))
        assert (record, "dropped, added or moved" in problem) == (seq, True)


def test_records_in_another_order_are_named(kept: Kept) -> None:
    ledger = kept.ledgers[kept.root]
    ledger[7], ledger[8] = ledger[8], ledger[7]
    assert first(verify(kept))[0] == 7


def test_a_cut_tail_is_found_where_something_says_how_long_the_ledger_was(kept: Kept) -> None:
    del kept.ledgers[kept.root][20:]
    assert first(verify(kept)) == (19, "the ledger ends at record 19, but 33 records are claimed: its tail was cut")


def test_a_cut_tail_that_nothing_speaks_of_is_found_against_an_anchor(kept: Kept) -> None:
    head = kept.claims[kept.root].head
    del kept.ledgers[kept.root][20:], kept.claims[kept.root]
    assert verify(kept).sound
    record, problem = first(verify(kept, head))
    assert (record, problem.startswith(f"no record is {head}")) == (None, True)


def test_a_chain_rewritten_as_a_whole_is_found_against_an_anchor(kept: Kept) -> None:
    head = kept.claims[kept.root].head
    kept.rewrite(one._replace(time=one.time + 1) for one in kept.decoded())
    assert verify(kept).sound
    assert not verify(kept, head).sound


def test_an_anchor_that_the_chain_has_grown_beyond_still_holds(kept: Kept) -> None:
    early = digest_bytes(kept.ledgers[kept.root][12])
    assert verify(kept, early).anchor == 12


def test_a_changed_artifact_is_told_at_the_record_that_named_it(kept: Kept) -> None:
    digest = digest_bytes(b"# Good\n")
    kept.blobs[digest] = b"# Bad!\n"
    found = verify(kept)
    seq = kept.place_of("GateOpened", nth=1)
    assert found.findings[0].record == seq
    assert found.findings[0].event == "summary succeeded and waits for approval"
    assert 'artifact "summary.md" as blake3:' in found.findings[0].problem
    assert "the artifact in the state directory is blake3:" in found.findings[0].problem
    approved = kept.place_of("GateApproved")
    assert found.findings[0].context == (
        f"the chain of 33 records is sound; this is not what was approved (record {approved})"
    )
    assert len(found.findings) == 1


@pytest.mark.parametrize(
    ("kind", "step", "member"),
    [
        ("RunCreated", None, "input_digest"),
        ("StepSucceeded", "extract", "output_digest"),
        ("GateOpened", "summary", "output_digest"),
        ("StepSucceeded", "publish", "receipt"),
        ("GateModified", "summary", "patch"),
    ],
)
def test_what_a_record_names_must_be_there(kept: Kept, kind: str, step: str | None, member: str) -> None:
    seq = kept.place_of(kind, step)
    record = kept.decoded()[seq]
    digest: Digest = getattr(record, member, None) or (record.data or {})[member]
    del kept.blobs[digest]
    assert first(verify(kept))[0] == seq
    assert "is missing from the state directory" in first(verify(kept))[1]


def test_the_definition_must_be_the_one_that_was_snapshotted(kept: Kept) -> None:
    snapshot = kept.runs[0].snapshot
    kept.blobs[snapshot] = kept.blobs[snapshot].replace(b"Are the figures right?", b"Are the figures nice? ")
    record, problem = first(verify(kept))
    assert (record, "the definition snapshot in the state directory is blake3:" in problem) == (0, True)


def test_a_child_has_to_be_there(kept: Kept) -> None:
    del kept.runs[1]
    assert first(verify(kept)) == (kept.place_of("StepStarted", "kpi"), f"its child run {_child(kept)} is not there")


def _child(kept: Kept) -> str:
    data = kept.decoded()[kept.place_of("StepStarted", "kpi")].data
    assert data is not None
    return str(data["child"])


@pytest.mark.parametrize(("member", "value"), [("state", "Failed"), ("semantic", OTHER), ("head", OTHER)])
def test_what_is_said_beside_the_ledger_must_be_what_it_says(kept: Kept, member: str, value: str) -> None:
    claim = kept.claims[kept.root]
    kept.claims[kept.root] = Claim(**{**claim._asdict(), member: value})
    assert value in first(verify(kept))[1]


def test_a_newer_ledger_is_refused(kept: Kept) -> None:
    kept.rewrite(with_data(one, schema=99) if one.seq == 0 else one for one in kept.decoded())
    with pytest.raises(StateTooNew, match="version 99"):
        verify(kept)


def test_a_run_of_which_nothing_was_recorded_yet_is_no_damage(kept: Kept) -> None:
    kept.ledgers[kept.runs[1].uid], kept.runs = [], kept.runs[:1]
    kept.ledgers[kept.root] = []
    del kept.claims[kept.root]
    assert verify(kept).sound


PLAYED = review()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_byte_of_ledger_or_contents_can_change_unseen(data: st.DataObject) -> None:
    kept = Kept(
        PLAYED.runs, {run: list(held) for run, held in PLAYED.ledgers.items()}, dict(PLAYED.blobs), PLAYED.claims
    )
    named = {digest for digest in kept.blobs if _is_named(digest)}
    if data.draw(st.booleans()):
        digest = data.draw(st.sampled_from(sorted(named)))
        kept.blobs[digest] = _flipped(kept.blobs[digest], data)
    else:
        run = data.draw(st.sampled_from(sorted(kept.ledgers)))
        seq = data.draw(st.integers(0, len(kept.ledgers[run]) - 1))
        kept.ledgers[run][seq] = _flipped(kept.ledgers[run][seq], data)
    assert not verify(kept).sound


def _flipped(content: bytes, data: st.DataObject) -> bytes:
    offset = data.draw(st.integers(0, len(content) - 1))
    return content[:offset] + bytes([content[offset] ^ data.draw(st.integers(1, 255))]) + content[offset + 1 :]


def _is_named(digest: Digest) -> bool:
    """Inputs of attempts are kept nowhere; some of the values in memory are nothing that a record names."""
    text = b"".join(content for held in PLAYED.ledgers.values() for content in held)
    results = b"".join(content for content in PLAYED.blobs.values() if content.startswith(b'{"artifacts"'))
    return digest.encode() in text + results
