"""A cluster behind the command line: what `Local` is for a state directory."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from controller.adapters.clock import SystemClock
from controller.adapters.cluster import fiber
from controller.adapters.cluster.blob_store import ClusterBlobStore, LargeBlobs
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import FILE, ConfigMapBlobs
from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.kubeconfig import from_kubeconfig
from controller.adapters.cluster.ledger_store import StatusLedgerStore
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pod_logs import PodLog
from controller.adapters.cluster.pod_progress import PodProgress
from controller.adapters.cluster.pool import Pool
from controller.adapters.cluster.published import DefinitionObjects
from controller.adapters.cluster.reading import ClusterObjects
from controller.adapters.cluster.run_object import key_uid, parent_uid
from controller.adapters.cluster.run_objects import RunObjects
from controller.adapters.cluster.shards import ConfigMapShards
from controller.adapters.cluster.submitting import ObjectDecisions, Person
from controller.adapters.configuration import Configuration
from controller.errors import Ambiguous, NotFound, Refused, VerificationFailed
from controller.model.attempt import AttemptKey
from controller.model.digest import Digest, digest_bytes
from controller.model.record import Actor
from controller.wiring.remote_results import RemoteResults

ELSEWHERE = (
    "what is larger than 1 KiB may lie in a bucket or libretto-store (blobs.kind): docs/spec/results.md#who-looks-on says"
    " how to read it"
)
"""Where content may be that is in no ConfigMap."""

SHORTEST = 8
"""Characters of a uid that name a run; what is shorter is a name."""

MOST_NAMES = 10
"""Runs that a message lists."""


class Target(NamedTuple):
    """Which cluster, as the options name it; None: what the kubeconfig says."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None


class RemoteBlobs(ClusterBlobStore):
    """Implements BlobStore for people: what is put (agents' files) is stored at once, owned by nobody."""

    def __init__(self, pool: Pool, files: ConfigMapBlobs, large: LargeBlobs) -> None:
        super().__init__(pool, large)
        self._files = files

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        fiber.wait(self._files.put(digest, content))
        return digest

    def get(self, digest: Digest) -> bytes:
        try:
            return super().get(digest)
        except NotFound as error:
            raise NotFound(error.message, hint=ELSEWHERE) from error

    def legible(self, digest: Digest) -> bytes:
        """Return the content, not checked: who verifies does that. Raises VerificationFailed where nothing is to be read."""
        known = self._pool.get(digest)
        if known is not None:
            return known
        try:
            return fiber.wait(self._large.get(digest))
        except NotFound as error:
            raise VerificationFailed(f"{error.message}; {ELSEWHERE}") from error


@dataclass(frozen=True)
class RemoteStores:
    """The stores of one namespace."""

    runs: RunObjects
    objects: ClusterObjects
    ledger: StatusLedgerStore
    blobs: RemoteBlobs
    decisions: ObjectDecisions


class Operator:
    """Implements Leadership as people see it: the operator drives everything."""

    def held(self, root: str) -> bool:
        return bool(root)


@dataclass(frozen=True)
class Remote:
    """Everything that a command needs on a cluster."""

    client: Client
    namespace: str
    stores: RemoteStores
    who: Person
    results: RemoteResults
    clock: SystemClock = field(default_factory=SystemClock)
    leadership: Operator = field(default_factory=Operator)
    configuration: Configuration = field(default_factory=Configuration)
    names: dict[str, str] = field(default_factory=dict)
    """Uid of a run -> name of its object."""

    @classmethod
    def open(cls, target: Target) -> "Remote":
        """Connect. Raises ConfigurationInvalid."""
        path = target.kubeconfig or os.environ.get("KUBECONFIG")
        context = from_kubeconfig(path, target.context, target.namespace)
        client, namespace = Client(context.connection), context.namespace
        names: dict[str, str] = {}
        pool, maps = Pool(), NamespaceConfigMaps(client, namespace)
        clock, files = SystemClock(), ConfigMapBlobs(maps, namespace, lambda: None, FILE)
        results = RemoteResults(os.environ, namespace, files, clock)
        blobs = RemoteBlobs(pool, files, results.blobs)
        runs = RunObjects(client, namespace, names.__setitem__)
        objects = ClusterObjects(runs, DefinitionObjects(client, namespace), blobs)
        nobody = Mark(0, "")
        shards = ConfigMapShards(maps, runs.owner_of, lambda: nobody)
        ledger = StatusLedgerStore(_Reader(runs), shards, pool, clock, lambda: nobody, lambda _: {})
        who = Person(client)
        decisions = ObjectDecisions(client, namespace, runs.owner_of, runs.refresh, who.groups)
        stores = RemoteStores(runs, objects, ledger, blobs, decisions)
        return cls(client, namespace, stores, who, results, clock, names=names)

    @property
    def remote(self) -> "Remote":
        """Itself: what tells a session on a cluster from one on this machine."""
        return self

    def person(self) -> Actor:
        """Return who asks, as the API server knows them."""
        return self.who.actor()

    def log(self, key: AttemptKey, lines: int | None = None) -> PodLog:
        """Return what an attempt printed."""
        return PodLog(self.client, self.namespace, key, lines)

    def progress(self, root: str, keys: Sequence[AttemptKey]) -> Mapping[AttemptKey, tuple[int, int]]:  # noqa: ARG002
        """Return done and total of attempts that say how far they are. Raises Forbidden, ServerUnavailable."""
        return PodProgress(self.client, self.namespace).of(keys)

    def pause(self, seconds: float) -> None:
        """Wait, while streams go on."""
        import asyncio

        fiber.wait(asyncio.sleep(seconds))

    def close(self) -> None:
        """Close the connection."""
        fiber.wait(self.results.close())
        fiber.wait(self.client.close())

    def toolbox(self, root: str) -> NoReturn:
        """The operator drives."""
        raise Refused(f"run {root} is driven by the operator of the cluster")

    def find(self, name: str) -> str:
        """Return the uid of a run by the name of its object, the beginning of its uid, or `latest`.

        Raises NotFound, Ambiguous.
        """
        runs = self.stores.runs
        if name == "latest":
            found = next((one for one in runs.all() if parent_uid(one) is None), None)
        else:
            found = runs.known(name) or runs.named(name) or self._beginning(name)
        if found is not None:
            return key_uid(found)
        known = ", ".join(one["metadata"]["name"] for one in runs.all()[:MOST_NAMES])
        raise NotFound(
            f"no run {json.dumps(name)} in namespace {json.dumps(self.namespace)}",
            hint=f"there are: {known}" if known else "kubectl get runs -A",
        )

    def _beginning(self, uid: str) -> dict[str, Any] | None:
        matches = [one for one in self.stores.runs.all() if len(uid) >= SHORTEST and key_uid(one).startswith(uid)]
        if len(matches) > 1:
            several = ", ".join(one["metadata"]["name"] for one in matches[:MOST_NAMES])
            raise Ambiguous(f"the uids of {len(matches)} runs begin with {uid}: {several}", hint="give the name of one")
        return matches[0] if matches else None


class _Reader:
    """The Run objects, as a ledger reads them; nobody writes here."""

    def __init__(self, runs: RunObjects) -> None:
        self._runs = runs

    def find(self, run: str) -> dict[str, object] | None:
        return self._runs.find(run)

    def write_status(self, run: str, status: dict[str, object]) -> None:
        raise Refused(f"only the operator writes the ledger of run {run} ({len(status)} members)")
