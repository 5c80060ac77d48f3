"""What does nobody need any more: decisions about runs that are gone, children that no ledger knows, and files of agents that
no run can execute?
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import ConfigMapBlobs
from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.names import DIGEST, NEEDED
from controller.adapters.cluster.resources import APPROVALS, INTERVENTIONS, Resource
from controller.adapters.cluster.run_object import root_uid
from controller.definition.snapshot import Snapshot
from controller.errors import LibrettoError
from controller.model.digest import Digest
from controller.model.states import SETTLED
from controller.wiring.cluster.caches import BY_OBJECT, BY_UID, Caches

Json = dict[str, Any]

Place = tuple[str, Digest]
"""Namespace, and digest of what is there."""

GRACE_MS = 3_600_000
"""An hour in which something must have been needed by nobody, each time that it was looked at: an agent may be published
again, and who deleted a run may want to read who decided about it.
"""

log = logging.getLogger("libretto.operator")


class Since:
    """Since when is it that nobody needs a thing? Only this process knows, so that a new leader waits once more."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def long(self, unneeded: Iterable[Mapping[str, Any]], now: int) -> list[Mapping[str, Any]]:
        """Return which of these, given by their metadata, have been unneeded for `GRACE_MS`; all others are needed again."""
        found = list(unneeded)
        self._seen = {one["uid"]: self._seen.get(one["uid"], now) for one in found}
        return [one for one in found if now - self._seen[one["uid"]] >= GRACE_MS]


def decisions(caches: Caches) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
    """Yield kind and metadata of the approvals and interventions that are about a run that is gone.

    A run that was made anew under the same name is another one.
    """
    for resource, cache in ((APPROVALS, caches.approvals), (INTERVENTIONS, caches.interventions)):
        for one in cache.all():
            reference = one["spec"].get("runRef")
            if reference is not None and not caches.runs.by(BY_OBJECT, reference["uid"]):
                yield resource, one["metadata"]


def unheard(caches: Caches) -> Iterator[Mapping[str, Any]]:
    """Yield the metadata of children that never began and will not: they were made by a leader that died before it could
    record them, and their tree is over since.
    """
    for run in caches.runs.all():
        if run["spec"].get("parent") is None or "head" in (run.get("status") or {}):
            continue
        if any((root.get("status") or {}).get("state") in SETTLED for root in caches.runs.by(BY_UID, root_uid(run))):
            yield run["metadata"]


class AgentFiles:
    """Knows which files of agents are executed: those of agents that are there, and of the snapshots of runs."""

    def __init__(self, client: Client, caches: Caches) -> None:
        self._client = client
        self._caches = caches
        self._of_snapshots: dict[Place, frozenset[Digest]] = {}

    async def unneeded(
        self, files: Iterable[Mapping[str, Any]], snapshots: Iterable[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """Return which of the ConfigMaps of agents' files, given by their metadata like all snapshots that there are,
        nobody executes. A snapshot is read once; in a namespace where one cannot be read, all files are needed.
        """
        agents = {
            (one["metadata"]["namespace"], file["digest"])
            for one in self._caches.agents.all()
            for file in (one["spec"].get("files") or {}).values()
        }
        inhabited = {run["metadata"]["namespace"] for run in self._caches.runs.all()}
        unneeded = [
            one for one in files if _place(one) not in agents and not (_kept(one) and one["namespace"] in inhabited)
        ]
        spaces = {one["namespace"] for one in unneeded}
        places = {place for one in snapshots if (place := _place(one))[0] in spaces}
        self._of_snapshots = {place: named for place, named in self._of_snapshots.items() if place in places}
        executed: set[Place] = set()
        unread: set[str] = set()
        for namespace, digest in places:
            try:
                executed |= {(namespace, file) for file in await self._files(namespace, digest)}
            except LibrettoError as error:
                log.warning("snapshot %s in %s cannot be read, so all files stay: %s", digest, namespace, error)
                unread.add(namespace)
        return [one for one in unneeded if one["namespace"] not in unread and _place(one) not in executed]

    async def _files(self, namespace: str, digest: Digest) -> frozenset[Digest]:
        known = self._of_snapshots.get((namespace, digest))
        if known is None:
            blobs = ConfigMapBlobs(NamespaceConfigMaps(self._client, namespace), namespace, lambda: None)
            known = frozenset(Snapshot.decode(await blobs.get(digest)).files())
            self._of_snapshots[namespace, digest] = known
        return known


def _kept(metadata: Mapping[str, Any]) -> bool:
    """Whether a run left the very same content: which one is not known."""
    return NEEDED in (metadata.get("annotations") or {})


def _place(metadata: Mapping[str, Any]) -> Place:
    return metadata["namespace"], (metadata.get("annotations") or {}).get(DIGEST, "")
