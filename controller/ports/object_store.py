"""ObjectStore: runs and published definitions as objects."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from controller.model.run import RunSpec, RunStatus


class Published(NamedTuple):
    """A definition in the store."""

    kind: str
    """`Orchestration` or `Agent`."""
    owner: str
    """Owner; empty for none."""
    organization: str
    name: str
    version: str
    lifecycle: str
    """draft, active, deprecated or archived."""
    resource: Mapping[str, Any]
    """The canonical resource (JSON object)."""
    files: Mapping[str, str]
    """For agents: files beside the agent's file, relative path -> digest of the blob."""
    created_at: int
    updated_at: int


class ObjectStore(Protocol):
    """Named objects. Raises StoreUnavailable, DiskFull."""

    def create_run(self, spec: RunSpec) -> bool:
        """Store a run; return False (and change nothing) when the uid exists already."""

    def run(self, uid: str) -> RunSpec | None:
        """Return the run of that uid."""

    def runs(self) -> Sequence[tuple[RunSpec, RunStatus | None]]:
        """Return all runs, newest first."""

    def children(self, uid: str) -> Sequence[RunSpec]:
        """Return the direct children of a run, oldest first."""

    def delete_run(self, uid: str) -> None:
        """Remove a run and its ledger."""

    def publish(self, definition: Published) -> bool:
        """Insert or replace the definition of that (kind, owner, organization, name, version); True when it was new."""

    def definitions(self, kind: str | None = None) -> Sequence[Published]:
        """Return published definitions, ordered by kind, name and version text."""

    def set_lifecycle(self, definition: Published, lifecycle: str, now: int) -> None:
        """Move a definition to another lifecycle state. Raises NotFound."""
