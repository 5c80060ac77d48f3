"""Admitting a run: resolve the definition, check the parameters, snapshot all it will ever execute, give it an id."""

from collections.abc import Mapping
from typing import Any

from controller.definition.catalog import Catalog, CatalogEntry
from controller.definition.parameters import resolve_parameters
from controller.definition.snapshot import Snapshot, take
from controller.errors import ParametersInvalid, VerificationFailed
from controller.model.digest import Digest, canonical
from controller.model.run import DefinitionPlace, RunSpec
from controller.ports.blob_store import BlobStore


def admit(
    entry: CatalogEntry,
    catalog: Catalog,
    blobs: BlobStore,
    *,
    uid: str,
    parameters: Mapping[str, Any],
    requester: str,
    now: int,
    max_parallel: int = 1,
    files: Mapping[str, bytes] | None = None,
    rerun_of: str | None = None,
    seeds: Mapping[str, str] | None = None,
    request_metadata: Mapping[str, Any] | None = None,
    task: Mapping[str, str] | None = None,
    places: Mapping[Digest, DefinitionPlace] | None = None,
) -> RunSpec:
    """Return the spec of a new root run; its snapshot and the agents' files are stored.

    `files` holds the content of agents' files by digest, for those that are not stored yet.
    Raises ParametersInvalid, DefinitionInvalid, NotFound, StoreUnavailable.
    """
    resolved = resolve_parameters(entry.spec, parameters)
    _check_exact("request metadata", request_metadata or {})
    _check_exact("task", task or {})
    snapshot = take(entry, catalog)
    for digest, name in snapshot.files().items():
        content = (files or {}).get(digest)
        if content is not None and blobs.put(content) != digest:
            raise VerificationFailed(f"the agent file {name} changed while it was read")
    return RunSpec(
        uid=uid,
        root=uid,
        orchestration=entry.spec.name or "",
        version=entry.spec.version,
        owner=entry.owner,
        organization=entry.organization,
        definition=entry.digest,
        snapshot=blobs.put(snapshot.encode()),
        parameters=resolved,
        requester=requester,
        created_at=now,
        max_parallel=max_parallel,
        rerun_of=rerun_of,
        seeds=dict(seeds or {}),
        request_metadata=dict(request_metadata or {}),
        task=dict(task) if task else None,
        places={digest: place for digest, place in (places or {}).items() if digest in snapshot},
    )


def _check_exact(name: str, values: Mapping[str, Any]) -> None:
    """What goes into the ledger with record 0 must have a canonical form. Raises ParametersInvalid."""
    for key, value in values.items():
        try:
            canonical({key: value})
        except (ValueError, TypeError) as error:
            raise ParametersInvalid(f"{name} {key!r} has no exact form in JSON: {error} (write it as text)") from error


def snapshot_of(blobs: BlobStore, spec: RunSpec) -> Snapshot:
    """Return the snapshot of a run. Raises NotFound, VerificationFailed, StateTooNew."""
    return Snapshot.decode(blobs.get(spec.snapshot))
