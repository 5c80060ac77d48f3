"""Looking at runs without driving them: the state of a tree as its ledgers say, folded afresh."""

from collections.abc import Sequence

from controller.definition.snapshot import Snapshot
from controller.errors import Ambiguous, NotFound
from controller.model.run import RunSpec
from controller.ports.blob_store import BlobStore
from controller.ports.ledger_store import LedgerStore
from controller.ports.object_store import ObjectStore
from controller.runtime.admit import snapshot_of
from controller.runtime.member import Member


class Look:
    """Reads runs out of the stores."""

    def __init__(self, objects: ObjectStore, ledger: LedgerStore, blobs: BlobStore) -> None:
        self._objects = objects
        self._ledger = ledger
        self._blobs = blobs
        self._snapshots: dict[str, Snapshot] = {}

    def find(self, name: str) -> RunSpec:
        """Return the run with this id, prefix of an id, or `latest` (the youngest root). Raises NotFound, Ambiguous."""
        specs = [spec for spec, _ in self._objects.runs()]
        roots = [spec for spec in specs if spec.parent is None]
        if name == "latest":
            if not roots:
                raise NotFound("there are no runs yet", hint="libretto run PATH starts one")
            return roots[0]
        if not name:
            raise NotFound("a run without a name", hint="write `latest`, or how its id begins; libretto list shows all")
        matches = [spec for spec in specs if spec.uid.startswith(name.upper())]
        exact = [spec for spec in matches if spec.uid == name.upper()]
        if exact or len(matches) == 1:
            return (exact or matches)[0]
        if not matches:
            raise NotFound(f"no run begins with {name}", hint="libretto list shows all runs")
        ids = ", ".join(spec.uid for spec in matches[:5])
        raise Ambiguous(f"{len(matches)} runs begin with {name}: {ids}", hint="give more characters")

    def member(self, spec: RunSpec) -> Member:
        """Return a run as its ledger says."""
        snapshot = self._snapshots.get(spec.snapshot)
        if snapshot is None:
            snapshot = self._snapshots[spec.snapshot] = snapshot_of(self._blobs, spec)
        return Member.load(spec, snapshot, self._ledger)

    def root(self, spec: RunSpec) -> RunSpec:
        """Return the root of the tree that a run belongs to."""
        root = self._objects.run(spec.root)
        if root is None:
            raise NotFound(f"the root {spec.root} of run {spec.uid} is gone")
        return root

    def tree(self, spec: RunSpec) -> Sequence[RunSpec]:
        """Return a run and all its descendants, parents before their children."""
        found = [spec]
        for child in self.children(spec):
            found += self.tree(child)
        return found

    def children(self, spec: RunSpec) -> Sequence[RunSpec]:
        """Return the direct children of a run.

        One without records was about to begin when the process died, and then the run took another way: litter.
        """
        return [child for child in self._objects.children(spec.uid) if self._ledger.head(child.uid)[0] >= 0]
