"""Bundles are zip files of one form only: any other byte is noticed."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.bundle import LAST, Container, encode, write
from controller.errors import NotFound, StoreUnavailable, VerificationFailed

MEMBERS = [("a", b""), ("b/c.json", b"{}"), ("b/d", b"x" * 300), (LAST, b"last")]
CONTENT = b"".join(encode(MEMBERS))


def opened(content: bytes) -> Container:
    return Container(io.BytesIO(content))


def unseen(content: bytes) -> bool:
    """Whether somebody who changed a bundle gets away with it, as far as the container goes."""
    try:
        held = opened(content)
        same = [(name, held.read(name)) for name in held.names] == MEMBERS
        return same and held.deviation() is None
    except VerificationFailed:
        return False


def test_other_tools_can_read_it() -> None:
    with zipfile.ZipFile(io.BytesIO(CONTENT)) as archive:
        assert archive.testzip() is None
        assert [(name, archive.read(name)) for name in archive.namelist()] == MEMBERS


def test_it_is_read_back() -> None:
    held = opened(CONTENT)
    assert [(name, held.read(name)) for name in held.names] == MEMBERS
    assert held.deviation() is None
    assert held.read("nothing") is None


def test_every_changed_byte_is_noticed() -> None:
    for place in range(len(CONTENT)):
        for bits in (0x01, 0x20, 0xFF):
            assert not unseen(CONTENT[:place] + bytes([CONTENT[place] ^ bits]) + CONTENT[place + 1 :]), place


@pytest.mark.parametrize("length", range(0, len(CONTENT), 7))
def test_every_truncation_is_noticed(length: int) -> None:
    assert not unseen(CONTENT[:length])


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=40), st.booleans())
def test_whatever_is_added_in_front_or_behind_is_noticed(more: bytes, behind: bool) -> None:
    assert not unseen(CONTENT + more if behind else more + CONTENT)


def test_another_order_is_noticed() -> None:
    assert not unseen(b"".join(encode([MEMBERS[1], MEMBERS[0], *MEMBERS[2:]])))


def test_a_member_twice_is_noticed() -> None:
    assert not unseen(b"".join(encode([MEMBERS[0], *MEMBERS])))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_another_tool_packed_again_is_noticed_but_can_be_read(compression: int) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in MEMBERS:
            archive.writestr(name, content)
    held = opened(target.getvalue())
    assert [(name, held.read(name)) for name in held.names] == MEMBERS
    deviation = held.deviation()
    assert deviation is not None
    assert "written by another tool" in deviation


@pytest.mark.parametrize(("limit_32", "limit_16"), [(200, 65_535), (400, 65_535), (0xFFFFFFFF, 3), (100, 2)])
def test_large_bundles_use_64_bits(limit_32: int, limit_16: int) -> None:
    content = b"".join(encode(MEMBERS, limit_32, limit_16))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert [(name, archive.read(name)) for name in archive.namelist()] == MEMBERS
    assert b"PK\x06\x06" in content


def test_many_members() -> None:
    many = [(f"{number:05}", b"") for number in range(66_000)]
    with zipfile.ZipFile(io.BytesIO(b"".join(encode(many)))) as archive:
        assert len(archive.namelist()) == len(many)


def test_a_bundle_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    assert write(path, MEMBERS) == len(CONTENT)
    assert path.read_bytes() == CONTENT

    def broken() -> Iterator[tuple[str, bytes]]:
        yield MEMBERS[0]
        raise VerificationFailed("no more")

    with pytest.raises(VerificationFailed):
        write(path, broken())
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_or_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot write"):
        write(tmp_path / "none" / "x.zip", MEMBERS)
    with pytest.raises(NotFound):
        Container.open(tmp_path / "none.zip")
    with pytest.raises(StoreUnavailable, match="cannot read"):
        Container.open(tmp_path)
    with pytest.raises(VerificationFailed, match="cannot be read as a zip file"):
        opened(b"no zip file")
