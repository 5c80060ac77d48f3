"""BlobStore: content by digest."""

from typing import Protocol

from controller.model.digest import Digest


class BlobStore(Protocol):
    """Content-addressed and append-only: storing twice is storing once.

    A blob is durable at the latest when the next `LedgerStore.append` that names it is. Raises StoreUnavailable,
    DiskFull; NotFound for an unknown digest; VerificationFailed when stored bytes do not match their digest.
    """

    def put(self, content: bytes) -> Digest:
        """Store and return the digest."""

    def put_file(self, location: str) -> Digest:
        """Store a file of the same machine, streaming, and return the digest."""

    def get(self, digest: Digest) -> bytes:
        """Return the content, checked against its digest."""

    def has(self, digest: Digest) -> bool:
        """Return whether the blob is stored."""

    def size(self, digest: Digest) -> int:
        """Return the number of bytes."""

    def place(self, digest: Digest, location: str) -> None:
        """Put a private, writable copy of the blob at `location` (a path), checked on the way."""
