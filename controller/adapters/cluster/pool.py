"""Where are the small contents of a run? Beside the records that name them: in the status, and later in the shards.

A step's output of a few hundred bytes is worth no object of its own. Content that fits travels with the record that
names its digest and is as durable as that; what is larger goes to the store for blobs.
"""

import re
from collections.abc import Iterable, Mapping

from controller.model.digest import Digest, digest_bytes

LARGEST = 1024
"""Bytes of content that travels with its record: what a courier may tell by its termination message, and little beside the
480 bytes of the record itself."""

_NAMED = re.compile(rb"blake3:[0-9a-f]{64}")


class Pool:
    """The small contents that a run tree has seen, by digest."""

    def __init__(self) -> None:
        self._contents: dict[Digest, bytes] = {}

    def put(self, content: bytes) -> Digest:
        """Keep content and return its digest."""
        digest = digest_bytes(content)
        self._contents[digest] = content
        return digest

    def get(self, digest: Digest) -> bytes | None:
        """Return what is known by a digest."""
        return self._contents.get(digest)

    def named(self, records: Iterable[bytes]) -> dict[Digest, str]:
        """Return the contents that records name, as `status.contents` holds them."""
        found: dict[Digest, str] = {}
        for record in records:
            for name in _NAMED.findall(record):
                digest = name.decode()
                content = self._contents.get(digest)
                if content is not None:
                    found[digest] = content.decode()
        return found

    def learn(self, contents: Mapping[Digest, str]) -> None:
        """Take up contents that were stored, as far as they are what their digest says."""
        for digest, text in contents.items():
            content = text.encode()
            if digest_bytes(content) == digest:
                self._contents[digest] = content
