"""Small contents, by what they are called in records."""

from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.pool import Pool
from controller.model.digest import digest_bytes


def record(*digests: str) -> bytes:
    return b'{"kind":"Fact","names":[' + b",".join(f'"{one}"'.encode() for one in digests) + b"]}"


def test_what_was_put_is_there() -> None:
    pool = Pool()
    digest = pool.put(b'{"a":1}')
    assert digest == digest_bytes(b'{"a":1}')
    assert pool.get(digest) == b'{"a":1}'
    assert pool.get(digest_bytes(b"else")) is None


def test_what_records_name_goes_with_them_once() -> None:
    pool = Pool()
    one, two, other = pool.put(b"1"), pool.put(b"2"), pool.put(b"3")
    unknown = digest_bytes(b"a large blob")
    assert pool.named([record(one, unknown), record(two, one), record()]) == {one: "1", two: "2"}
    assert other not in pool.named([record(one)])


def test_what_only_looks_like_a_digest_names_nothing() -> None:
    pool = Pool()
    digest = pool.put(b"1")
    assert pool.named([record(digest[:-1]), record("sha256" + digest[6:]), record(digest.upper())]) == {}


@given(st.lists(st.text(max_size=40), max_size=6))
def test_what_one_process_wrote_the_next_one_learns(texts: list[str]) -> None:
    pool, later = Pool(), Pool()
    digests = [pool.put(text.encode()) for text in texts]
    later.learn(pool.named([record(*digests)]))
    assert [later.get(digest) for digest in digests] == [text.encode() for text in texts]


def test_what_somebody_changed_is_not_believed_and_the_rest_is() -> None:
    pool = Pool()
    right, wrong = digest_bytes(b"1"), digest_bytes(b"2")
    pool.learn({wrong: "20", right: "1"})
    assert pool.get(right) == b"1"
    assert pool.get(wrong) is None
