"""What can no longer be read is a finding like any other, and hides nothing of what can."""

import pytest

from controller.model.digest import digest_bytes
from controller.runtime.proof.verify import verify
from tests.unit.runtime.played import Kept, review


@pytest.fixture
def kept() -> Kept:
    return review()


def test_a_ledger_that_cannot_be_read_to_its_end_is_sound_until_there(kept: Kept) -> None:
    kept.torn[kept.root] = "ConfigMap q3-ledger-x is not there"
    del kept.ledgers[kept.root][20:]
    found = verify(kept)
    (finding,) = found.findings
    assert (finding.record, finding.problem) == (20, "ConfigMap q3-ledger-x is not there")
    assert finding.context == "records 0 to 19 are sound"
    # Nothing is said of a tail that was cut: it is there, or not; nobody can tell.
    assert len(found.runs[0].links) == 20
    assert found.runs[1].whole


def test_a_ledger_of_which_nothing_can_be_read(kept: Kept) -> None:
    kept.torn[kept.root], kept.ledgers[kept.root] = "torn", []
    (finding,) = verify(kept).findings
    assert (finding.record, finding.problem, finding.context) == (0, "torn", "")


def test_a_changed_record_is_named_before_what_it_lies_in(kept: Kept) -> None:
    kept.torn[kept.root] = "ConfigMap q3-ledger-x does not match its digest"
    record = kept.ledgers[kept.root][7]
    kept.ledgers[kept.root][7] = record.replace(b'"actor":', b'"aktor":')
    first, second = verify(kept).findings
    assert first.record == 7
    assert (second.record, second.problem) == (None, "ConfigMap q3-ledger-x does not match its digest")


def test_damage_beside_records_that_are_all_there_is_at_none_of_them(kept: Kept) -> None:
    kept.torn[kept.root] = "the contents beside its records cannot be read"
    (finding,) = verify(kept).findings
    assert (finding.record, finding.context) == (None, "records 0 to 32 are sound")


def test_the_damage_of_a_child_names_the_child(kept: Kept) -> None:
    child = kept.runs[1].uid
    kept.torn[child] = "torn"
    del kept.ledgers[child][3:]
    (finding,) = verify(kept).findings
    assert (finding.run, finding.record, finding.problem) == ("kpi", 3, "torn")


def test_contents_that_cannot_be_read_say_why_and_hide_no_others(kept: Kept) -> None:
    artifact, snapshot = digest_bytes(b"# Good\n"), kept.runs[0].snapshot
    kept.torn = {artifact: "ConfigMap blob-x, part 2 of 3, is not there", snapshot: "ConfigMap blob-y: torn"}
    kept.place = "namespace team-a"
    found = verify(kept)
    assert [one.problem.partition(", the ")[2] for one in found.findings] == [
        "definition snapshot cannot be read from namespace team-a: ConfigMap blob-y: torn",
        "artifact cannot be read from namespace team-a: ConfigMap blob-x, part 2 of 3, is not there",
    ]
    assert [one.record for one in found.findings] == [0, kept.place_of("GateOpened", nth=1)]


def test_defaults_of_a_definition_that_is_not_there_are_no_lie_of_the_run(kept: Kept) -> None:
    """The object of a run on a cluster says what was given; what else it began with, only its definition says."""
    kept.runs[0] = kept.runs[0].model_copy(update={"parameters": {}})
    assert any("parameters: " in one.problem for one in verify(kept).findings)
    kept.torn[kept.runs[0].snapshot] = "torn"
    (finding,) = verify(kept).findings
    assert "definition snapshot" in finding.problem
    kept.runs[0] = kept.runs[0].model_copy(update={"requester": "joe"})
    assert any("requester: the record says mara" in one.problem for one in verify(kept).findings)
