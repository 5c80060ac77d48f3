"""Where the evidence of a run lies: in a state directory, in a namespace of a cluster, or in a bundle."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from controller.adapters.bundle import Container
from controller.adapters.process.layout import LOG
from controller.adapters.state_directory import StateDirectory
from controller.errors import NotFound
from controller.model.digest import Digest
from controller.model.run import RunSpec
from controller.runtime.proof.bundle import BundledEvidence, verify_bundle
from controller.runtime.proof.evidence import Log, StoredEvidence
from controller.runtime.proof.verify import Verification, verify
from controller.wiring.local import Local


def stored(local: Local, root: RunSpec) -> StoredEvidence:
    """Return the evidence of a run tree in an opened state directory or namespace."""
    stores, remote = local.stores, getattr(local, "remote", None)
    if remote is not None:
        # The logs stay with the pods.
        blobs, place = remote.stores.blobs, f"namespace {remote.namespace}"
        return StoredEvidence(root, stores.objects, stores.ledger, blobs.legible, lambda *_: iter(()), place)

    def content(digest: Digest) -> bytes | None:
        try:
            return stores.blobs.found(digest)
        except NotFound:
            return None

    return StoredEvidence(root, stores.objects, stores.ledger, content, logs_in(local.directory))


def logs_in(directory: StateDirectory) -> Callable[[str, str], Iterator[Log]]:
    """Return what gives the logs of a run, by root and run."""

    def logs(root: str, run: str) -> Iterator[Log]:
        steps = directory.tree(root) / "steps" / run
        for path in sorted(steps.glob(f"*/*/{LOG}")):
            if path.is_file() and not path.is_symlink():
                yield Log(path.parent.relative_to(steps).as_posix(), path.read_bytes())

    return logs


def verify_file(path: Path, head: Digest | None = None) -> Verification:
    """Verify an exported bundle. Raises NotFound, StoreUnavailable, StateTooNew, VerificationFailed (no bundle at all)."""
    container = Container.open(path)
    with closing(container):
        return verify_bundle(container, head)


def verify_run(local: Local, root: RunSpec, head: Digest | None = None) -> Verification:
    """Verify a run tree of a state directory. Raises StateTooNew, StoreUnavailable."""
    return verify(stored(local, root), head)


def evidence_in(path: Path) -> BundledEvidence:
    """Return the evidence in a bundle, to be verified before it is shown. Raises as `verify_file` does."""
    return BundledEvidence(Container.open(path))
