"""What does somebody see of a namespace who drives nothing? Runs, ledgers and definitions as they are now."""

from collections.abc import Callable, Sequence
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import APPLY_PATCH, Client
from controller.adapters.cluster.names import slug
from controller.adapters.cluster.resources import AGENTS, ORCHESTRATIONS, RUNS
from controller.adapters.cluster.run_object import admitted, key_uid, parent_uid
from controller.adapters.cluster.status import parsed
from controller.definition.snapshot import Snapshot
from controller.errors import NotFound, Refused
from controller.model.record import parse_time
from controller.model.run import RunSpec, RunStatus
from controller.ports.blob_store import BlobStore
from controller.ports.object_store import Published

Json = dict[str, Any]

MANAGER = "libretto-cli"
"""Field manager of what the command line publishes."""


class ClusterObjects:
    """Implements ObjectStore for people: it reads what is there, and publishes. Runs are listed once."""

    def __init__(self, client: Client, namespace: str, blobs: BlobStore, named: Callable[[str, str], None]) -> None:
        """`named` is told the uid and the name of every run."""
        self._client = client
        self._namespace = namespace
        self._blobs = blobs
        self._named = named
        self._snapshots: dict[str, Snapshot] = {}
        self._runs: dict[str, Json] | None = None

    def objects(self, *, fresh: bool = False) -> dict[str, Json]:
        """Return the Run objects of the namespace by the uid that the engine knows, newest first."""
        if self._runs is None or fresh:
            found = fiber.wait(self._client.list(RUNS, self._namespace)).get("items") or ()
            self._runs = {key_uid(one): one for one in sorted(found, key=_age, reverse=True)}
            for uid, one in self._runs.items():
                self._named(uid, one["metadata"]["name"])
        return self._runs

    def find(self, run: str) -> Json | None:
        return self.objects().get(run)

    def owner_of(self, run: str) -> Json:
        """Return the object of a run. Raises NotFound."""
        found = self.find(run)
        if found is None:
            raise NotFound(f"run {run} is gone")
        return found

    def refresh(self, run: str) -> Json:
        """Read a run again. Raises NotFound."""
        metadata = self.owner_of(run)["metadata"]
        found = fiber.wait(self._client.get(RUNS, self._namespace, metadata["name"]))
        self.objects()[run] = found
        return found

    # The port

    def create_run(self, spec: RunSpec) -> bool:
        raise Refused(f"run {spec.uid} is made as an object of the cluster")

    def run(self, uid: str) -> RunSpec | None:
        found = self.find(uid)
        return None if found is None else self._spec(found)

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        return [(self._spec(one), self._status(one)) for one in self.objects().values()]

    def children(self, uid: str) -> Sequence[RunSpec]:
        found = [one for one in self.objects().values() if parent_uid(one) == uid]
        return [self._spec(one) for one in sorted(found, key=_age)]

    def delete_run(self, uid: str) -> None:
        raise Refused("runs of a cluster are deleted with kubectl", hint=f"kubectl delete run {uid}")

    def publish(self, definition: Published) -> bool:
        """Apply a definition; what it had and has no more goes, for its spec is one whole."""
        resource = AGENTS if definition.kind == "Agent" else ORCHESTRATIONS
        name, labels = self._object_name(definition), definition.resource["metadata"].get("labels") or {}
        spec = dict(definition.resource["spec"])
        if definition.files:
            spec["files"] = {path: {"digest": digest, "mode": 0o755} for path, digest in definition.files.items()}
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"name": name, "namespace": self._namespace, "labels": labels},
            "spec": spec,
        }
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        applied = fiber.wait(self._client.patch(resource, self._namespace, name, body, form=APPLY_PATCH, query=query))
        return bool(applied["metadata"].get("generation") == 1)

    def _object_name(self, definition: Published) -> str:
        """Return the name of the object of a definition: the one that it has, else its own name, with its version where
        another version bears the name already.
        """
        name = slug(definition.name, 200)
        versions = {}
        for one in self.definitions(definition.kind):
            versions[one.resource["metadata"]["name"]] = (one.name, one.version)
        identity = (definition.name, definition.version)
        there = next((known for known, other in versions.items() if other == identity), None)
        if there is not None or name not in versions:
            return there or name
        return slug(f"{definition.name}-{definition.version}", 240)

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        found: list[Published] = []
        for resource in (AGENTS, ORCHESTRATIONS):
            if kind in (None, resource.kind):
                items = fiber.wait(self._client.list(resource, self._namespace)).get("items") or ()
                found += [_published(one, resource.kind) for one in items]
        return sorted(found, key=lambda one: (one.kind, one.name, one.version))

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        raise Refused(
            f"on a cluster {definition.name} is there or it is not: there is no {lifecycle} (at {now})",
            hint=f"kubectl delete orchestration {definition.name}",
        )

    def _status(self, run: Json) -> RunStatus | None:
        status = run.get("status") or {}
        return parsed(status) if "head" in status else None

    def _spec(self, run: Json) -> RunSpec:
        digest = (run.get("status") or {}).get("snapshot")
        if digest is None:
            return _unadmitted(run)
        if digest not in self._snapshots:
            self._snapshots[digest] = Snapshot.decode(self._blobs.get(digest))
        return admitted(run, self._snapshots[digest], digest)


def _unadmitted(run: Json) -> RunSpec:
    """What is known of a run that nobody has looked at, or whose definition is not there."""
    spec, uid = run["spec"], key_uid(run)
    reference = spec["orchestrationRef"]
    return RunSpec(
        uid=uid,
        root=uid,
        orchestration=reference["name"],
        version=reference.get("version") or "?",
        organization=run["metadata"]["namespace"],
        definition="",
        snapshot="",
        parameters=spec.get("parameters") or {},
        requester=(spec.get("requestedBy") or {}).get("username") or "unknown",
        created_at=_created(run),
    )


def _published(one: Json, kind: str) -> Published:
    metadata, spec = one["metadata"], dict(one["spec"])
    files = {path: file["digest"] for path, file in (spec.pop("files", None) or {}).items()}
    name = spec.get("slug" if kind == "Agent" else "name") or metadata["name"]
    spec["slug" if kind == "Agent" else "name"] = name
    resource = {
        "apiVersion": AGENTS.api_version,
        "kind": kind,
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
        "spec": spec,
    }
    created = _created(one)
    return Published(
        kind,
        spec.get("owner") or "",
        metadata["namespace"],
        name,
        spec.get("version") or "",
        "active",
        resource,
        files,
        created,
        created,
    )


def _created(one: Json) -> int:
    return parse_time(one["metadata"]["creationTimestamp"][:-1] + ".000Z")


def _age(one: Json) -> tuple[str, str]:
    return one["metadata"]["creationTimestamp"], one["metadata"]["name"]
