"""Snapshots that many runs share, kept in memory: decoding one costs more than driving a short run."""

from collections import OrderedDict
from collections.abc import Callable

from controller.definition.snapshot import Snapshot
from controller.model.digest import Digest, digest_bytes
from controller.ports.blob_store import BlobStore

SNAPSHOT = "snapshot"
"""Kind label of the ConfigMaps of snapshots."""

MOST = 256
"""Snapshots in memory: more than a namespace has definitions that run at one time."""


class Snapshots:
    """The snapshots that this process knows, by digest, least recently used ones forgotten."""

    def __init__(self) -> None:
        self._decoded: OrderedDict[Digest, Snapshot] = OrderedDict()
        self._contents: dict[Digest, bytes] = {}
        self._stored: set[tuple[str, Digest]] = set()

    def get(self, digest: Digest, blobs: BlobStore) -> Snapshot:
        """Return a snapshot, from `blobs` where it is not known. Raises NotFound, VerificationFailed, StateTooNew."""
        found = self._decoded.get(digest)
        if found is None:
            content = blobs.get(digest)
            found = self._decoded[digest] = Snapshot.decode(content)
            self._contents[digest] = content
            while len(self._decoded) > MOST:
                forgotten, _ = self._decoded.popitem(last=False)
                self._contents.pop(forgotten, None)
                self._stored = {(place, one) for place, one in self._stored if one != forgotten}
        self._decoded.move_to_end(digest)
        return found

    def content(self, digest: Digest) -> bytes | None:
        """Return the bytes of a snapshot that is known."""
        return self._contents.get(digest)

    def storing(self, namespace: str, blobs: BlobStore, put: Callable[[Digest, bytes], None]) -> BlobStore:
        """Return `blobs`, but with snapshots put once per namespace, where all runs of it find them."""
        return _Storing(self, namespace, blobs, put)

    def keep(self, namespace: str, content: bytes, put: Callable[[Digest, bytes], None]) -> Digest:
        """Store a snapshot unless this process has stored it in the namespace before."""
        digest = digest_bytes(content)
        if (namespace, digest) not in self._stored:
            put(digest, content)
            self._stored.add((namespace, digest))
        self._contents[digest] = content
        return digest


class _Storing:
    """A BlobStore through which `admit` stores the snapshot."""

    def __init__(
        self, snapshots: Snapshots, namespace: str, blobs: BlobStore, put: Callable[[Digest, bytes], None]
    ) -> None:
        self._snapshots = snapshots
        self._namespace = namespace
        self._blobs = blobs
        self._put = put

    def put(self, content: bytes) -> Digest:
        return self._snapshots.keep(self._namespace, content, self._put)

    def put_file(self, location: str) -> Digest:
        return self._blobs.put_file(location)

    def get(self, digest: Digest) -> bytes:
        return self._blobs.get(digest)

    def has(self, digest: Digest) -> bool:
        return self._blobs.has(digest)

    def size(self, digest: Digest) -> int:
        return self._blobs.size(digest)

    def place(self, digest: Digest, location: str) -> None:
        self._blobs.place(digest, location)
