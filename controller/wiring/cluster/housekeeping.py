"""What may go? Runs whose time is over or that are more than are kept, results that expired, and what was only there for runs
that are gone or never began: snapshots, files of agents, decisions, children.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from controller.adapters.cluster.client import Client
from controller.adapters.cluster.config_map_blobs import FILE
from controller.adapters.cluster.decision_source import answered
from controller.adapters.cluster.names import DIGEST, EXPIRES, KIND, MANAGED_BY, NEEDED
from controller.adapters.cluster.pages import whole
from controller.adapters.cluster.resources import CONFIG_MAPS, RUNS
from controller.adapters.cluster.result_cache import CACHE
from controller.adapters.cluster.run_object import root_uid
from controller.definition.catalog import Catalog
from controller.errors import Ambiguous, LibrettoError, NotFound
from controller.model.record import parse_time
from controller.model.states import SETTLED, RunState
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.snapshots import SNAPSHOT
from controller.wiring.cluster.unneeded import AgentFiles, Since, decisions, unheard

Json = dict[str, Any]

YOUNGEST_MS = 3_600_000
"""A snapshot is stored before the run that executes it says so: what is younger than an hour is left alone."""

log = logging.getLogger("libretto.operator")


class Housekeeping:
    """Sweeps, now and then, what only Libretto made and nobody needs."""

    def __init__(
        self,
        client: Client,
        caches: Caches,
        configuration: Configuration,
        catalog: Callable[[str], Catalog],
        namespaces: Sequence[str] = (),
    ) -> None:
        """`catalog` returns what names mean in a namespace."""
        self._client = client
        self._caches = caches
        self._configuration = configuration
        self._catalog = catalog
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._files = AgentFiles(client, caches)
        self._files_since, self._decisions_since, self._children_since = Since(), Since(), Since()

    async def sweep(self, now: int) -> int:
        """Delete what may go; return how much it was. Raises what listing raises."""
        gone = 0
        for run in self._superfluous_runs(now):
            gone += await self._deleted(RUNS, run["metadata"])
        for metadata in self._children_since.long(unheard(self._caches), now):
            if self._configuration.drives(metadata["namespace"]):
                gone += await self._deleted(RUNS, metadata)
        executed = {
            (run["metadata"]["namespace"], (run.get("status") or {}).get("snapshot")) for run in self._caches.runs.all()
        }
        snapshots = await self._listed(SNAPSHOT)
        for kind, found in ((SNAPSHOT, snapshots), (CACHE, await self._listed(CACHE))):
            for metadata in found:
                if _may_go(metadata, kind, executed, now):
                    gone += await self._deleted(CONFIG_MAPS, metadata)
        files = await self._files.unneeded(await self._listed(FILE), snapshots)
        for metadata in self._files_since.long(files, now):
            gone += await self._deleted(CONFIG_MAPS, metadata)
        return gone + await self._sweep_decisions(now)

    async def _sweep_decisions(self, now: int) -> int:
        orphans = {
            metadata["uid"]: (resource, metadata)
            for resource, metadata in decisions(self._caches)
            if self._configuration.drives(metadata["namespace"])
        }
        gone = 0
        for metadata in self._decisions_since.long((metadata for _, metadata in orphans.values()), now):
            gone += await self._deleted(orphans[metadata["uid"]][0], metadata)
        return gone

    async def _listed(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the metadata of all ConfigMaps of a kind that are ours to look after."""
        found: list[Mapping[str, Any]] = []
        for namespace in self._namespaces:
            of_kind = f"{KIND}={kind}"
            listed = await whole(self._client.list_metadata, CONFIG_MAPS, namespace, slim=_metadata, labels=of_kind)
            found += listed.items
        return [metadata for metadata in found if self._configuration.drives(metadata["namespace"])]

    def _superfluous_runs(self, now: int) -> Iterator[Json]:
        """Only runs that nobody wrote down by name: a GitOps tool would make the others again, and they would run again."""
        settled = [run for run in self._caches.runs.all() if self._is_over(run)]
        surplus = {run["metadata"]["uid"] for run in self._surplus(settled)}
        needed = self._repeated()
        for run in settled:
            metadata = run["metadata"]
            if (metadata["namespace"], metadata["name"]) in needed or self._is_asked_of(run):
                continue
            if metadata["uid"] in surplus or self._has_expired(run, now):
                yield run

    def _is_over(self, run: Json) -> bool:
        metadata, status = run["metadata"], run.get("status") or {}
        unnamed = metadata.get("generateName") or (metadata.get("labels") or {}).get(MANAGED_BY) == "libretto"
        if not unnamed or run["spec"].get("parent") is not None or metadata.get("deletionTimestamp"):
            return False
        settled = status.get("endedAt") is not None and status.get("state") in SETTLED
        return settled and self._configuration.drives(metadata["namespace"])

    def _has_expired(self, run: Json, now: int) -> bool:
        seconds = run["spec"].get("ttlSecondsAfterFinished")
        if seconds is None:
            seconds = self._configuration.default_ttl_seconds or None
        return seconds is not None and _ended(run) + seconds * 1000 <= now

    def _surplus(self, settled: Iterable[Json]) -> Iterator[Json]:
        """Yield the oldest of each orchestration beyond those that are kept."""
        histories: dict[tuple[str, str, bool], list[Json]] = {}
        for run in settled:
            succeeded = run["status"]["state"] == RunState.SUCCEEDED
            history = run["metadata"]["namespace"], run["spec"]["orchestrationRef"]["name"], succeeded
            histories.setdefault(history, []).append(run)
        for (namespace, name, succeeded), runs in histories.items():
            most = self._kept(namespace, name, succeeded=succeeded)
            if most is not None:
                yield from sorted(runs, key=_ended, reverse=True)[most:]

    def _kept(self, namespace: str, name: str, *, succeeded: bool) -> int | None:
        """Return how many runs of an orchestration are kept; None: all, also where it is gone and nobody can say."""
        try:
            spec = self._catalog(namespace).orchestration(name, None, None, namespace).spec
        except (NotFound, Ambiguous):
            return None
        return spec.successful_runs_history_limit if succeeded else spec.failed_runs_history_limit

    def _repeated(self) -> set[tuple[str, str]]:
        """Return the runs whose outputs seed runs that go on."""
        return {
            (run["metadata"]["namespace"], run["spec"]["rerunOf"])
            for run in self._caches.runs.all()
            if run["spec"].get("rerunOf") and (run.get("status") or {}).get("state") not in SETTLED
        }

    def _is_asked_of(self, run: Json) -> bool:
        """Whether somebody decided or commanded something of its tree and waits for the answer."""
        tree = self._caches.tree(root_uid(run))
        return any(not answered(one) for member in tree for one in self._caches.submissions(member))

    async def _deleted(self, resource: Any, metadata: Mapping[str, Any]) -> int:
        try:
            await self._client.delete(resource, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except NotFound:
            return 0
        except LibrettoError as error:
            log.warning("%s %s could not be deleted: %s", resource.kind, metadata["name"], error)
            return 0
        return 1


def _metadata(item: Json) -> Json:
    given: Json = item["metadata"]
    given.pop("managedFields", None)
    return given


def _ended(run: Json) -> int:
    return parse_time(run["status"]["endedAt"])


def _may_go(metadata: Mapping[str, Any], kind: str, executed: set[tuple[str, Any]], now: int) -> bool:
    notes = metadata.get("annotations") or {}
    if kind == CACHE:
        expires = notes.get(EXPIRES, "")
        return not expires.isdecimal() or int(expires) <= now  # what does not say when is not ours any more
    age = now - parse_time(metadata["creationTimestamp"][:-1] + ".000Z")
    namespace = metadata["namespace"]
    # A run left the very same content: which one is not known.
    if NEEDED in notes and any(where == namespace for where, _ in executed):
        return False
    return age >= YOUNGEST_MS and (namespace, notes.get(DIGEST)) not in executed
