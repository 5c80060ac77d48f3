"""What all trees of one operator share: the connection, the caches, and the places that span runs."""

import logging
from collections.abc import Callable
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.blob_store import LargeBlobs
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.crowd import Crowd
from controller.adapters.cluster.decision_source import Submitted
from controller.adapters.cluster.gates import Gates
from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.lapse import UNBROKEN
from controller.adapters.cluster.merging import Merger
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pod_refusals import PodRefusals
from controller.adapters.cluster.protection import Protection
from controller.adapters.cluster.resources import APPROVALS, INTERVENTIONS, RUNS
from controller.adapters.cluster.result_cache import ConfigMapResultCache
from controller.adapters.cluster.shards import ConfigMapShards
from controller.adapters.cluster.status import LONGEST_MESSAGE
from controller.adapters.cluster.tree_jobs import TreeJobs
from controller.definition.catalog import Catalog
from controller.errors import Conflict, NotFound
from controller.model.decision import Answer
from controller.model.record import time_text
from controller.ports.blob_store import BlobStore
from controller.ports.clock import Clock
from controller.ports.notifier import Notifier
from controller.wiring.cluster.about import about
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.definitions import Definitions
from controller.wiring.cluster.observer import Observer, Observers
from controller.wiring.cluster.occupancy import Occupancy
from controller.wiring.cluster.snapshots import SNAPSHOT, Snapshots

Json = dict[str, Any]

StoreOf = Callable[[str, Callable[[], Json | None]], LargeBlobs]
"""Returns the store for large blobs of a namespace, given who owns what is put there."""


class Shared:
    """The surroundings of all trees."""

    def __init__(
        self,
        client: Client,
        configuration: Configuration,
        clock: Clock,
        caches: Caches,
        notifier: Notifier,
        wake: Callable[[str, str], None],
        *,
        store_of: StoreOf | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`wake` is told namespace and root of a tree whose turn has come for a slot."""
        self.client = client
        self.configuration = configuration
        self.clock = clock
        self.caches = caches
        self.notifier = notifier
        self.lapse = UNBROKEN
        """Times before the present leadership that nobody knows of."""
        self.mark = Mark(0, "")
        """Of the present leadership; epoch 0: none."""
        self.snapshots = Snapshots()
        self.definitions = Definitions()
        self.observer: Observer = observer or Observers()
        protection = Protection(client, clock)
        self.gates = Gates(protection.of, lambda: time_text(clock.now()))
        self._merger = Merger(lambda: self.mark, logging.getLogger("libretto.operator").warning)
        self._refusals = PodRefusals(client)
        self.crowd = Crowd()
        self.occupancy = Occupancy(caches, configuration, wake)
        self._store_of = store_of or self._config_maps_of

    @property
    def default_max_parallel(self) -> int:
        """Steps of a run at one time where nothing says more."""
        return self.configuration.default_max_parallel

    # Runs

    async def write_status(self, run: Json, status: Json) -> None:
        """Replace the status of a run as it is known, and know it at once. Raises Conflict where its status is another."""
        try:
            await self._replace_status(run, status)
        except Conflict:
            found = await self._with_same_status(run)
            if found is None:
                raise
            # Somebody wishes something of it, in its spec: what was done already is recorded all the same.
            await self._replace_status(found, status)

    async def _with_same_status(self, run: Json) -> Json | None:
        """Return the run as it is now, if nobody wrote its status since; else None."""
        metadata = run["metadata"]
        try:
            found = await self.fetch_run(metadata["namespace"], metadata["name"])
        except NotFound:
            return None
        same = found["metadata"]["uid"] == metadata["uid"] and found.get("status") == run.get("status")
        return found if same else None

    async def _replace_status(self, run: Json, status: Json) -> None:
        metadata = run["metadata"]
        body = {
            "apiVersion": RUNS.api_version,
            "kind": RUNS.kind,
            "metadata": {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
            # Required by its schema; the API server keeps what it has.
            "spec": run["spec"],
            "status": status,
        }
        where = metadata["namespace"], metadata["name"]
        answer = await self.client.replace(RUNS, *where, body, "status", brief=True)
        self.caches.runs.put({**body, "metadata": answer["metadata"]})

    async def create_run(self, body: Json) -> Json:
        made = await self.client.create(RUNS, body["metadata"]["namespace"], body)
        self.caches.runs.put(made)
        return made

    async def fetch_run(self, namespace: str, name: str) -> Json:
        found = await self.client.get(RUNS, namespace, name)
        self.caches.runs.put(found)
        return found

    def place(self, run: Json, root: str) -> Place:
        """Return where Jobs of a run belong."""
        metadata, settings = run["metadata"], self.configuration
        top = self.caches.run(root) or run
        return Place(
            metadata["namespace"],
            metadata["name"],
            metadata["uid"],
            root,
            self.mark,
            settings.image,
            settings.default_image,
            settings.image_pull_policy,
            settings.results_url,
            f"{top['metadata']['name']}/{top['metadata']['uid']}",
            settings.courier,
            settings.pod_defaults,
            settings.job_ttl_seconds,
        )

    # Stores

    def blobs(self, namespace: str, owner: Callable[[], Json]) -> LargeBlobs:
        """Return the store for what a tree leaves that is large."""
        return self._store_of(namespace, owner)

    def shards(self, namespace: str, owner_of: Callable[[str], Json]) -> ConfigMapShards:
        maps = NamespaceConfigMaps(self.client, namespace)
        return ConfigMapShards(maps, owner_of, lambda: self.mark, self._merger)

    def cache(self, namespace: str, blobs: BlobStore) -> ConfigMapResultCache:
        return ConfigMapResultCache(NamespaceConfigMaps(self.client, namespace), namespace, blobs)

    def storing_snapshots(self, namespace: str, blobs: BlobStore) -> BlobStore:
        """Return `blobs`, with what is put there stored for all runs of the namespace, owned by none."""
        maps = NamespaceConfigMaps(self.client, namespace)
        store = ConfigMapBlobs(maps, namespace, lambda: None, SNAPSHOT)
        return self.snapshots.storing(namespace, blobs, lambda digest, content: fiber.wait(store.put(digest, content)))

    def _config_maps_of(self, namespace: str, owner: Callable[[], Json | None]) -> LargeBlobs:
        return ConfigMapBlobs(NamespaceConfigMaps(self.client, namespace), namespace, owner)

    # What it is driven with

    def jobs(self, namespace: str, root: str) -> TreeJobs:
        return TreeJobs(self.client, self.caches.jobs, self.caches.pods, self._refusals, namespace, root)

    def catalog(self, namespace: str) -> Catalog:
        """Return what names mean in a namespace."""
        return self.definitions.catalog(namespace, self.caches.definitions(namespace))

    # People

    def submissions(self, root: str, run: str) -> list[Json]:
        """Return the approvals and interventions that are about a run of a tree, not answered first or last."""
        found: list[Json] = []
        tree = self.caches.tree(root)
        for named in tree:
            for one in self.caches.submissions(named):
                if about(named, one, tree) == run:
                    found.append(one)
        return found

    def named(self, submission: Json) -> Json | None:
        """Return the Run object that an approval or intervention names."""
        reference = submission["spec"].get("runRef") or {}
        return self.caches.runs.get(submission["metadata"]["namespace"], reference.get("name", ""))

    async def write_answer(self, submitted: Submitted, answer: Answer) -> None:
        """Say in the status of an object what became of it."""
        # What it waited for is no news any more; in a merge patch null takes it away.
        status: Json = {"answeredAt": time_text(self.clock.now()), "waiting": None}
        if answer.record is not None:
            status["record"] = answer.record
        if answer.refusal is not None:
            status["refusal"] = answer.refusal
        await self._write_submission(submitted, status)

    async def write_waiting(self, submitted: Submitted, why: str) -> None:
        """Say in the status of an object why it does not count yet."""
        await self._write_submission(submitted, {"waiting": why[:LONGEST_MESSAGE]})

    async def _write_submission(self, submitted: Submitted, status: Json) -> None:
        approval = submitted.kind == "Approval"
        resource, cache = (APPROVALS, self.caches.approvals) if approval else (INTERVENTIONS, self.caches.interventions)
        body = {"metadata": {"uid": submitted.uid}, "status": status}
        cache.put(await self.client.patch(resource, submitted.namespace, submitted.name, body, subresource="status"))
