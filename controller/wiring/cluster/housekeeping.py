"""What may go? Runs whose time to live is over, snapshots that no run executes any more, and kept results that expired."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import DIGEST, EXPIRES, KIND, MANAGED_BY
from controller.adapters.cluster.resources import CONFIG_MAPS, RUNS
from controller.adapters.cluster.result_cache import CACHE
from controller.errors import LibrettoError, NotFound
from controller.model.record import parse_time
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.snapshots import SNAPSHOT

Json = dict[str, Any]

YOUNGEST_MS = 3_600_000
"""A snapshot is stored before the run that executes it says so: what is younger than an hour is left alone."""

log = logging.getLogger("libretto.operator")


class Housekeeping:
    """Sweeps, now and then, what only Libretto made and nobody needs."""

    def __init__(
        self, client: Client, caches: Caches, configuration: Configuration, namespaces: Sequence[str] = ()
    ) -> None:
        self._client = client
        self._caches = caches
        self._configuration = configuration
        self._namespaces: Sequence[str | None] = namespaces or (None,)

    async def sweep(self, now: int) -> int:
        """Delete what may go; return how much it was. Raises what listing raises."""
        gone = 0
        for run in self._expired_runs(now):
            metadata = run["metadata"]
            gone += await self._deleted(RUNS, metadata)
        executed = {
            (run["metadata"]["namespace"], (run.get("status") or {}).get("snapshot")) for run in self._caches.runs.all()
        }
        for namespace in self._namespaces:
            for kind in (SNAPSHOT, CACHE):
                found = await self._client.list_metadata(CONFIG_MAPS, namespace, labels=f"{KIND}={kind}")
                for one in found.get("items") or ():
                    metadata = one["metadata"]
                    if self._configuration.drives(metadata["namespace"]) and _may_go(metadata, kind, executed, now):
                        gone += await self._deleted(CONFIG_MAPS, metadata)
        return gone

    def _expired_runs(self, now: int) -> Iterator[Json]:
        """Only runs that nobody wrote down by name: a GitOps tool would make the others again, and they would run again."""
        for run in list(self._caches.runs.all()):
            metadata, spec, status = run["metadata"], run["spec"], run.get("status") or {}
            seconds, ended = spec.get("ttlSecondsAfterFinished"), status.get("endedAt")
            unnamed = metadata.get("generateName") or (metadata.get("labels") or {}).get(MANAGED_BY) == "libretto"
            if seconds is None or ended is None or not unnamed or spec.get("parent") is not None:
                continue
            if self._configuration.drives(metadata["namespace"]) and parse_time(ended) + seconds * 1000 <= now:
                yield run

    async def _deleted(self, resource: Any, metadata: Mapping[str, Any]) -> int:
        try:
            await self._client.delete(resource, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except NotFound:
            return 0
        except LibrettoError as error:
            log.warning("%s %s could not be deleted: %s", resource.kind, metadata["name"], error)
            return 0
        return 1


def _may_go(metadata: Mapping[str, Any], kind: str, executed: set[tuple[str, Any]], now: int) -> bool:
    notes = metadata.get("annotations") or {}
    if kind == CACHE:
        expires = notes.get(EXPIRES, "")
        return not expires.isdecimal() or int(expires) <= now  # what does not say when is not ours any more
    age = now - parse_time(metadata["creationTimestamp"][:-1] + ".000Z")
    return age >= YOUNGEST_MS and (metadata["namespace"], notes.get(DIGEST)) not in executed
