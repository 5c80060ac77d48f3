"""Machines of the stores that keep nothing but blobs: a directory, and a bucket of a real S3 server."""

import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from controller.adapters.file_blob_store import FileBlobStore
from controller.adapters.s3_blob_store import Bucket, S3BlobStore, store_of
from controller.model.digest import Digest
from controller.ports.blob_store import BlobStore
from tests.cluster import binaries


class Ledger:
    """Nothing waits for a ledger: these stores are durable at once."""

    def flush(self) -> None: ...


class BlobStores(NamedTuple):
    blobs: BlobStore
    ledger: Ledger = Ledger()


class BlobMachine:
    """A store, and files of this machine beside it."""

    def __init__(self, folder: Path, blobs: BlobStore) -> None:
        self.folder = folder
        self.stores = BlobStores(blobs)
        self._files = 0

    def write_file(self, content: bytes) -> str:
        location = self.new_location()
        Path(location).write_bytes(content)
        return location

    def read_file(self, location: str) -> bytes:
        return Path(location).read_bytes()

    def new_location(self) -> str:
        self._files += 1
        return str(self.folder / f"file-{self._files}")

    def stored(self, digest: Digest) -> Path:
        """Where the bytes of a blob lie in the end."""
        raise NotImplementedError

    def damage(self, digest: Digest) -> None:
        path = self.stored(digest)
        path.write_bytes(b"x" * path.stat().st_size)

    def close(self) -> None:
        """There is nothing to close."""


class Directory(BlobMachine):
    def __init__(self, folder: Path) -> None:
        self._blobs = folder / "volume"
        super().__init__(folder, FileBlobStore(self._blobs))

    def stored(self, digest: Digest) -> Path:
        return self._blobs / "blake3" / digest[7:9] / digest[9:]


class Gateway(Protocol):
    """An S3 server over a folder: versitygw, whose buckets are folders and whose objects are files."""

    @property
    def address(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...


class _Gateway(NamedTuple):
    address: str
    folder: Path
    access_key: str
    secret_key: str


class S3Bucket(BlobMachine):
    def __init__(self, folder: Path, gateway: Gateway) -> None:
        name = f"bucket-{secrets.token_hex(4)}"
        self.bucket = bucket_of(gateway, name)
        self._root = gateway.folder / name / self.bucket.prefix
        super().__init__(folder, S3BlobStore(store_of(self.bucket)))

    def stored(self, digest: Digest) -> Path:
        return self._root / "blake3" / digest[7:9] / digest[9:]


def bucket_of(gateway: Gateway, name: str) -> Bucket:
    """Make a bucket."""
    (gateway.folder / name).mkdir()
    return Bucket(
        name,
        prefix="some/where",
        endpoint=gateway.address,
        allow_http=True,
        access_key=gateway.access_key,
        secret_key=gateway.secret_key,
    )


@contextmanager
def s3_server(folder: Path, host: str = "127.0.0.1") -> Iterator[Gateway]:
    """Run an S3 server. It listens at an address of this machine when this returns."""
    program = binaries.find("versitygw")["versitygw"]
    data = folder / "s3"
    data.mkdir()
    access, secret = "libretto", secrets.token_hex(16)
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--port", f"{host}:{port}", "posix", data],
            env={**os.environ, "ROOT_ACCESS_KEY": access, "ROOT_SECRET_KEY": secret},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for((host, port), process, folder / "s3.log")
        yield _Gateway(f"http://{host}:{port}", data, access, secret)
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(place: tuple[str, int], process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(1000):
        with socket.socket() as stream:
            stream.settimeout(1)
            if stream.connect_ex(place) == 0:
                return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"the S3 server does not listen: {log.read_text()}")
