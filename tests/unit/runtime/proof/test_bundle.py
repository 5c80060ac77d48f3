"""No byte of an exported bundle can change unseen: every position of a small one, and any of a larger one."""

import io
from functools import cache

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.bundle import Container, encode
from controller.errors import StateTooNew, VerificationFailed
from controller.model.digest import canonical, digest_bytes
from controller.runtime.proof.bundle import MANIFEST, BundledEvidence, members, verify_bundle
from controller.runtime.proof.evidence import Log
from controller.runtime.proof.verify import Verification, verify
from tests.unit.runtime.played import SMALL, Kept, played, review

PARTS = 8
"""Parts that the positions of the small bundle are tested in, so that several processes can share them."""


def exported(kept: Kept) -> bytes:
    return b"".join(encode(members(kept, verify(kept))))


@cache
def small() -> bytes:
    kept = played(SMALL)
    kept.printed[kept.root] = [Log("a/do-1", b"hello\n")]
    return exported(kept)


@cache
def larger() -> bytes:
    kept = review()
    kept.printed = {run.uid: [Log(f"x{number}/do-1", b"line\n" * 50)] for number, run in enumerate(kept.runs)}
    return exported(kept)


def examined(content: bytes) -> Verification:
    return verify_bundle(Container(io.BytesIO(content)))


def found(content: bytes) -> bool:
    """Whether verifying finds something wrong."""
    try:
        return not examined(content).sound
    except VerificationFailed:
        return True


@pytest.mark.requirement("ENG-059")
@pytest.mark.parametrize("part", range(PARTS))
def test_every_changed_byte_of_a_small_bundle_is_found(part: int) -> None:
    content = small()
    assert not found(content)
    missed = [
        (place, bits)
        for place in range(part, len(content), PARTS)
        for bits in (1 << (place // PARTS) % 8, 0xFF)
        if not found(content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :])
    ]
    assert missed == []


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_larger_bundle_is_found(data: st.DataObject) -> None:
    content = larger()
    place = data.draw(st.integers(0, len(content) - 1))
    bits = data.draw(st.integers(1, 255))
    assert found(content[:place] + bytes([content[place] ^ bits]) + content[place + 1 :])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_truncation_or_addition_is_found(data: st.DataObject) -> None:
    content = larger()
    assert found(content[: data.draw(st.integers(0, len(content) - 1))])
    assert found(content + data.draw(st.binary(min_size=1, max_size=20)))


def parts() -> list[tuple[str, bytes]]:
    held = Container(io.BytesIO(larger()))
    return [(name, held.read(name) or b"") for name in held.names]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_members_in_another_order_left_out_or_twice_are_found(data: st.DataObject) -> None:
    listed = parts()
    one, other = data.draw(st.lists(st.integers(0, len(listed) - 1), min_size=2, max_size=2, unique=True))
    swapped = list(listed)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert found(b"".join(encode(swapped)))
    assert found(b"".join(encode(listed[:one] + listed[one + 1 :])))
    assert found(b"".join(encode([*listed[:one], listed[one], *listed[one:]])))


def test_exporting_twice_gives_the_same_bytes() -> None:
    assert exported(review()) == exported(review())


def test_exporting_what_was_exported_gives_the_same_bytes() -> None:
    evidence = BundledEvidence(Container(io.BytesIO(larger())))
    assert b"".join(encode(members(evidence, verify(evidence)))) == larger()


def test_a_bundle_holds_everything_that_its_records_lead_to() -> None:
    manifest = orjson.loads(dict(parts())[MANIFEST])
    what = {one["what"].partition(" ")[0] for one in manifest["members"]}
    assert what >= {"definition", "parameters", "result", "artifact", "receipt", "patch", "items", "records", "outputs"}
    assert [run["path"] for run in manifest["runs"]] == ["", "kpi"]


def test_a_sound_bundle_says_what_the_run_says() -> None:
    kept = review()
    mine, theirs = verify(kept), examined(larger())
    assert (theirs.findings, theirs.records, theirs.approvals) == ([], mine.records, mine.approvals)
    assert theirs.counts == mine.counts


def repacked(name: str, content: bytes) -> bytes:
    """The bundle as somebody would make it who knows its form: one member is another, the manifest agrees."""
    listed = [(one, content if one == name else held) for one, held in parts()]
    manifest = orjson.loads(dict(listed).pop(MANIFEST))
    del manifest["digest"]
    for member in manifest["members"]:
        if member["path"] == name:
            member |= {"digest": digest_bytes(content), "size": len(content)}
    body = canonical({**manifest, "digest": digest_bytes(canonical(manifest))})
    return b"".join(encode([*listed[:-1], (MANIFEST, body)]))


def test_a_forged_artifact_is_told_at_its_record_though_the_bundle_is_of_one_piece() -> None:
    digest = digest_bytes(b"# Good\n")
    told = examined(repacked(f"blobs/{digest.removeprefix('blake3:')}", b"# Fine\n"))
    assert [(one.record, one.event) for one in told.findings] == [(17, "summary succeeded and waits for approval")]
    assert "the artifact in the bundle is blake3:" in told.findings[0].problem
    assert "this is not what was approved (record 19)" in told.findings[0].context


def test_a_forged_run_is_found_by_its_first_record() -> None:
    name = next(one for one, content in parts() if one.endswith("run.json") and b'"parent":null' in content)
    forged = dict(parts())[name].replace(b'"requester":"mara"', b'"requester":"evil"')
    assert (
        examined(repacked(name, forged)).findings[0].problem == "requester: the record says mara, the run's spec evil"
    )


def test_a_newer_bundle_is_refused() -> None:
    manifest = orjson.loads(dict(parts())[MANIFEST])
    manifest["version"] = 2
    del manifest["digest"]
    body = canonical({**manifest, "digest": digest_bytes(canonical(manifest))})
    with pytest.raises(StateTooNew, match="version 2"):
        examined(b"".join(encode([*parts()[:-1], (MANIFEST, body)])))


def test_a_zip_file_that_is_no_bundle_is_said_to_be_none() -> None:
    told = examined(b"".join(encode([("x.txt", b"x")])))
    assert told.findings[0].problem == "it holds 0 root runs, not one"
