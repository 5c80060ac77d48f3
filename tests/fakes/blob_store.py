"""Blobs in memory; locations are names in `Disk.files`."""

from controller.errors import NotFound, StoreUnavailable, VerificationFailed
from controller.model.digest import Digest, digest_bytes
from tests.fakes.disk import Disk


class InMemoryBlobStore:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        blobs = self._disk.blobs
        if digest not in blobs:
            blobs[digest] = content
            self._disk.change(lambda: blobs.pop(digest, None))
        return digest

    def put_file(self, location: str) -> Digest:
        if location not in self._disk.files:
            raise StoreUnavailable(f"there is no file {location}")
        return self.put(self._disk.files[location])

    def get(self, digest: Digest) -> bytes:
        content = self._stored(digest)
        if digest_bytes(content) != digest:
            raise VerificationFailed(f"the stored bytes of blob {digest} do not match it")
        return content

    def has(self, digest: Digest) -> bool:
        return digest in self._disk.blobs

    def size(self, digest: Digest) -> int:
        return len(self._stored(digest))

    def place(self, digest: Digest, location: str) -> None:
        self._disk.files[location] = self.get(digest)

    def _stored(self, digest: Digest) -> bytes:
        if digest not in self._disk.blobs:
            raise NotFound(f"there is no blob {digest}")
        return self._disk.blobs[digest]
