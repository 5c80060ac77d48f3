"""Where is content that is too large for the ledger? Behind a store of the cluster, which a fiber can wait for."""

from collections.abc import Callable
from typing import Protocol

from controller.adapters.cluster import fiber
from controller.adapters.cluster.pool import LARGEST, Pool
from controller.errors import VerificationFailed
from controller.model.digest import Digest, digest_bytes


class LargeBlobs(Protocol):
    """Content by digest, asynchronously. Raises NotFound, StoreUnavailable."""

    async def put(self, digest: Digest, content: bytes) -> None:
        """Store; twice is once."""

    async def get(self, digest: Digest) -> bytes:
        """Return the content."""

    async def size(self, digest: Digest) -> int | None:
        """Return the number of bytes; None where there is no such blob."""

    async def offer(self, digest: Digest) -> None:
        """Make sure that couriers find what was published for definitions."""


class ClusterBlobStore:
    """Implements BlobStore for one run tree: what is small stays with the records, the rest goes to a store."""

    def __init__(self, pool: Pool, large: LargeBlobs, warm: Callable[[Digest], bytes | None] = lambda _: None) -> None:
        """`warm` gives what this process knows already, e.g. the snapshots that many runs share."""
        self._pool = pool
        self._large = large
        self._warm = warm

    def put(self, content: bytes) -> Digest:
        if len(content) <= LARGEST and _is_text(content):
            return self._pool.put(content)
        digest = digest_bytes(content)
        fiber.wait(self._large.put(digest, content))
        return digest

    def put_file(self, location: str) -> Digest:
        """The courier stored it and told its digest, which is its location."""
        return location

    def get(self, digest: Digest) -> bytes:
        known = self._pool.get(digest)
        known = self._warm(digest) if known is None else known  # empty content is content
        if known is not None:
            return known
        content = fiber.wait(self._large.get(digest))
        if digest_bytes(content) != digest:
            raise VerificationFailed(f"blob {digest} does not match its digest")
        return content

    def has(self, digest: Digest) -> bool:
        return self._pool.get(digest) is not None or fiber.wait(self._large.size(digest)) is not None

    def size(self, digest: Digest) -> int:
        known = self._pool.get(digest)
        found = len(known) if known is not None else fiber.wait(self._large.size(digest))
        return found if found is not None else len(self.get(digest))

    def offer(self, digest: Digest) -> None:
        """Make sure that couriers find what was published for definitions, such as files of agents. Raises NotFound."""
        fiber.wait(self._large.offer(digest))

    def place(self, digest: Digest, location: str) -> None:
        raise VerificationFailed(f"on a cluster the courier places files ({digest} at {location})")


def _is_text(content: bytes) -> bool:
    """What travels with records must be text; everything of ours is."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
