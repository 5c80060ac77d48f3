"""Snapshots in memory: decoded once, stored once per namespace, and forgotten when many others were used since."""

import pytest

from controller.definition.catalog import Catalog
from controller.definition.snapshot import take
from controller.errors import NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import Digest, digest_bytes
from controller.wiring.cluster import snapshots as module
from controller.wiring.cluster.snapshots import Snapshots
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.disk import Disk
from tests.unit.definition.entries import agent, entry


def encoded(version: str = "1.0.0") -> bytes:
    one = entry(version=version)
    return take(one, Catalog(store=[one], store_agents=[agent()])).encode()


class Counted(InMemoryBlobStore):
    """Counts what is read."""

    def __init__(self, *contents: bytes) -> None:
        super().__init__(Disk())
        self.read: list[Digest] = []
        for content in contents:
            self.put(content)

    def get(self, digest: Digest) -> bytes:
        self.read.append(digest)
        return super().get(digest)


def test_a_snapshot_is_read_and_decoded_once() -> None:
    content = encoded()
    digest, blobs, known = digest_bytes(content), Counted(content), Snapshots()
    assert known.content(digest) is None
    first = known.get(digest, blobs)
    assert known.get(digest, Counted()) is first
    assert (blobs.read, known.content(digest)) == ([digest], content)
    assert first.encode() == content


def test_a_snapshot_that_is_nowhere_or_no_snapshot_is_not_remembered() -> None:
    broken = b'{"this":"is none"}'
    known = Snapshots()
    with pytest.raises(NotFound):
        known.get(digest_bytes(broken), Counted())
    for _ in range(2):
        with pytest.raises(VerificationFailed):
            known.get(digest_bytes(broken), Counted(broken))
    assert known.content(digest_bytes(broken)) is None


def test_the_one_that_nobody_used_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    contents = [encoded(f"1.0.{number}") for number in range(3)]
    one, two, three = (digest_bytes(content) for content in contents)
    known, blobs = Snapshots(), Counted(*contents)
    put: list[Digest] = []
    known.keep("space", contents[1], lambda digest, _: put.append(digest))
    for digest in (one, two, one, three, one, two):
        known.get(digest, blobs)
    assert blobs.read == [one, two, three, two]
    assert known.content(three) is None
    # What is forgotten is stored again when somebody needs it.
    known.keep("space", contents[1], lambda digest, _: put.append(digest))
    assert put == [two, two]


def test_a_snapshot_is_stored_once_per_namespace() -> None:
    content, known = encoded(), Snapshots()
    put: list[tuple[str, Digest]] = []
    for namespace in ("one", "two", "one", "two"):
        blobs = known.storing(namespace, Counted(), lambda digest, _, to=namespace: put.append((to, digest)))  # type: ignore[misc]
        assert blobs.put(content) == digest_bytes(content)
    assert put == [("one", digest_bytes(content)), ("two", digest_bytes(content))]
    assert known.content(digest_bytes(content)) == content


def test_one_that_could_not_be_stored_is_tried_again() -> None:
    content, known = encoded(), Snapshots()
    put: list[Digest] = []

    def away(digest: Digest, content: bytes) -> None:
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        known.keep("space", content, away)
    known.keep("space", content, lambda digest, _: put.append(digest))
    assert put == [digest_bytes(content)]


def test_everything_else_is_asked_of_the_store_itself() -> None:
    disk = Disk()
    store = InMemoryBlobStore(disk)
    disk.files["here"] = b"content"
    blobs = Snapshots().storing("space", store, lambda *_: None)
    digest = blobs.put_file("here")
    blobs.place(digest, "there")
    assert (blobs.get(digest), blobs.size(digest), disk.files["there"]) == (b"content", 7, b"content")
    assert (blobs.has(digest), blobs.has(digest_bytes(b"other"))) == (True, False)
