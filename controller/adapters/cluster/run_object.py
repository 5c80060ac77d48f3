"""What does a Run object mean to the engine, and which object is made for a child run?"""

from collections.abc import Mapping
from typing import Any

from controller.adapters.cluster.names import child_name, owner_reference, run_labels
from controller.definition.parameters import resolve_parameters
from controller.definition.snapshot import Snapshot
from controller.model.record import parse_time
from controller.model.resource import API_VERSION
from controller.model.run import RunSpec

Json = dict[str, Any]

UNKNOWN = "unknown"
"""Requester of a run that no admission policy stamped."""


def key_uid(run: Mapping[str, Any]) -> str:
    """Return the uid by which engine, ledger and labels know a run."""
    spec = run.get("spec") or {}
    for member in ("parent", "restoredFrom"):
        given = spec.get(member)
        if given is not None:
            return str(given["uid"])
    return str(run["metadata"]["uid"])


def root_uid(run: Mapping[str, Any]) -> str:
    """Return the key uid of the root of the tree that a run belongs to."""
    parent = (run.get("spec") or {}).get("parent")
    return str(parent["rootUid"]) if parent is not None else key_uid(run)


def parent_uid(run: Mapping[str, Any]) -> str | None:
    """Return the key uid of the run that started this one."""
    parent = (run.get("spec") or {}).get("parent")
    return str(parent["parentUid"]) if parent is not None else None


def requester(run: Mapping[str, Any]) -> str:
    """Return who asked for a run, as admission proved it."""
    return str(((run.get("spec") or {}).get("requestedBy") or {}).get("username") or UNKNOWN)


def admitted(run: Mapping[str, Any], snapshot: Snapshot, digest: str, default_max_parallel: int = 1) -> RunSpec:
    """Return what a run of that snapshot (of the digest) executes. Raises ParametersInvalid, NotFound."""
    spec, metadata = run["spec"], run["metadata"]
    parent = spec.get("parent")
    entry = snapshot.orchestration(parent["definition"] if parent is not None else snapshot.root)
    uid = key_uid(run)
    return RunSpec(
        uid=uid,
        root=root_uid(run),
        parent=parent_uid(run),
        parent_step=parent["step"] if parent is not None else None,
        parent_attempt=parent["attempt"] if parent is not None else None,
        orchestration=entry.spec.name or "",
        version=entry.spec.version,
        owner=entry.owner,
        organization=entry.organization,
        definition=parent["definition"] if parent is not None else snapshot.root,
        snapshot=digest,
        parameters=resolve_parameters(entry.spec, spec.get("parameters") or {}),
        requester=requester(run),
        created_at=parse_time(metadata["creationTimestamp"][:-1] + ".000Z"),
        max_parallel=spec.get("maxParallel") or default_max_parallel,
        conversation=parent.get("conversation") if parent is not None else None,
        rerun_of=spec.get("rerunOf"),
        seeds=spec.get("seeds") or {},
        request_metadata=spec.get("requestMetadata") or {},
        task=spec.get("task"),
    )


def child_object(spec: RunSpec, parent: Mapping[str, Any], root: Mapping[str, Any]) -> Json:
    """Return the Run object of a child, owned by its parent: the same object for the same parent, step and attempt."""
    metadata = parent["metadata"]
    link = {
        "run": metadata["name"],
        "uid": spec.uid,
        "parentUid": spec.parent,
        "root": root["metadata"]["name"],
        "rootUid": spec.root,
        "step": spec.parent_step,
        "attempt": spec.parent_attempt,
        "definition": spec.definition,
        "snapshot": spec.snapshot,
    }
    if spec.conversation is not None:
        link["conversation"] = spec.conversation
    body: Json = {
        "orchestrationRef": {"name": spec.orchestration, "version": spec.version},
        "parameters": spec.parameters,
        "maxParallel": spec.max_parallel,
        "parent": link,
    }
    if spec.requester != UNKNOWN:
        body["requestedBy"] = (root.get("spec") or {}).get("requestedBy") or {"username": spec.requester}
    return {
        "apiVersion": API_VERSION,
        "kind": "Run",
        "metadata": {
            "name": child_name(metadata["name"], spec.uid),
            "namespace": metadata["namespace"],
            "labels": run_labels(spec.orchestration, spec.root),
            "ownerReferences": [owner_reference(parent)],
        },
        "spec": body,
    }
