"""What `libretto clean` removes: settled run trees beyond the limits, and then blobs that nothing refers to any more."""

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from controller.errors import Busy, StoreUnavailable
from controller.model.digest import DIGEST_PATTERN, Digest
from controller.model.retention import Retention
from controller.model.run import RunSpec, RunStatus
from controller.ports.leadership import Leadership
from controller.ports.ledger_store import LedgerStore
from controller.ports.object_store import ObjectStore

GRACE_MS = 3_600_000
"""Blobs stored within the last hour stay. A running run stores a blob milliseconds before it names it; an hour also
forgives a slow disk and a clock that was set."""

_DIGEST = re.compile(DIGEST_PATTERN.pattern.encode())


class Tree(NamedTuple):
    """A root run with all its children."""

    root: str
    runs: tuple[str, ...]
    settled: bool
    """Whether all of its runs are."""
    ended_at: int
    """When the last of them ended; when the root was asked for, where none has."""
    size: int
    """Bytes of its folder and its ledgers."""


class Removal(NamedTuple):
    """A tree that goes."""

    tree: Tree
    limit: str
    """The limit that it breaks: `age`, `runs` or `size`."""


class Cleaned(NamedTuple):
    """What was removed, or would be."""

    removed: tuple[Removal, ...]
    busy: tuple[Tree, ...]
    """Trees that were to go but are in use."""
    blobs: int
    """Number of blobs."""
    blob_bytes: int


class KeptBlobs(Protocol):
    """A BlobStore that lists and forgets."""

    def stored(self) -> Iterable[tuple[Digest, int, int]]:
        """Yield every blob: digest, bytes, when it was last stored (milliseconds since the epoch)."""

    def named_in(self, digest: Digest) -> Collection[Digest]:
        """Return the digests that a stored JSON document names."""

    def remove(self, digests: Collection[Digest], before: int) -> None:
        """Remove those that were last stored before `before`."""


class MeasuredLedger(LedgerStore, Protocol):
    """A LedgerStore that knows its size."""

    def size(self, run: str) -> int:
        """Return the bytes that the records of a run take."""


def plan(trees: Sequence[Tree], retention: Retention, now: int) -> tuple[Removal, ...]:
    """Return what goes, the oldest first. Pure."""
    oldest_first = sorted((tree for tree in trees if tree.settled), key=lambda tree: (tree.ended_at, tree.root))
    total = sum(tree.size for tree in trees)
    removals = []
    for position, tree in enumerate(oldest_first):
        kept = len(oldest_first) - position
        if retention.age_ms is not None and now - tree.ended_at > retention.age_ms:
            limit = "age"
        elif retention.runs is not None and kept > retention.runs:
            limit = "runs"
        elif retention.size is not None and total > retention.size:
            limit = "size"
        else:
            # All later trees are younger, and the totals stay as they are.
            break
        removals.append(Removal(tree, limit))
        total -= tree.size
    return tuple(removals)


class Cleaner:
    """Surveys and removes. `working` tells, for a root's uid, whether steps of the tree still run."""

    def __init__(
        self,
        objects: ObjectStore,
        ledger: MeasuredLedger,
        blobs: KeptBlobs,
        cached: Callable[[], Iterable[Digest]],
        leadership: Leadership,
        working: Callable[[str], bool],
        runs: Path,
    ) -> None:
        self._objects = objects
        self._ledger = ledger
        self._blobs = blobs
        self._cached = cached
        self._leadership = leadership
        self._working = working
        self._runs = runs

    def clean(self, retention: Retention, now: int, *, dry_run: bool = False) -> Cleaned:
        """Remove what is beyond the limits; with `dry_run` only tell.

        Raises StoreUnavailable when a folder cannot be removed: cleaning again goes on where it stopped.
        """
        removed, busy = [], []
        for removal in plan(self.survey(), retention, now):
            tree = removal.tree
            if not self._in_use(tree.root) if dry_run else self._remove(tree):
                removed.append(removal)
            else:
                busy.append(tree)
        gone = {run for removal in removed for run in removal.tree.runs}
        unnamed = self._unnamed(gone, now - GRACE_MS)
        if not dry_run:
            self._blobs.remove(unnamed, now - GRACE_MS)
        return Cleaned(tuple(removed), tuple(busy), len(unnamed), sum(unnamed.values()))

    def survey(self) -> list[Tree]:
        """Return all run trees."""
        members: dict[str, list[tuple[RunSpec, RunStatus | None]]] = {}
        for spec, status in self._objects.runs():
            members.setdefault(spec.root, []).append((spec, status))
        return [self._tree(root, runs) for root, runs in members.items()]

    def _tree(self, root: str, runs: Sequence[tuple[RunSpec, RunStatus | None]]) -> Tree:
        moments = [status.ended_at for _, status in runs if status and status.ended_at is not None]
        return Tree(
            root,
            tuple(spec.uid for spec, _ in runs),
            all(status is not None and status.state.settled for _, status in runs),
            max(moments, default=max(spec.created_at for spec, _ in runs)),
            _bytes_below(self._runs / root) + sum(self._ledger.size(spec.uid) for spec, _ in runs),
        )

    def _in_use(self, root: str) -> bool:
        return self._leadership.held(root) or self._working(root)

    def _remove(self, tree: Tree) -> bool:
        """Remove a tree; return False when it is in use, also when it went on since the survey."""
        try:
            self._leadership.acquire(tree.root)
        except Busy:
            return False
        try:
            if self._working(tree.root) or not self._still_settled(tree):
                return False
            # The folder first: a tree that is half removed is still listed, and the next cleaning meets it again.
            _remove_folder(self._runs / tree.root)
            for run in tree.runs:
                self._objects.delete_run(run)
        finally:
            self._leadership.release(tree.root)
        return True

    def _still_settled(self, tree: Tree) -> bool:
        statuses = [self._ledger.status(run) for run in tree.runs]
        return all(status is not None and status.state.settled for status in statuses)

    def _unnamed(self, gone: Collection[str], before: int) -> dict[Digest, int]:
        """Return the old blobs, with their sizes, that nothing which stays leads to."""
        stored = {digest: (size, moment) for digest, size, moment in self._blobs.stored()}
        named: set[Digest] = set()
        fresh = list(self._named_directly(gone))
        while fresh:
            digest = fresh.pop()
            if digest in stored and digest not in named:
                named.add(digest)
                fresh.extend(self._blobs.named_in(digest))
        return {digest: size for digest, (size, moment) in stored.items() if digest not in named and moment < before}

    def _named_directly(self, gone: Collection[str]) -> Iterator[Digest]:
        yield from self._cached()
        for published in self._objects.definitions():
            yield from published.files.values()
        for spec, _ in self._objects.runs():
            if spec.uid not in gone:
                yield spec.snapshot
                yield spec.definition
                for content in self._ledger.read(spec.uid):
                    yield from (text.decode() for text in _DIGEST.findall(content))


def _bytes_below(folder: Path) -> int:
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                total += (Path(path) / name).lstat().st_size
    return total


def _remove_folder(folder: Path) -> None:
    """Remove a folder with all that steps left in it, also what they made read-only."""
    try:
        for path, folders, _ in os.walk(folder):
            for name in folders:
                below = Path(path) / name
                if not below.is_symlink():
                    below.chmod(0o700)
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise StoreUnavailable(f"cannot remove {folder}: {error}") from error
