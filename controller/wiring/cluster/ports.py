"""The ports of one run tree that are made of its Run objects."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.ledger_store import StatusLedgerStore
from controller.adapters.cluster.run_object import admitted, child_object, key_uid, parent_uid
from controller.errors import AlreadyExists, InvariantViolated, NotFound
from controller.model.attempt import Launch
from controller.model.run import RunSpec, RunStatus
from controller.ports.blob_store import BlobStore
from controller.ports.object_store import Published

if TYPE_CHECKING:
    from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]


class TreeRuns:
    """Implements ObjectStore for the runs of one tree, and gives the ledger their objects."""

    def __init__(self, shared: "Shared", namespace: str, root: str) -> None:
        self._shared = shared
        self._namespace = namespace
        self._root = root
        self._specs: dict[str, RunSpec] = {}
        self._blobs: BlobStore | None = None

    def admitted(self, root: RunSpec, blobs: BlobStore) -> None:
        """Note what the root executes; snapshots of its children are looked up in `blobs`."""
        self._specs[root.uid] = root
        self._blobs = blobs

    # For the ledger

    def find(self, run: str) -> Json | None:
        return self._shared.caches.run(run)

    def write_status(self, run: str, status: Json) -> None:
        found = self.find(run)
        if found is None:
            raise NotFound(f"run {run} is gone")
        fiber.wait(self._shared.write_status(found, status))

    def owner(self) -> Json:
        """Return the object that owns what the tree stores."""
        found = self.find(self._root)
        if found is None:
            raise NotFound(f"run {self._root} is gone")
        return found

    def owner_of(self, run: str) -> Json:
        """Return the object of a run, which owns its shards."""
        found = self.find(run)
        if found is None:
            raise NotFound(f"run {run} is gone")
        return found

    def place_of(self, launch: Launch) -> Place:
        """Return where the Job of an attempt belongs."""
        return self._shared.place(self.owner_of(launch.key.run), self._root)

    # The port

    def create_run(self, spec: RunSpec) -> bool:
        self._specs.setdefault(spec.uid, spec)
        if self.find(spec.uid) is not None:
            return False
        if spec.parent is None:
            raise NotFound(f"run {spec.uid} is gone")
        body = child_object(spec, self.owner_of(spec.parent), self.owner())
        try:
            made = fiber.wait(self._shared.create_run(body))
        except AlreadyExists:
            made = fiber.wait(self._shared.fetch_run(self._namespace, body["metadata"]["name"]))
            if key_uid(made) != spec.uid:
                raise InvariantViolated(
                    f"Run {body['metadata']['name']} is somebody else's: the name is taken"
                ) from None
            return False
        return True

    def run(self, uid: str) -> RunSpec | None:
        known = self._specs.get(uid)
        found = self.find(uid) if known is None else None
        if found is None:
            return known
        return self.spec(uid)

    def spec(self, uid: str) -> RunSpec:
        """Return what a run of the tree executes. Raises NotFound."""
        known = self._specs.get(uid)
        if known is None:
            found = self.owner_of(uid)
            assert self._blobs is not None  # the root was admitted first
            digest = found["spec"]["parent"]["snapshot"]
            snapshot = self._shared.snapshots.get(digest, self._blobs)
            known = admitted(found, snapshot, digest, self._shared.default_max_parallel)
            self._specs[uid] = known
        return known

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        """A tree does not look at other runs."""
        raise InvariantViolated("a driver lists no runs")

    def children(self, uid: str) -> Sequence[RunSpec]:
        found = [one for one in self._shared.caches.tree(self._root) if parent_uid(one) == uid]
        return [self.spec(key_uid(one)) for one in sorted(found, key=_age)]

    def delete_run(self, uid: str) -> None:
        raise InvariantViolated(f"run {uid} is deleted by whoever owns it, not by its driver")

    def publish(self, definition: Published) -> bool:
        raise InvariantViolated(f"{definition.name} is published with kubectl or from Git, not by a driver")

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        """A driver plays a snapshot."""
        raise InvariantViolated(f"a driver looks up no definitions ({kind})")

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        raise InvariantViolated(f"{definition.name} stays as it is: {lifecycle} at {now} is no business of a driver")


class ShardLeadership:
    """Implements Leadership where a Lease says who leads the shard, and the epoch in a run's status who acts for it."""

    def __init__(self, ledger: StatusLedgerStore) -> None:
        self._ledger = ledger

    def acquire(self, root: str) -> None:
        """Trees are driven only while the Lease is held."""

    def release(self, root: str) -> None:
        """The Lease is given back for all of them."""

    def claimed(self, run: str) -> bool:
        return self._ledger.claimed(run)

    def claim(self, run: str) -> None:
        self._ledger.claim(run)

    def held(self, root: str) -> bool:
        return self._ledger.claimed(root)


def _age(one: Mapping[str, Any]) -> tuple[str, str]:
    return one["metadata"]["creationTimestamp"], one["metadata"]["name"]
