"""A shard gives back what was sealed, or says that it is not what it was."""

import zlib

import pytest

from controller.errors import VerificationFailed
from controller.machine.shard import Shard, seal, unseal
from controller.model.digest import digest_bytes

RECORDS = [b'{"seq":7}', b'{"seq":8,"x":"a\\nb"}', b'{"seq":9}']


def test_what_is_sealed_comes_back() -> None:
    shard = seal(7, RECORDS)
    assert (shard.first, shard.last) == (7, 9)
    assert unseal(shard) == RECORDS


def test_the_digest_is_that_of_the_records_not_of_their_compression() -> None:
    shard = seal(7, RECORDS)
    assert shard.digest == digest_bytes(b"\n".join(RECORDS))
    assert zlib.decompress(shard.content) == b"\n".join(RECORDS)
    assert unseal(shard._replace(content=zlib.compress(b"\n".join(RECORDS), 1))) == RECORDS


def test_many_records_take_little_room() -> None:
    assert len(seal(0, [b'{"kind":"StepStarted","seq":%d}' % one for one in range(1000)]).content) < 6_000


def refused(shard: Shard) -> str:
    with pytest.raises(VerificationFailed) as caught:
        unseal(shard)
    return caught.value.message


def test_other_content() -> None:
    shard = seal(7, RECORDS)
    assert refused(shard._replace(content=zlib.compress(b"x"))) == f"shard {shard.digest} does not match its digest"


def test_no_content() -> None:
    shard = seal(7, RECORDS)
    assert refused(shard._replace(content=b"x")).startswith(f"shard {shard.digest} cannot be decompressed: Error")


def test_other_bounds() -> None:
    shard = seal(7, RECORDS)
    assert refused(shard._replace(last=10)) == f"shard {shard.digest} holds 3 records, not 7..10"
    assert refused(shard._replace(first=8)) == f"shard {shard.digest} holds 3 records, not 8..9"
