"""What does somebody see of a namespace who drives nothing? Runs and definitions as they are now, behind the port."""

from collections.abc import Sequence
from typing import Any

from controller.adapters.cluster.published import DefinitionObjects
from controller.adapters.cluster.run_object import UNKNOWN, admitted, key_uid, parent_uid, requester, root_uid
from controller.adapters.cluster.run_objects import RunObjects
from controller.adapters.cluster.status import parsed
from controller.definition.snapshot import Snapshot
from controller.errors import NotFound, Refused, VerificationFailed
from controller.model.record import parse_time
from controller.model.run import RunSpec, RunStatus
from controller.ports.blob_store import BlobStore
from controller.ports.object_store import Published

Json = dict[str, Any]


class ClusterObjects:
    """Implements ObjectStore for people: it reads what is there, and publishes."""

    def __init__(self, runs: RunObjects, definitions: DefinitionObjects, blobs: BlobStore) -> None:
        self._runs = runs
        self._definitions = definitions
        self._blobs = blobs
        self._snapshots: dict[str, Snapshot] = {}

    def create_run(self, spec: RunSpec) -> bool:
        raise Refused(f"run {spec.uid} is made as an object of the cluster")

    def run(self, uid: str) -> RunSpec | None:
        found = self._runs.find(uid)
        return None if found is None else self.spec(found)

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        """As the port says; for a list the objects are enough, so no definition is read."""
        return [(outline(one), _status(one)) for one in self._runs.all()]

    def children(self, uid: str) -> Sequence[RunSpec]:
        parent = self._runs.find(uid)
        if parent is None:
            return []
        return [self.spec(one) for one in self._runs.tree(root_uid(parent)) if parent_uid(one) == uid]

    def delete_run(self, uid: str) -> None:
        raise Refused("runs of a cluster are deleted with kubectl", hint=f"kubectl delete run {uid}")

    def publish(self, definition: Published) -> bool:
        return self._definitions.apply(definition)

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        return self._definitions.all(kind)

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        raise Refused(
            f"on a cluster {definition.name} is there or it is not: there is no {lifecycle} (at {now})",
            hint=f"kubectl delete {definition.kind.lower()} {definition.resource['metadata']['name']}",
        )

    def spec(self, run: Json) -> RunSpec:
        """Return what a run executes; as far as it is known before anybody looked at it, or without its definition."""
        digest = (run.get("status") or {}).get("snapshot")
        if digest is None:
            return outline(run)
        if digest not in self._snapshots:
            try:
                self._snapshots[digest] = Snapshot.decode(self._blobs.get(digest))
            except (NotFound, VerificationFailed):
                # Whoever needs the definition asks for it and is told; who verifies tells what else there is.
                return outline(run).model_copy(update={"requester": requester(run)})
        return admitted(run, self._snapshots[digest], digest)


def outline(run: Json) -> RunSpec:
    """Return what the object of a run says by itself, without its definition."""
    spec, status, metadata = run["spec"], run.get("status") or {}, run["metadata"]
    reference, parent = spec["orchestrationRef"], spec.get("parent") or {}
    return RunSpec(
        uid=key_uid(run),
        root=root_uid(run),
        parent=parent_uid(run),
        parent_step=parent.get("step"),
        parent_attempt=parent.get("attempt"),
        orchestration=reference["name"],
        version=status.get("version") or reference.get("version") or "-",
        organization=metadata["namespace"],
        definition=status.get("definition") or parent.get("definition") or "",
        snapshot=status.get("snapshot") or "",
        parameters=spec.get("parameters") or {},
        requester=requester(run) if requester(run) != UNKNOWN else "-",
        created_at=parse_time(metadata["creationTimestamp"][:-1] + ".000Z"),
        conversation=parent.get("conversation"),
        rerun_of=spec.get("rerunOf"),
        seeds=spec.get("seeds") or {},
        request_metadata=spec.get("requestMetadata") or {},
        task=spec.get("task"),
    )


def _status(run: Json) -> RunStatus | None:
    status = run.get("status") or {}
    return parsed(status) if "head" in status else None
