"""Large results by way of each kind of store: a bucket, a directory, and stores that take whole blobs."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from controller.adapters.results_service.blobs import Blobs, Gathered, Memory, Owner
from controller.adapters.results_service.limits import Limits
from controller.adapters.s3_blob_store import Bucket, S3Blobs, S3BlobStore, store_of
from controller.model.digest import digest_bytes
from tests.contract.blob_machines import Gateway, bucket_of, s3_server
from tests.courier.pod import Pod, entry
from tests.courier.serving import Serving

LARGE = os.urandom(1 << 20) * 40
"""Several parts of a multipart upload."""

FILES = {"output.json": json.dumps("x" * 5000).encode(), "artifacts/large": LARGE, "artifacts/small": b"1"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with s3_server(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def bucket(gateway: Gateway, tmp_path: Path) -> Bucket:
    return bucket_of(gateway, f"b-{tmp_path.name.replace('_', '-').lower()[-40:]}")


def test_a_bucket(tmp_path: Path, bucket: Bucket) -> None:
    def of(namespace: str, _: Owner | None) -> Blobs:
        return S3Blobs(store_of(bucket._replace(prefix=f"libretto/{namespace}")))

    with Serving(tmp_path, of).running() as serving:
        pod = Pod(tmp_path)
        pod.reaches(serving.url, serving.token())
        assert pod.stage() == 0
        pod.program(FILES)
        assert pod.publish() == 0
        assert pod.message["artifacts"] == [entry("large", LARGE), entry("small", b"1")]
        blobs = S3BlobStore(store_of(bucket._replace(prefix="libretto/team-a")))
        assert [blobs.get(digest_bytes(content)) for content in FILES.values()] == [*FILES.values()]
        pod.reset()
        plan = [{"path": "step/inputs/load/large", "digest": digest_bytes(LARGE)}]
        assert pod.stage(1, plan) == 0
        assert (pod.step / "inputs/load/large").read_bytes() == LARGE
        pod.reset()
        assert pod.stage(1, [{"path": "step/inputs/a", "digest": digest_bytes(b"unknown")}]) == 64


def test_a_bucket_keeps_nothing_of_what_was_not_whole(bucket: Bucket, gateway: Gateway) -> None:
    blobs = S3Blobs(store_of(bucket))

    async def play(size: int) -> None:
        async def content() -> AsyncIterator[bytes]:
            for _ in range(size >> 20):
                await asyncio.sleep(0)
                yield bytes(1 << 20)
            raise ValueError("broken off")

        with pytest.raises(ValueError, match="broken off"):
            await blobs.receive(digest_bytes(b"x"), size + 1, content())
        assert await blobs.size(digest_bytes(b"x")) is None

    for size in (1 << 20, 30 << 20):
        asyncio.run(play(size))
    # A part that was on its way when the upload was given up may stay, outside of any key.
    assert [path.name for path in (gateway.folder / bucket.name).iterdir()] == [".sgwtmp"]


class InMemory:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, digest: str, content: bytes) -> None:
        self.kept[digest] = content

    async def get(self, digest: str) -> bytes:
        return self.kept[digest]

    async def size(self, digest: str) -> int | None:
        return len(self.kept[digest]) if digest in self.kept else None


def test_a_store_of_whole_blobs(tmp_path: Path) -> None:
    store, memory = InMemory(), Memory(3 << 20)
    with Serving(tmp_path, lambda *_: Gathered(store, memory)).running() as serving:
        pod = Pod(tmp_path)
        pod.reaches(serving.url, serving.token())
        assert pod.stage() == 0
        pod.program({**FILES, "artifacts/large": LARGE[: 2 << 20]})
        assert pod.publish() == 0
        assert len(store.kept) == 3
        pod.reset()
        assert pod.stage(1, [{"path": "step/inputs/a", "digest": digest_bytes(LARGE[: 2 << 20])}]) == 0
        pod.program(FILES)
        assert pod.publish() == 1
        (problem,) = pod.message["problems"]
        assert "artifact large could not be stored: a blob of 41943040 bytes is larger than" in problem
        assert "set up an S3 bucket" in problem


def test_a_refusal_comes_before_the_content(tmp_path: Path) -> None:
    with Serving(tmp_path / "kept", limits=Limits(largest_blob=1 << 20)).running() as serving:
        pod = Pod(tmp_path)
        pod.reaches(serving.url, serving.token())
        assert pod.stage() == 0
        pod.program(FILES)
        assert pod.publish() == 1
        assert pod.message["problems"] == [
            f"artifact large could not be stored: {len(LARGE)} bytes; at most {1 << 20} are taken (HTTP 413)"
        ]
