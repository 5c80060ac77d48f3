"""Servers that are away, buckets that are not there, keys that are wrong: one family of errors, and quickly."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.adapters import s3_blob_store
from controller.adapters.s3_blob_store import Bucket, S3Blobs, S3BlobStore, store_of
from controller.errors import NotFound, StoreUnavailable
from controller.model.digest import digest_bytes
from tests.contract.blob_machines import Gateway, bucket_of, s3_server

DIGEST = digest_bytes(b"1")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with s3_server(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def nobody_there(_: Gateway) -> Bucket:
    return Bucket("bucket", endpoint="http://127.0.0.1:1", allow_http=True, access_key="a", secret_key="b")


def no_bucket(gateway: Gateway) -> Bucket:
    return Bucket(
        "no-bucket", "", gateway.address, allow_http=True, access_key="libretto", secret_key=gateway.secret_key
    )


def wrong_key(gateway: Gateway) -> Bucket:
    name = "guarded"
    if not (gateway.folder / name).exists():
        (gateway.folder / name).mkdir()
    return Bucket(name, "", gateway.address, allow_http=True, access_key="libretto", secret_key="guessed")


@pytest.mark.parametrize("bucket", [nobody_there, no_bucket, wrong_key])
def test_what_is_wrong_outside_is_one_family(
    bucket: Callable[[Gateway], Bucket], gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_blob_store, "RETRIES", 0)
    store = store_of(bucket(gateway))
    blobs = S3BlobStore(store)
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(StoreUnavailable) as refused:
        blobs.put(b"1")
    assert "\n" not in refused.value.message
    with pytest.raises(StoreUnavailable):
        blobs.put_file(str(tmp_path / "file"))
    with pytest.raises(StoreUnavailable):
        asyncio.run(S3Blobs(store).put(DIGEST, b"1"))


def test_the_operator_puts_and_gets_whole_blobs(gateway: Gateway) -> None:
    blobs = S3Blobs(store_of(bucket_of(gateway, "whole")))
    large = bytes(range(256)) * 50_000

    async def play() -> None:
        for content in (b"", b"small", large):
            digest = digest_bytes(content)
            assert await blobs.size(digest) is None
            for _ in range(2):
                await blobs.put(digest, content)
            assert (await blobs.size(digest), await blobs.get(digest)) == (len(content), content)
        for digest in (digest_bytes(b"unknown"), "", "blake3:../x"):
            with pytest.raises(NotFound):
                await blobs.get(digest)
            with pytest.raises(NotFound):
                await blobs.send(digest)

    asyncio.run(play())
