"""Stores that live and die with the process: what a simulation runs on, and what a dry run looks at."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from controller.errors import LedgerInconsistent, NotFound, StoreUnavailable, VerificationFailed
from controller.model.alert import Alert
from controller.model.attempt import AttemptKey
from controller.model.decision import Answer, Command, Decision
from controller.model.digest import DIGEST_PATTERN, Digest, digest_bytes
from controller.model.record import GENESIS
from controller.model.run import RunSpec, RunStatus
from controller.ports.blob_store import BlobStore
from controller.ports.ledger_store import Write
from controller.ports.object_store import Published
from controller.ports.result_cache import CacheEntry


class MemoryBlobStore:
    """Implements BlobStore. A "file" whose location is a digest is content that is known by name only."""

    def __init__(self) -> None:
        self._blobs: dict[Digest, bytes] = {}
        self._named: set[Digest] = set()

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        self._blobs[digest] = content
        return digest

    def put_file(self, location: str) -> Digest:
        if DIGEST_PATTERN.fullmatch(location) is None:
            raise StoreUnavailable(f"a simulation has no file {location}")
        self._named.add(location)
        return location

    def get(self, digest: Digest) -> bytes:
        content = self._blobs.get(digest)
        if content is None:
            raise NotFound(
                f"only the digest {digest} is known, not its content, which a contract or a transformation looks at",
                hint="write the content into the outcomes file, as {text: ...} or {base64: ...}",
            )
        return content

    def has(self, digest: Digest) -> bool:
        return digest in self._blobs or digest in self._named

    def size(self, digest: Digest) -> int:
        return len(self.get(digest))

    def place(self, digest: Digest, location: str) -> None:
        raise VerificationFailed(f"a simulation places no files ({digest} at {location})")


class OverlaidBlobStore(MemoryBlobStore):
    """Implements BlobStore over another one that is only read: what is put here stays in memory."""

    def __init__(self, below: BlobStore) -> None:
        super().__init__()
        self._below = below

    def get(self, digest: Digest) -> bytes:
        return super().get(digest) if super().has(digest) else self._below.get(digest)

    def has(self, digest: Digest) -> bool:
        return super().has(digest) or self._below.has(digest)


class MemoryLedgerStore:
    """Implements LedgerStore."""

    def __init__(self) -> None:
        self._records: dict[str, list[bytes]] = {}
        self._ends: dict[str, tuple[Digest, RunStatus]] = {}

    def append(self, writes: Sequence[Write]) -> None:
        for write in writes:
            records = self._records.setdefault(write.run, [])
            if len(records) != write.first:
                raise LedgerInconsistent(f"record {write.first} of run {write.run} does not follow {len(records) - 1}")
            records += write.records
            self._ends[write.run] = (write.digests[-1], write.status)

    def patience(self) -> int:
        return 10  # as on disk, so that a simulation goes as the real thing does

    def flush(self) -> None:
        pass  # memory is as durable as a simulation needs

    def read(self, run: str, first: int = 0) -> Iterator[bytes]:
        yield from self._records.get(run, [])[first:]

    def head(self, run: str) -> tuple[int, Digest]:
        end = self._ends.get(run)
        return (-1, GENESIS) if end is None else (len(self._records[run]) - 1, end[0])

    def status(self, run: str) -> RunStatus | None:
        end = self._ends.get(run)
        return None if end is None else end[1]


class MemoryObjectStore:
    """Implements ObjectStore, with the published definitions that it is given."""

    def __init__(self, ledger: MemoryLedgerStore, definitions: Sequence[Published] = ()) -> None:
        self._ledger = ledger
        self._runs: dict[str, RunSpec] = {}
        self._definitions = list(definitions)

    def create_run(self, spec: RunSpec) -> bool:
        return self._runs.setdefault(spec.uid, spec) is spec

    def run(self, uid: str) -> RunSpec | None:
        return self._runs.get(uid)

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        return [(spec, self._ledger.status(uid)) for uid, spec in reversed(self._runs.items())]

    def children(self, uid: str) -> Sequence[RunSpec]:
        return [spec for spec in self._runs.values() if spec.parent == uid]

    def delete_run(self, uid: str) -> None:
        self._runs.pop(uid, None)

    def publish(self, definition: Published) -> bool:
        self._definitions.append(definition)
        return True

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        return [one for one in self._definitions if kind in (None, one.kind)]

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        place = self._definitions.index(definition)
        self._definitions[place] = definition._replace(lifecycle=lifecycle, updated_at=now)


class MemoryDecisionSource:
    """Implements DecisionSource."""

    def __init__(self) -> None:
        self._submitted: dict[int, Decision | Command] = {}
        self._answers: dict[int, Answer] = {}
        self._changed = False

    def submit(self, decision: Decision | Command) -> int:
        number = len(self._submitted) + 1
        self._submitted[number] = decision._replace(id=number)
        self._changed = True
        return number

    def pending(self, run: str) -> Sequence[Decision | Command]:
        return [one for number, one in self._submitted.items() if one.run == run and number not in self._answers]

    def answer(self, answers: Sequence[Answer]) -> None:
        self._answers.update({answer.id: answer for answer in answers})

    def answered(self, decision: int) -> Answer | None:
        return self._answers.get(decision)

    def changed(self) -> bool:
        changed, self._changed = self._changed, False
        return changed


class MemoryResultCache:
    """Implements ResultCache, without a bound: it lives no longer than one run."""

    def __init__(self) -> None:
        self._entries: dict[Digest, CacheEntry] = {}

    def get(self, key: Digest, now: int) -> CacheEntry | None:
        entry = self._entries.get(key)
        return entry if entry is not None and entry.expires_at > now else None

    def put(self, entry: CacheEntry) -> None:
        self._entries[entry.key] = entry


class MemorySlotPool:
    """Implements SlotPool for one process."""

    def __init__(self) -> None:
        self._queues: dict[str, dict[AttemptKey, None]] = {}

    def acquire(self, key: str, limit: int, holder: AttemptKey) -> bool:
        queue = self._queues.setdefault(key, {})
        queue.setdefault(holder)
        return holder in islice(queue, limit)

    def release(self, holder: AttemptKey) -> None:
        for queue in self._queues.values():
            queue.pop(holder, None)

    def retain(self, root: str, holders: Collection[AttemptKey]) -> None:  # noqa: ARG002
        """All places are of one tree here."""
        self._queues = {key: {one: None for one in queue if one in holders} for key, queue in self._queues.items()}


class MemoryLeadership:
    """Implements Leadership where nobody else is."""

    def acquire(self, root: str) -> None:
        pass  # there is no other process to share a simulation with

    def release(self, root: str) -> None:
        pass

    def claimed(self, run: str) -> bool:  # noqa: ARG002
        return True

    def claim(self, run: str) -> None:
        pass

    def held(self, root: str) -> bool:
        return bool(root) and False


class MemoryNotifier:
    """Implements Notifier by keeping what was said."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def notify(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def close(self) -> None:
        pass
