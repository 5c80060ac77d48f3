"""What every BlobStore promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import digest_bytes
from tests.contract import scenarios
from tests.contract.blob_machines import BlobMachine, Directory, Gateway, S3Bucket, s3_server
from tests.contract.machine import Machine, PretendedMachine, RealMachine
from tests.contract.scenarios import LARGE, SMALL

CONTENTS = {
    "empty": b"",
    "small": SMALL,
    "largest row": b"r" * 4096,
    "smallest file": b"f" * 4097,
    "large": LARGE,
    "several chunks": b"0123456789abcdef" * 150_000,
}
contents = pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
UNKNOWN = digest_bytes(b"never stored")

ON_DISK = ["sqlite", "directory", "s3"]
"""Stores whose locations are paths of this machine."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with s3_server(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(params=[*ON_DISK, "in-memory"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine | BlobMachine]:
    made: Machine | BlobMachine
    match request.param:
        case "sqlite":
            made = RealMachine(tmp_path)
        case "directory":
            made = Directory(tmp_path)
        case "s3":
            made = S3Bucket(tmp_path, request.getfixturevalue("gateway"))
        case _:
            made = PretendedMachine(tmp_path)
    yield made
    made.close()


on_disk = pytest.mark.parametrize("machine", ON_DISK, indirect=True)


@contents
@pytest.mark.parametrize("from_file", [True, False], ids=["file", "bytes"])
def test_what_is_stored_can_be_read(machine: Machine, content: bytes, from_file: bool) -> None:
    blobs = machine.stores.blobs
    assert not blobs.has(digest_bytes(content))
    digest = blobs.put_file(machine.write_file(content)) if from_file else blobs.put(content)
    assert digest == digest_bytes(content)
    for _ in ("waiting", "durable"):
        assert (blobs.has(digest), blobs.size(digest), blobs.get(digest)) == (True, len(content), content)
        machine.stores.ledger.flush()


@contents
def test_storing_twice_is_storing_once(machine: Machine, content: bytes) -> None:
    blobs = machine.stores.blobs
    location = machine.write_file(content)
    digests = {blobs.put(content), blobs.put(content), blobs.put_file(location), blobs.put_file(location)}
    machine.stores.ledger.flush()
    assert digests | {blobs.put(content)} == {digest_bytes(content)}
    assert blobs.get(digest_bytes(content)) == content


@contents
def test_the_placed_copy_is_private(machine: Machine, content: bytes) -> None:
    blobs = machine.stores.blobs
    location = machine.write_file(content)
    digest = blobs.put_file(location)
    blobs.place(digest, location)
    other = machine.new_location()
    blobs.place(digest, other)
    assert machine.read_file(location) == machine.read_file(other) == content
    assert blobs.get(digest) == content


@pytest.mark.parametrize("digest", [UNKNOWN, "", "sha256:00", "blake3:../../etc/passwd"])
def test_an_unknown_digest_is_not_found(machine: Machine, digest: str) -> None:
    blobs = machine.stores.blobs
    target = machine.new_location()
    for use in (blobs.get, blobs.size, lambda name: blobs.place(name, target)):
        with pytest.raises(NotFound):
            use(digest)


@pytest.mark.parametrize("digest", [UNKNOWN, "", "blake3:../../etc/passwd"])
def test_an_unknown_digest_is_not_there(machine: Machine, digest: str) -> None:
    assert not machine.stores.blobs.has(digest)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_damage_is_found(machine: Machine, content: bytes) -> None:
    blobs = machine.stores.blobs
    digest = blobs.put(content)
    machine.stores.ledger.flush()
    machine.damage(digest)
    with pytest.raises(VerificationFailed, match=digest):
        blobs.get(digest)
    with pytest.raises(VerificationFailed, match=digest):
        blobs.place(digest, machine.new_location())


def test_a_missing_file_cannot_be_stored(machine: Machine) -> None:
    with pytest.raises(StoreUnavailable):
        machine.stores.blobs.put_file(machine.new_location())


@on_disk
def test_a_damaged_copy_is_not_left_behind(machine: Machine) -> None:
    digest = machine.stores.blobs.put(LARGE)
    machine.damage(digest)
    target = Path(machine.new_location())
    with pytest.raises(VerificationFailed):
        machine.stores.blobs.place(digest, str(target))
    assert not target.exists()


@on_disk
def test_the_placed_copy_can_be_written_and_replaces_a_link(machine: Machine) -> None:
    other = Path(machine.write_file(b"precious"))
    target = Path(machine.new_location())
    target.symlink_to(other)
    for content in (SMALL, LARGE):
        machine.stores.blobs.place(machine.stores.blobs.put(content), str(target))
        target.write_bytes(b"changed by the step")
        assert machine.stores.blobs.get(digest_bytes(content)) == content
    assert other.read_bytes() == b"precious"


@on_disk
def test_what_is_no_file_cannot_be_stored(machine: RealMachine) -> None:
    """Above all it does not wait for the other end of a pipe."""
    import os

    os.mkfifo(machine.new_location())
    with pytest.raises(StoreUnavailable, match="not a regular file"):
        machine.stores.blobs.put_file(str(machine.folder / "file-1"))
    with pytest.raises(StoreUnavailable):
        machine.stores.blobs.put_file(str(machine.folder))


def test_a_file_that_was_cut_short_is_replaced(real: RealMachine) -> None:
    digest = real.stores.blobs.put(LARGE)
    (real.state / "blobs" / digest[7:9] / digest[9:]).write_bytes(LARGE[:1000])
    real.stores.blobs.put(LARGE)
    assert real.stores.blobs.get(digest) == LARGE


@pytest.mark.parametrize("machine", ["directory", "s3"], indirect=True)
@pytest.mark.parametrize("content", [SMALL, CONTENTS["several chunks"] * 4], ids=["small", "many parts"])
def test_a_blob_that_was_cut_short_is_replaced(machine: BlobMachine, content: bytes) -> None:
    blobs = machine.stores.blobs
    digest = blobs.put(content)
    machine.stored(digest).write_bytes(content[:5])
    assert blobs.put(content) == digest
    assert blobs.get(digest) == content


def test_a_crash_leaves_no_half_blob(real: RealMachine) -> None:
    real.crash(scenarios.store_and_die)
    stored = {digest: size for digest, size, _ in real.local.blobs.stored()}
    assert stored == {digest_bytes(LARGE): len(LARGE)}
    assert real.stores.blobs.get(digest_bytes(LARGE)) == LARGE


def test_old_blobs_can_be_removed_and_new_ones_not(real: RealMachine) -> None:
    blobs = real.local.blobs
    old = {blobs.put(SMALL), blobs.put(LARGE)}
    real.stores.ledger.flush()
    real.clock.advance(3_600_000)
    litter = real.state / "blobs" / "incoming" / "litter"
    litter.write_bytes(b"half a blob")
    again = {blobs.put(SMALL), blobs.put(LARGE)}
    real.stores.ledger.flush()
    assert again == old
    blobs.remove([*old, UNKNOWN], before=real.clock.now())
    assert {digest for digest, *_ in blobs.stored()} == old
    blobs.remove([*old, UNKNOWN], before=real.clock.now() + 1)
    assert [*blobs.stored()] == []


def test_a_document_tells_what_it_names(real: RealMachine) -> None:
    one, two = digest_bytes(b"1"), digest_bytes(b"2")
    blobs = real.local.blobs
    small = blobs.put(b'{"artifacts":{"rows.csv":"%s"}}' % one.encode())
    # The second name lies across the border of two chunks.
    large = blobs.put(b'{"a":"%s","b":"' % one.encode() + b"x" * (1024 * 1024 - 110) + two.encode() + b'"}')
    other = blobs.put(b"not JSON: " + one.encode())
    assert [blobs.named_in(digest) for digest in (small, large, other)] == [{one}, {one, two}, set()]
