"""The chain finds every record that is not what was written, and names the first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.machine.chain import Break, Chain, check
from controller.model.digest import digest_bytes
from controller.model.record import CONTROLLER, GENESIS, Record, decode, encode


def chain(count: int) -> list[bytes]:
    contents, at = [], Chain()
    for number in range(count):
        link, at = at.link(Record(99, "x", "RunStarted", CONTROLLER, 1_000 * number, summary=f"number {number}"))
        assert link.digest == at.head == digest_bytes(link.content)
        assert decode(link.content) == link.record
        contents.append(link.content)
    assert at.next == count
    return contents


def test_records_are_linked_to_what_was_before() -> None:
    contents = chain(3)
    records = [decode(content) for content in contents]
    assert [record.seq for record in records] == [0, 1, 2]
    assert [record.prev for record in records] == [GENESIS, *map(digest_bytes, contents[:2])]


def test_a_sound_chain() -> None:
    contents = chain(4)
    report = check(contents)
    assert (report.count, report.head, report.broken) == (4, digest_bytes(contents[-1]), None)
    assert [link.content for link in report.links] == contents
    assert [link.record.summary for link in report.links] == [f"number {number}" for number in range(4)]
    assert [link.digest for link in report.links] == [*map(digest_bytes, contents)]


def test_an_empty_chain() -> None:
    report = check([])
    assert (report.count, report.head, report.broken, report.links) == (0, GENESIS, None, ())


def broken(contents: list[bytes]) -> Break:
    report = check(contents)
    assert report.broken is not None
    assert report.count == report.broken.seq == len(report.links)
    assert report.head == (report.links[-1].digest if report.links else GENESIS)
    return report.broken


def test_a_dropped_record() -> None:
    contents = chain(4)
    found = broken([*contents[:1], *contents[2:]])
    assert found.seq == 1
    assert found.problem == "its sequence number is 2, expected 1: a record was dropped, added or moved"
    assert found.record == decode(contents[2])


def test_a_doubled_record() -> None:
    contents = chain(2)
    found = broken([contents[0], *contents])
    assert (found.seq, found.record) == (1, decode(contents[0]))


def test_a_record_of_another_chain() -> None:
    contents, other = chain(3), chain(2)
    changed = encode(decode(other[1])._replace(prev=digest_bytes(b"?")))
    found = broken([contents[0], changed, contents[2]])
    assert found.seq == 1
    assert found.problem == f"it follows {digest_bytes(b'?')}, but the record before it is {digest_bytes(contents[0])}"


def test_a_record_that_was_changed_is_found_by_the_one_after_it() -> None:
    contents = chain(3)
    contents[1] = encode(decode(contents[1])._replace(summary="other"))
    found = broken(contents)
    assert found.seq == 2
    assert found.problem.startswith("it follows ")


def test_the_same_in_other_bytes() -> None:
    contents = chain(2)
    contents[1] = contents[1].replace(b",", b", ", 1)
    found = broken(contents)
    assert (found.seq, found.problem) == (1, "its bytes are not the canonical form of what they say")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"1", b'"x"', b"{}", b'{"actor":1}', b"\xff"])
def test_what_is_no_record(content: bytes) -> None:
    found = broken([*chain(1), content])
    assert (found.seq, found.record) == (1, None)
    assert found.problem.startswith("not a ledger record: ")


@given(st.data())
def test_any_changed_byte_is_found_where_something_follows(data: st.DataObject) -> None:
    contents = chain(3)
    number = data.draw(st.integers(0, 1))
    place = data.draw(st.integers(0, len(contents[number]) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(contents[number])
    changed[place] ^= 1 << bit
    contents[number] = bytes(changed)
    assert broken(contents).seq in (number, number + 1)
